"""Projects, releases and files by the JSON API, seen from there and as installers see them."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from tests.builders import a_wheel, an_sdist
from tests.views.api.conftest import Caller, a_person

WHEEL, SDIST = "demo_pkg-1.0-py3-none-any.whl", "demo_pkg-1.0.tar.gz"
DEMO = "projects/demo-pkg"


@pytest.fixture
def demo(dave: Caller) -> Caller:
    """The owner of a project of two releases, of three files."""
    for built in (a_wheel(), an_sdist(), a_wheel(version="2.0")):
        assert dave.upload(built) == 200
    return dave


def states(project: Any) -> dict[str, str]:
    return {file["filename"]: file["state"] for file in project["files"]}


class TestShow:
    def test_lists_projects_page_by_page(self, demo: Caller) -> None:
        for name in ("alpha", "zulu"):
            demo.upload(a_wheel(name))
        whole = demo.do("GET", "projects")
        assert whole == {
            "projects": [
                {"name": "alpha", "serial": 5},
                {"name": "demo-pkg", "serial": 4},
                {"name": "zulu", "serial": 6},
            ],
            "next": None,
            "serial": 6,
        }
        first = demo.do("GET", "projects?limit=2")
        assert (len(first["projects"]), first["next"]) == (2, "demo-pkg")
        last = demo.do("GET", f"projects?limit=2&after={first['next']}")
        assert (last["projects"], last["next"]) == ([{"name": "zulu", "serial": 6}], None)

    def test_shows_a_project(self, demo: Caller) -> None:
        shown = demo.do("GET", DEMO)
        assert shown["versions"] == ["1.0", "2.0"]
        assert states(shown) == dict.fromkeys([WHEEL, SDIST, "demo_pkg-2.0-py3-none-any.whl"], "published")
        assert shown["roles"] == [{"account": "dave", "role": "owner"}]
        assert (shown["status"], shown["status_reason"], shown["removed"]) == ("active", "", False)
        file = shown["files"][0]
        assert file["sha256"] == a_wheel().sha256
        assert file["size"] == len(a_wheel().content)
        assert demo.client.get(file["url"].removeprefix("http://testserver")).getvalue() == a_wheel().content

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize("spelling", ["demo-pkg", "Demo.Pkg", "demo__PKG"])
    def test_takes_any_spelling(self, demo: Caller, spelling: str) -> None:
        assert demo.do("GET", f"projects/{spelling}")["name"] == "demo-pkg"
        assert demo.do("GET", f"projects/{spelling}/releases/1.0.0")["version"] == "1.0"
        assert demo.do("GET", f"projects/{spelling}/files/Demo-Pkg-1.0.tar.gz")["filename"] == SDIST

    def test_tells_readers_less(self, demo: Caller) -> None:
        reader = a_person("erin", "reader")
        demo.do("DELETE", f"{DEMO}/files/{SDIST}")
        shown = reader.do("GET", DEMO)
        assert WHEEL in states(shown)
        assert SDIST not in states(shown)
        assert not {"roles", "removed", "restorable_until"} & set(shown)
        assert not {"uploader", "restorable_until"} & set(shown["files"][0])
        reader.refused("GET", f"{DEMO}/files/{SDIST}", status=404)
        assert states(demo.do("GET", DEMO))[SDIST] == "removed"

    def test_is_open_where_reading_is(self, demo: Caller, nobody: Caller, settings: Settings) -> None:
        nobody.refused("GET", DEMO, status=401)
        settings.PUBLIC_READ = True
        assert nobody.do("GET", "projects")["projects"][0]["name"] == "demo-pkg"
        assert "roles" not in nobody.do("GET", DEMO)
        assert nobody.do("GET", f"{DEMO}/files/{WHEEL}")["version"] == "1.0"
        nobody.refused("DELETE", DEMO, status=401)
        nobody.refused("GET", f"{DEMO}/roles", status=401)

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize(
        ("path", "sentence"),
        [
            ("projects/absent", "There is no project absent in this index."),
            ("projects/-", "'-' cannot be the project of anything here."),
            (f"projects/{'x' * 1_000_000}", "cannot be the project"),
            ("projects/d%C3%A9mo", "'d\\xe9mo' cannot be the project"),
            ("projects/demo-pkg%0A", "cannot be the project"),
            (f"{DEMO}/releases/9.9", "There is no release '9.9' of the project demo-pkg."),
            (f"{DEMO}/releases/not-a-version", "There is no release"),
            (f"{DEMO}/releases/{'1' * 200}", "There is no release"),
            (f"{DEMO}/files/demo_pkg-9.9.tar.gz", "There is no file"),
            (f"{DEMO}/files/other-1.0.tar.gz", "There is no file"),
            (f"{DEMO}/files/%00", "cannot be the filename"),
        ],
    )
    def test_says_what_is_not_there(self, demo: Caller, path: str, sentence: str) -> None:
        assert sentence in demo.refused("GET", path, status=404)


class TestYank:
    def test_yanks_a_release_and_takes_it_back(self, demo: Caller) -> None:
        shown = demo.do("POST", f"{DEMO}/releases/1.0/yank", {"reason": "breaks on Mondays"})
        assert [(file["yanked"], file["yanked_reason"]) for file in shown["files"]] == [(True, "breaks on Mondays")] * 2
        assert demo.listed() == {
            WHEEL: "breaks on Mondays",
            SDIST: "breaks on Mondays",
            "demo_pkg-2.0-py3-none-any.whl": False,
        }
        shown = demo.do("POST", f"{DEMO}/releases/1.0/unyank")
        assert not any(file["yanked"] for file in shown["files"])
        assert not any(demo.listed().values())

    def test_yanks_a_file_without_a_reason(self, demo: Caller) -> None:
        assert demo.do("POST", f"{DEMO}/files/{WHEEL}/yank")["yanked"] is True
        assert demo.listed()[WHEEL] is True
        assert demo.listed()[SDIST] is False
        assert demo.do("POST", f"{DEMO}/files/{WHEEL}/unyank")["yanked"] is False

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize("reason", ["two\nlines", "nul \x00", "x" * 1001, 7, None])
    def test_refuses_what_is_no_reason(self, demo: Caller, reason: object) -> None:
        demo.refused("POST", f"{DEMO}/releases/1.0/yank", {"reason": reason}, status=400)

    def test_is_for_owners_and_maintainers(self, demo: Caller, admin: Caller) -> None:
        erin = a_person("erin")
        assert "neither owner nor maintainer" in erin.refused("POST", f"{DEMO}/releases/1.0/yank", status=403)
        demo.do("PUT", f"{DEMO}/roles/erin", {"role": "maintainer"})
        erin.do("POST", f"{DEMO}/releases/1.0/yank")
        admin.do("POST", f"{DEMO}/releases/1.0/unyank")


class TestTwoStepDeletion:
    def test_of_a_file(self, demo: Caller) -> None:
        path = f"{DEMO}/files/{WHEEL}"
        assert "remove it first, then purge it" in demo.refused("POST", f"{path}/purge", status=409)
        removed = demo.do("DELETE", path)
        assert removed["state"] == "removed"
        until = datetime.fromisoformat(removed["restorable_until"])
        assert until - datetime.fromisoformat(removed["upload_time"]) >= timedelta(days=30)
        assert WHEEL not in demo.listed()
        demo.refused("DELETE", path, status=404)
        assert demo.do("POST", f"{path}/restore")["state"] == "published"
        assert WHEEL in demo.listed()
        assert "nothing to restore" in demo.refused("POST", f"{path}/restore", status=409)
        demo.do("DELETE", path)
        purged = demo.do("POST", f"{path}/purge")
        assert (purged["state"], purged["restorable_until"]) == ("purged", None)
        demo.refused("POST", f"{path}/restore", status=409)
        assert WHEEL not in demo.listed()

    def test_of_a_release(self, demo: Caller) -> None:
        path = f"{DEMO}/releases/1.0"
        assert states(demo.do("DELETE", path)) == {WHEEL: "removed", SDIST: "removed"}
        assert demo.do("GET", DEMO)["versions"] == ["2.0"]
        assert list(demo.listed()) == ["demo_pkg-2.0-py3-none-any.whl"]
        assert set(states(demo.do("POST", f"{path}/restore")).values()) == {"published"}
        demo.do("DELETE", path)
        assert set(states(demo.do("POST", f"{path}/purge")).values()) == {"purged"}
        assert states(demo.do("GET", path)) == {WHEEL: "purged", SDIST: "purged"}

    def test_of_a_project(self, demo: Caller, admin: Caller) -> None:
        reader = a_person("erin", "reader")
        demo.refused("POST", f"{DEMO}/purge", status=409)
        removed = demo.do("DELETE", DEMO)
        assert removed["removed"] is True
        assert datetime.fromisoformat(removed["restorable_until"])
        assert set(states(removed).values()) == {"removed"}
        reader.refused("GET", DEMO, status=404)
        assert demo.do("GET", "projects")["projects"] == []
        # Its name stays its owners'.
        assert a_person("frank").upload(a_wheel(version="3.0")) == 403
        restored = demo.do("POST", f"{DEMO}/restore")
        assert restored["removed"] is False
        assert set(states(restored).values()) == {"published"}
        assert len(reader.do("GET", DEMO)["files"]) == 3
        demo.do("DELETE", DEMO)
        demo.do("POST", f"{DEMO}/purge", expect=204)
        demo.refused("GET", DEMO, status=404)
        admin.refused("GET", DEMO, status=404)
        assert demo.do("GET", "me")["projects"] == []

    def test_a_purged_projects_name_is_anybodys(self, demo: Caller) -> None:
        demo.do("DELETE", DEMO)
        demo.do("POST", f"{DEMO}/purge", expect=204)
        frank = a_person("frank")
        assert frank.upload(a_wheel(version="3.0")) == 200
        assert frank.do("GET", DEMO)["roles"] == [{"account": "frank", "role": "owner"}]
        demo.refused("DELETE", DEMO, status=403)

    def test_is_over_after_a_while(self, demo: Caller, settings: Settings) -> None:
        settings.RESTORE_DAYS = 0
        demo.do("DELETE", f"{DEMO}/files/{WHEEL}")
        assert "is over" in demo.refused("POST", f"{DEMO}/files/{WHEEL}/restore", status=409)

    def test_a_maintainer_removes_and_an_owner_purges(self, demo: Caller) -> None:
        erin = a_person("erin")
        demo.do("PUT", f"{DEMO}/roles/erin", {"role": "maintainer"})
        erin.do("DELETE", f"{DEMO}/releases/1.0")
        erin.do("POST", f"{DEMO}/releases/1.0/restore")
        erin.do("DELETE", f"{DEMO}/releases/1.0")
        assert "it is not an owner" in erin.refused("POST", f"{DEMO}/releases/1.0/purge", status=403)
        demo.do("POST", f"{DEMO}/releases/1.0/purge")

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    @pytest.mark.parametrize("path", [DEMO, f"{DEMO}/releases/1.0", f"{DEMO}/files/{WHEEL}"])
    def test_is_not_for_others(self, demo: Caller, path: str) -> None:
        erin = a_person("erin")
        erin.refused("DELETE", path, status=403)
        demo.do("DELETE", path)
        # Of a project that is gone, nobody else learns that it can come back.
        gone = 404 if path == DEMO else 403
        erin.refused("POST", f"{path}/restore", status=gone)
        erin.refused("POST", f"{path}/purge", status=gone)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
class TestStatus:
    @pytest.mark.parametrize(("status", "uploads"), [("archived", 403), ("deprecated", 200), ("active", 200)])
    def test_says_whether_files_are_taken(self, demo: Caller, status: str, uploads: int) -> None:
        shown = demo.do("PUT", f"{DEMO}/status", {"status": status, "reason": "see other-pkg"})
        assert (shown["status"], shown["status_reason"]) == (status, "see other-pkg")
        assert len(demo.listed()) == 3
        assert demo.upload(a_wheel(version="3.0")) == uploads
        page = demo.client.get("/simple/demo-pkg/", headers={"accept": "application/vnd.pypi.simple.v1+json"})
        assert page.json()["project-status"] == {"status": status, "reason": "see other-pkg"}

    def test_quarantine_is_for_administrators(self, demo: Caller, admin: Caller) -> None:
        quarantine = {"status": "quarantined", "reason": "malware?"}
        assert "only administrators may" in demo.refused("PUT", f"{DEMO}/status", quarantine, status=403)
        reader = a_person("erin", "reader")
        assert len(admin.do("PUT", f"{DEMO}/status", quarantine)["files"]) == 3
        assert demo.listed() == {}
        assert demo.client.get(f"/packages/demo-pkg/{WHEEL}").status_code == 404
        assert demo.upload(a_wheel(version="3.0")) == 403
        shown = reader.do("GET", DEMO)
        assert (shown["status"], shown["files"], shown["versions"]) == ("quarantined", [], [])
        reader.refused("GET", f"{DEMO}/files/{WHEEL}", status=404)
        assert demo.do("GET", "projects")["projects"] == []
        # Its owner does not get out of it.
        demo.refused("PUT", f"{DEMO}/status", {"status": "active"}, status=403)
        admin.do("PUT", f"{DEMO}/status", {"status": "active"})
        assert len(demo.listed()) == 3

    def test_refuses_what_is_no_status(self, demo: Caller) -> None:
        sentence = demo.refused("PUT", f"{DEMO}/status", {"status": "gone"}, status=400)
        assert "must be one of 'active', 'archived', 'quarantined', 'deprecated'" in sentence
        demo.refused("PUT", "projects/absent/status", {"status": "active"}, status=404)
