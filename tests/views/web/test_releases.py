"""The pages of a project and of its releases."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import publishing
from packages.access import ProjectRole
from packages.catalog import rows_of
from packages.models import File, Item
from packages.store import Condition, Put, store
from tests.builders import a_file, a_wheel, an_origin, an_sdist
from tests.conftest import Publish
from tests.views.web.conftest import As
from tests.views.web.seeing import Seen, seen

DEMO = NormalizedName("demo-pkg")
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def history(page: Seen) -> list[str]:
    """The versions that the history of a project leads to."""
    prefix = "/project/demo-pkg/"
    found = [address.removeprefix(prefix).rstrip("/") for address in page.links.values() if address.startswith(prefix)]
    return [version for version in found if version not in {"", "manage"}]


def test_shows_the_release_that_people_want(browser: Client, publish: Publish) -> None:
    for version in ("1.0", "1.1", "2.0rc1"):
        publish(a_wheel("Demo.Pkg", version, summary=f"Summary of {version}", requires_python=">=3.9"))
    publish(an_sdist("Demo.Pkg", "1.1"))
    page = seen(browser.get("/project/demo-pkg/"))
    assert page.headings[0] == (1, "Demo.Pkg 1.1")
    assert "Summary of 1.1" in page.text
    assert "Requires Python >=3.9" in page.text
    assert (2, "Files of version 1.1") in page.headings
    assert page.links["demo_pkg-1.1-py3-none-any.whl"] == "/packages/demo-pkg/demo_pkg-1.1-py3-none-any.whl"
    assert page.links["demo_pkg-1.1.tar.gz"] == "/packages/demo-pkg/demo_pkg-1.1.tar.gz"
    assert "demo_pkg-1.0-py3-none-any.whl" not in page.links
    assert history(page) == ["2.0rc1", "1.1", "1.0"]
    assert page.commands == [
        "pip install --index-url http://testserver/simple/ Demo.Pkg",
        "uv add --index elastic-pypi=http://testserver/simple/ Demo.Pkg",
        "poetry source add --priority=explicit elastic-pypi http://testserver/simple/\n"
        "poetry add --source elastic-pypi Demo.Pkg",
        "--index-url http://testserver/simple/\nDemo.Pkg",
        "pip install --index-url http://__token__:TOKEN@testserver/simple/ Demo.Pkg",
        "machine testserver\nlogin __token__\npassword TOKEN",
        "export UV_INDEX_ELASTIC_PYPI_USERNAME=__token__\nexport UV_INDEX_ELASTIC_PYPI_PASSWORD=TOKEN",
        "poetry config http-basic.elastic-pypi __token__ TOKEN",
    ]


def test_every_release_has_a_page(browser: Client, publish: Publish) -> None:
    publish(a_wheel(version="1.0", summary="The first"))
    publish(a_wheel(version="2.0"))
    page = seen(browser.get("/project/demo-pkg/1.0/"))
    assert page.headings[0] == (1, "demo-pkg 1.0")
    assert page.links["demo-pkg"] == "/project/demo-pkg/"
    assert "The first" in page.text
    assert "Installers that are told no version choose 2.0." in page.text
    assert page.commands[0] == "pip install --index-url http://testserver/simple/ demo-pkg==1.0"
    assert page.commands[3] == "--index-url http://testserver/simple/\ndemo-pkg==1.0"
    assert "Installers that are told" not in seen(browser.get("/project/demo-pkg/2.0/")).text


def test_commands_are_safe_to_paste(browser: Client, publish: Publish) -> None:
    publish(a_wheel(version="1!2.0+local.1"))
    page = seen(browser.get("/project/demo-pkg/1!2.0+local.1/"))
    # Shells take "!2" for a command of their history.
    assert page.commands[0].endswith(" 'demo-pkg==1!2.0+local.1'")
    assert page.commands[3].endswith("\ndemo-pkg==1!2.0+local.1")


@ON_ONE_MACHINE
def test_files_say_what_they_are_and_can_be_downloaded(browser: Client, publish: Publish) -> None:
    wheel = publish(a_wheel(tag="cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"))
    sdist = publish(an_sdist())
    page = seen(browser.get("/project/demo-pkg/1.0/"))
    assert "CPython 3.12, Linux x86_64" in page.text
    assert "Source" in page.text
    assert page.text.index(sdist.filename) < page.text.index(wheel.filename)
    assert "alice" in page.text
    for built in (wheel, sdist):
        assert built.sha256 in page.text
        assert browser.get(page.links[built.filename]).getvalue() == built.content
    assert page.text.count("MD5") == page.text.count("BLAKE2b-256") == 2
    address = page.links[f"Core metadata of {wheel.filename}"]
    assert browser.get(address).getvalue() == wheel.metadata
    # What an sdist says of itself may change when it is built.
    assert f"Core metadata of {sdist.filename}" not in page.links


@ON_ONE_MACHINE
def test_addresses_lead_to_one_spelling(browser: Client, publish: Publish) -> None:
    publish()
    for address, canonical in (
        ("/project/Demo_Pkg/", "/project/demo-pkg/"),
        ("/project/Demo_Pkg/?releases=all", "/project/demo-pkg/?releases=all"),
        ("/project/Demo_Pkg/1.0/", "/project/demo-pkg/1.0/"),
        ("/project/demo-pkg/v1.0/", "/project/demo-pkg/1.0/"),
        ("/project/demo-pkg/1.0.0/", "/project/demo-pkg/1.0/"),
        ("/project/demo-pkg/1.0", "/project/demo-pkg/1.0/"),
    ):
        response = browser.get(address)
        assert (response.status_code, response["Location"]) == (302, canonical), address


@ON_ONE_MACHINE
@pytest.mark.parametrize("path", ["nothing/", "demo-pkg/2.0/", "demo-pkg/latest/", "-/", "é/", "demo-pkg/%3Cb%3E/"])
def test_what_is_not_there_is_not_found(browser: Client, publish: Publish, path: str) -> None:
    publish()
    response = browser.get(f"/project/{path}")
    assert response.status_code == 404
    assert b"<b>" not in response.content


def test_two_spellings_of_a_version_are_one_release(browser: Client, publish: Publish) -> None:
    publish(a_wheel(version="1.0"))
    publish(an_sdist(version="1.0.0"))
    page = seen(browser.get("/project/demo-pkg/"))
    assert {"demo_pkg-1.0-py3-none-any.whl", "demo_pkg-1.0.0.tar.gz"} <= page.links.keys()
    assert len(history(page)) == 1


def test_yanked_releases_are_marked(browser: Client, publish: Publish) -> None:
    publish(a_wheel(version="1.0"))
    publish(a_wheel(version="2.0"))
    publish(an_sdist(version="2.0"))
    publishing.yank(DEMO, "2.0", reason="<i>Broken</i>", by=an_origin())
    page = seen(browser.get("/project/demo-pkg/"))
    assert page.headings[0] == (1, "demo-pkg 1.0")
    assert "2.0 yanked" in page.text
    page = seen(browser.get("/project/demo-pkg/2.0/"))
    assert "Version 2.0 was yanked." in page.text
    assert page.text.count("Reason: <i>Broken</i>") == 1
    publishing.unyank(DEMO, "2.0", filename="demo_pkg-2.0.tar.gz", by=an_origin())
    page = seen(browser.get("/project/demo-pkg/"))
    assert page.headings[0] == (1, "demo-pkg 2.0")
    assert "Some files of version 2.0 were yanked." in page.text
    assert "2.0 partly yanked" in page.text


def test_a_project_that_is_all_yanked_says_how_to_install_it_anyway(browser: Client, publish: Publish) -> None:
    publish()
    publishing.yank(DEMO, "1.0", by=an_origin())
    page = seen(browser.get("/project/demo-pkg/"))
    assert "Version 1.0 was yanked." in page.text
    # Installers take it only by its exact version.
    assert page.commands[0].endswith(" demo-pkg==1.0")


@ON_ONE_MACHINE
def test_a_project_of_pre_releases_shows_the_newest(browser: Client, publish: Publish) -> None:
    publish(a_wheel(version="1.0a1"))
    publish(a_wheel(version="1.0b1"))
    page = seen(browser.get("/project/demo-pkg/"))
    assert page.headings[0] == (1, "demo-pkg 1.0b1")
    assert "pre-release" in page.text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [("archived", "This project is archived."), ("deprecated", "This project is deprecated.")],
)
def test_says_in_which_state_a_project_is(browser: Client, publish: Publish, status: str, sentence: str) -> None:
    publish()
    publishing.set_status(DEMO, status, reason="Use <another>.", by=an_origin())
    page = seen(browser.get("/project/demo-pkg/"))
    assert sentence in page.text
    assert "Reason: Use <another>." in page.text
    assert page.commands
    assert status in seen(browser.get("/search/")).text


def test_a_quarantined_project_offers_nothing(browser: Client, publish: Publish) -> None:
    publish(a_wheel(summary="Take me"))
    publishing.set_status(DEMO, "quarantined", reason="Malware.", by=an_origin())
    page = seen(browser.get("/project/demo-pkg/"))
    assert "This project is quarantined." in page.text
    assert "Reason: Malware." in page.text
    assert not page.commands
    assert not [address for address in page.links.values() if "/packages/" in address]
    assert "Take me" not in page.text
    assert browser.get("/project/demo-pkg/1.0/")["Location"] == "/project/demo-pkg/"


@ON_ONE_MACHINE
def test_a_removed_project_is_not_there(browser: Client, publish: Publish) -> None:
    publish()
    publishing.remove(DEMO, by=an_origin())
    assert browser.get("/project/demo-pkg/").status_code == 404
    assert browser.get("/project/demo-pkg/1.0/").status_code == 404


@ON_ONE_MACHINE
def test_a_project_without_releases_says_so(browser: Client, publish: Publish) -> None:
    publish()
    # As no change of ours leaves it.
    row = next(rows_of(DEMO))
    row.removal = "hidden"
    store().write(Put(item=row))
    assert (2, "This project has no release") in seen(browser.get("/project/demo-pkg/")).headings


def test_leads_those_who_may_to_the_management(browser: Client, as_: As, publish: Publish) -> None:
    publish()
    people = {name: as_(name, role) for name, role in _PEOPLE.items()}
    publishing.grant_role(DEMO, "olga", ProjectRole.OWNER, by=an_origin())
    publishing.grant_role(DEMO, "max", ProjectRole.MAINTAINER, by=an_origin())
    people["alice"] = browser
    pages = {name: seen(client.get("/project/demo-pkg/")) for name, client in people.items()}
    assert {name for name, page in pages.items() if "Manage demo-pkg" in page.links} == {"olga", "max", "alice"}
    assert pages["alice"].links["Manage demo-pkg"] == "/project/demo-pkg/manage/"
    # Readers see all the rest, and who is responsible.
    assert "Owners alice, olga" in pages["rita"].text
    assert "Maintainer max" in pages["rita"].text


_PEOPLE = {"rita": "reader", "pia": "publisher", "olga": "publisher", "max": "publisher"}


def test_shows_the_newest_of_many_releases(browser: Client, publish: Publish) -> None:
    for number in range(12):
        publish(a_wheel(version=f"1.{number}"))
    page = seen(browser.get("/project/demo-pkg/"))
    assert history(page) == [f"1.{number}" for number in range(11, 1, -1)]
    assert page.links["All 12 releases"] == "?releases=all#releases"
    everything = seen(browser.get("/project/demo-pkg/?releases=all"))
    assert history(everything) == [f"1.{number}" for number in range(11, -1, -1)]


@ON_ONE_MACHINE
@pytest.mark.parametrize(
    ("shown", "others"),
    [
        ("1.13", []),
        ("1.3", ["1.3"]),
        # What would stand in the place of one release is that one.
        ("1.2", ["1.3", "1.2"]),
        ("1.0", ["1.0"]),
    ],
)
def test_the_release_that_is_shown_is_in_the_history(
    browser: Client, publish: Publish, shown: str, others: list[str]
) -> None:
    for number in range(14):
        publish(a_wheel(version=f"1.{number}"))
    page = seen(browser.get(f"/project/demo-pkg/{shown}/"))
    listed = [version for version in history(page) if version != "1.13" or shown != "1.13"]
    newest = [f"1.{number}" for number in range(13 if shown != "1.13" else 12, 3, -1)]
    assert listed == [*newest, *others]
    assert ("…" in page.text.partition("Releases Version")[2]) is (shown == "1.0")
    assert f"{shown} shown here" in page.text
    current = [values for _, values in page.tags if values.get("aria-current") == "true"]
    assert [values["href"] for values in current] == [f"/project/demo-pkg/{shown}/"]
    assert "All 14 releases" in page.links


@ON_ONE_MACHINE
def test_draws_when_it_was_released(browser: Client, publish: Publish, settings: Settings) -> None:
    publish(a_wheel(version="1.0"))
    publish(a_wheel(version="1.1"))
    assert "svg" not in {tag for tag, _ in seen(browser.get("/project/demo-pkg/")).tags}
    publish(a_wheel(version="1.2"))
    page = seen(browser.get("/project/demo-pkg/"))
    assert [values["role"] for tag, values in page.tags if tag == "svg"] == ["img"]
    assert [values for tag, values in page.tags if tag == "rect" and values["class"] == "bar"]


def _write(rows: list[File]) -> None:
    def decide(items: list[Item | None]) -> tuple[list[Put], None]:
        return [Put(item=row, condition=Condition.ABSENT) for row in rows], None

    store().amend([], decide)


def _a_row(number: int) -> File:
    filename = f"demo_pkg-0.{number}-py3-none-any.whl"
    uploaded = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=8 * number)
    return File.of(a_file(version=f"0.{number}", filename=filename, upload_time=uploaded))


@ON_ONE_MACHINE
def test_projects_of_thousands_of_releases_are_shown(browser: Client, publish: Publish) -> None:
    publish(a_wheel(version="9999"))
    for first in range(0, 5000, 100):
        _write([_a_row(number) for number in range(first, first + 100)])
    response = browser.get("/project/demo-pkg/")
    page = seen(response)
    assert history(page)[:3] == ["9999", "0.4999", "0.4998"]
    assert "All 5,001 releases" in page.links
    assert len(response.content) < 30_000
    assert len(history(seen(browser.get("/project/demo-pkg/?releases=all")))) == 5001
