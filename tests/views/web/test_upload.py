"""Publishing from a browser: its page, what is said of a file beforehand, and the steps of its script."""

import re
from typing import Any

import boto3
import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, publishing, storage
from packages.access import ProjectRole, Role
from packages.errors import Unavailable
from packages.server import Lost
from tests.builders import Built, a_wheel, an_origin, an_sdist
from tests.conftest import BUCKET
from tests.counting import counting
from tests.views.test_direct import DEMO, announcement, put, waiting
from tests.views.test_uploads import files_listed
from tests.views.web.conftest import As

JSON = {"accept": "application/json"}


def check(client: Client, filename: str, **query: Any) -> dict[str, Any]:
    response = client.get("/upload/check/", {"filename": filename, **query}, headers=JSON)
    assert response.status_code == 200, response.content
    assert response["Cache-Control"] == "no-store"
    answer: dict[str, Any] = response.json()
    return answer


def token_of(client: Client) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get("/upload/").content.decode())
    assert found is not None
    return found[1]


def send(client: Client, built: Built) -> Any:
    """The three steps of the script; gives the last answer."""
    reserved = client.post("/upload/reserve/", announcement(built), headers=JSON)
    assert reserved.status_code == 201, reserved.content
    address = reserved.json()["upload_url"]
    if address.startswith("/"):
        assert client.put(address, built.content, "application/octet-stream").status_code == 200
    else:
        assert put(reserved, built.content) == 200
    return client.post("/upload/finalize/", announcement(built), headers=JSON)


class TestPage:
    def test_shows_the_form(self, browser: Client, home: str) -> None:
        response = browser.get("/upload/")
        page = response.content.decode()
        assert response.status_code == 200
        assert "<title>Upload · elastic pypi</title>" in page
        assert page.count("<h1") == 1
        assert re.search(r'<input type="file" id="files" name="content" multiple required', page)
        assert 'enctype="multipart/form-data"' in page
        assert "of up to 2.1 GB each" in page
        assert "becomes a project of yours" in page
        assert 'href="/upload/" aria-current="page"' in page
        origin = f" https://{BUCKET}.s3.eu-central-1.amazonaws.com" if home == "aws" else ""
        assert f"connect-src 'self'{origin};" in response["Content-Security-Policy"]

    def test_readers_do_not_publish(self, as_: As) -> None:
        rita = as_("rita", "reader")
        for response in (
            rita.get("/upload/"),
            rita.post("/upload/", {"content": a_wheel().as_file()}),
            rita.get("/upload/check/", {"filename": "demo_pkg-1.0.tar.gz"}),
            rita.post("/upload/reserve/", announcement(a_wheel())),
            rita.post("/upload/finalize/", announcement(a_wheel())),
        ):
            assert response.status_code == 403
            # It is said in HTML.
            assert "may not publish to this index: its role is" in response.content.decode()

    def test_strangers_are_asked_to_log_in(self, visitor: Client) -> None:
        assert visitor.get("/upload/")["Location"] == "/login/?next=%2Fupload%2F"
        assert visitor.post("/upload/", {"content": a_wheel().as_file()})["Location"] == "/login/"
        for response in (
            visitor.get("/upload/check/", {"filename": "demo_pkg-1.0.tar.gz"}, headers=JSON),
            visitor.post("/upload/", {"content": a_wheel().as_file()}, headers=JSON),
            visitor.post("/upload/reserve/", announcement(a_wheel()), headers=JSON),
            visitor.post("/upload/finalize/", announcement(a_wheel()), headers=JSON),
        ):
            assert response.status_code == 401
            assert response.json()["message"].startswith("You have been logged out.")
            # At which a browser would ask for a password by itself.
            assert "WWW-Authenticate" not in response

    def test_says_who_may_create_projects(self, as_: As, settings: Settings) -> None:
        settings.CREATE_PROJECTS = "admins"
        assert b"projects that have you as an owner or maintainer" in as_("pia").get("/upload/").content
        assert b"becomes a project of yours" in as_("alice").get("/upload/").content

    def test_says_that_files_are_replaced(self, browser: Client, settings: Settings) -> None:
        settings.OVERWRITE = True
        assert b"A file replaces the one of its name." in browser.get("/upload/").content

    def test_names_the_limits_of_lambda(self, browser: Client, settings: Settings) -> None:
        assert b'data-largest-form="2147483648" data-largest-digested="512000000"' in browser.get("/upload/").content
        settings.ON_LAMBDA = True
        page = browser.get("/upload/").content
        assert b'data-largest-form="4000000" data-largest-digested="1000000000"' in page
        assert b"By this form go up to 4 MB at a time; <code>twine upload-direct</code>" in page


class TestForm:
    def test_publishes_each_file_by_itself(self, browser: Client) -> None:
        wheel, sdist = a_wheel(), an_sdist()
        response = browser.post("/upload/", {"content": [wheel.as_file(), sdist.as_file()]})
        page = response.content.decode()
        assert response.status_code == 200
        assert "2 of 2 files are published." in page
        assert page.count('Published</span> in <a href="/project/demo-pkg/">demo-pkg</a> 1.0') == 2
        assert files_listed(browser) == [wheel.filename, sdist.filename]
        assert browser.get(f"/packages/demo-pkg/{sdist.filename}").getvalue() == sdist.content

    def test_says_of_each_file_what_became_of_it(self, browser: Client) -> None:
        publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
        files = [
            a_wheel(version="2.0").as_file(),
            a_wheel(files={"more.py": b"#"}).as_file(),
            Built("<script>alert(1)<!--.whl", b"x", b"").as_file(),
            a_wheel("other").as_file(),
        ]
        response = browser.post("/upload/", {"content": files})
        page = response.content.decode()
        assert response.status_code == 400
        assert "2 of 4 files are published." in page
        assert "Refused</span> File already exists (&#x27;demo_pkg-1.0-py3-none-any.whl&#x27;" in page
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;!--.whl" in page
        assert files_listed(browser, "other") == ["other-1.0-py3-none-any.whl"]

    def test_the_status_is_that_of_the_first_refusal(self, as_: As) -> None:
        publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
        files = [a_wheel("mine").as_file(), a_wheel(version="2.0").as_file(), Built("notes.txt", b"", b"").as_file()]
        response = as_("pia").post("/upload/", {"content": files})
        assert response.status_code == 403
        assert "it is neither owner nor maintainer; ask an owner (alice)" in response.content.decode()

    def test_too_large_is_only_what_is_too_large(self, browser: Client, settings: Settings) -> None:
        large = a_wheel("large", files={"noise.bin": bytes(range(256)) * 1000})
        settings.MAX_UPLOAD_SIZE = len(large.content) - 1
        response = browser.post("/upload/", {"content": [large.as_file(), a_wheel().as_file()]})
        assert response.status_code == 413
        assert "File too large. The limit of this index is" in response.content.decode()
        assert files_listed(browser) == ["demo_pkg-1.0-py3-none-any.whl"]

    def test_replaces_where_that_is_set(self, browser: Client, settings: Settings) -> None:
        publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
        settings.OVERWRITE = True
        other = a_wheel(files={"more.py": b"#"})
        assert browser.post("/upload/", {"content": other.as_file()}).status_code == 200
        assert browser.get(f"/packages/demo-pkg/{other.filename}").getvalue() == other.content

    @pytest.mark.parametrize("form", [{}, {"content": "text"}, {"other": a_wheel().as_file()}])
    def test_asks_for_a_file(self, browser: Client, form: dict[str, Any]) -> None:
        response = browser.post("/upload/", form)
        assert response.status_code == 400
        assert 'role="alert"><p>No file was chosen: choose one or more first.' in response.content.decode()
        assert browser.post("/upload/", form, headers=JSON).json()["message"].startswith("No file was chosen")

    def test_takes_a_hundred_files_and_no_more(self, browser: Client) -> None:
        files = [Built(f"{number}.txt", b"", b"").as_file() for number in range(101)]
        response = browser.post("/upload/", {"content": files})
        assert response.status_code == 400
        assert "The form has more than 100 files: send no more than that at a time." in response.content.decode()
        files = [Built(f"{number}.txt", b"", b"").as_file() for number in range(100)]
        assert "0 of 100 files are published." in browser.post("/upload/", {"content": files}).content.decode()

    def test_says_when_a_form_cannot_be_read(self, browser: Client) -> None:
        response = browser.post("/upload/", b"x", content_type="multipart/form-data")
        assert response.status_code == 400
        assert "The upload&#x27;s form cannot be read: Invalid boundary" in response.content.decode()
        assert browser.post("/upload/", b"x=1", content_type="text/plain").status_code == 400

    def test_a_form_that_was_cut_off_publishes_nothing(self, browser: Client) -> None:
        parts = [
            f'--limit\r\nContent-Disposition: form-data; name="content"; filename="{built.filename}"\r\n\r\n'.encode()
            + built.content
            for built in (a_wheel(), an_sdist())
        ]
        body, limit = b"\r\n".join(parts), "multipart/form-data; boundary=limit"
        for cut in (body, body[:-40], parts[0]):
            response = browser.post("/upload/", cut, content_type=limit)
            assert response.status_code == 400
            assert "The upload was cut off: its form ends within a file." in response.content.decode()
        assert files_listed(browser) == []
        assert browser.post("/upload/", body + b"\r\n--limit--\r\n", content_type=limit).status_code == 200

    def test_a_filename_beyond_the_disk_s_is_refused(self, browser: Client) -> None:
        response = browser.post("/upload/", {"content": Built("demo." + "x" * 249, b"x", b"").as_file()})
        assert response.status_code == 400
        assert "… is too long." in response.content.decode()

    def test_says_when_the_disk_is_full(self, browser: Client) -> None:
        lost: dict[str, Any] = {"wsgi.input": Lost(OSError(28, "No space left on device"))}
        response = browser.post("/upload/", b"x" * 99, content_type="multipart/form-data; boundary=a", **lost)
        assert response.status_code == 503
        assert "cannot be stored right now (No space left on device)" in response.content.decode()

    def test_files_before_a_fault_are_told_of(self, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        save = storage.save

        def faulty(key: str, content: Any) -> None:
            if "broken" in key:
                raise Unavailable("The file storage does not answer.")
            save(key, content)

        monkeypatch.setattr(storage, "save", faulty)
        files = [a_wheel().as_file(), a_wheel("broken").as_file()]
        response = browser.post("/upload/", {"content": files})
        assert (response.status_code, response["Retry-After"]) == (503, "2")
        assert "1 of 2 files are published." in response.content.decode()
        assert "The file storage does not answer." in response.content.decode()

    def test_answers_its_script_in_json(self, browser: Client) -> None:
        response = browser.post("/upload/", {"content": a_wheel().as_file()}, headers=JSON)
        assert response.json() == {"addresses": ["/project/demo-pkg/"]}
        response = browser.post("/upload/", {"content": a_wheel(files={"more.py": b"#"}).as_file()}, headers=JSON)
        assert response.status_code == 400
        assert response.json()["message"].startswith("File already exists (")

    def test_other_methods_are_refused(self, browser: Client) -> None:
        assert browser.put("/upload/").status_code == 405
        assert browser.get("/upload/reserve/").status_code == 405
        assert browser.post("/upload/check/").status_code == 405


class TestForgery:
    @pytest.mark.parametrize("address", ["/upload/", "/upload/reserve/", "/upload/finalize/"])
    def test_a_post_without_the_token_changes_nothing(self, as_: As, address: str) -> None:
        careful = as_("alice", enforce_csrf_checks=True)
        form = {"content": a_wheel().as_file()} if address == "/upload/" else announcement(a_wheel())
        response = careful.post(address, form)
        assert response.status_code == 403
        assert "does not come from this index" in response.content.decode()
        assert careful.post(address, form, headers={**JSON, "X-CSRFToken": "x" * 64}).json()["code"].startswith("403")
        assert files_listed(careful) == []

    def test_the_token_is_taken_from_the_form(self, as_: As) -> None:
        careful = as_("alice", enforce_csrf_checks=True)
        form = {"csrfmiddlewaretoken": token_of(careful), "content": a_wheel().as_file()}
        assert careful.post("/upload/", form).status_code == 200

    def test_the_token_is_taken_from_the_header(self, as_: As) -> None:
        careful = as_("alice", enforce_csrf_checks=True)
        headers = {**JSON, "X-CSRFToken": token_of(careful)}
        assert careful.post("/upload/", {"content": a_wheel().as_file()}, headers=headers).status_code == 200
        other = a_wheel(version="2.0")
        form = announcement(other, version="2.0")
        assert careful.post("/upload/reserve/", form, headers=headers).status_code == 201
        assert careful.post("/upload/finalize/", form, headers=headers).status_code == 400


class TestSteps:
    @pytest.mark.parametrize("built", [a_wheel(), an_sdist()], ids=["wheel", "sdist"])
    def test_publish_what_was_put(self, browser: Client, built: Built) -> None:
        assert send(browser, built).status_code == 200
        assert files_listed(browser) == [built.filename]
        assert browser.get(f"/packages/demo-pkg/{built.filename}").getvalue() == built.content
        assert waiting(built) is None

    def test_the_same_bytes_need_not_be_sent(self, browser: Client) -> None:
        send(browser, a_wheel())
        assert browser.post("/upload/reserve/", announcement(a_wheel()), headers=JSON).status_code == 200

    def test_refusals_are_sentences_in_json(self, as_: As) -> None:
        send(as_("alice"), a_wheel())
        other = a_wheel(version="2.0")
        pia = as_("pia")
        for step in ("reserve", "finalize"):
            response = pia.post(f"/upload/{step}/", announcement(other, version="2.0"), headers=JSON)
            assert (response.status_code, response["Content-Type"]) == (403, "application/json")
            assert set(response.json()) == {"message", "code", "title"}
            assert "it is neither owner nor maintainer" in response.json()["message"]
        response = pia.post("/upload/reserve/", {"filename": "x"}, headers=JSON)
        assert response.json()["message"].startswith("The field 'name' is missing")

    def test_replace_where_that_is_set(self, browser: Client, settings: Settings) -> None:
        send(browser, a_wheel())
        settings.OVERWRITE = True
        other = a_wheel(files={"more.py": b"#"})
        assert send(browser, other).status_code == 200
        assert browser.get(f"/packages/demo-pkg/{other.filename}").getvalue() == other.content

    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_the_address_is_where_the_browser_is(self, browser: Client, settings: Settings) -> None:
        settings.PUBLIC_URL = "https://elsewhere.example/pypi/"
        answer = browser.post("/upload/reserve/", announcement(a_wheel()), headers=JSON).json()
        assert answer["upload_url"].startswith("/legacy/incoming?ticket=")

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_on_aws_the_address_is_storage_s(self, browser: Client) -> None:
        wheel = a_wheel()
        answer = browser.post("/upload/reserve/", announcement(wheel), headers=JSON).json()
        origin = f"https://{BUCKET}.s3.eu-central-1.amazonaws.com"
        assert answer["upload_url"].startswith(f"{origin}/incoming/demo-pkg/")
        assert set(answer["upload_headers"]) == {"If-None-Match", "x-amz-checksum-sha256"}
        assert origin in browser.get("/upload/")["Content-Security-Policy"]
        key = storage.incoming_key_for(DEMO, wheel.sha256, wheel.filename)
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=wheel.content, ChecksumAlgorithm="SHA256")
        assert browser.post("/upload/finalize/", announcement(wheel), headers=JSON).status_code == 200
        assert files_listed(browser) == [wheel.filename]


class TestCheck:
    def test_says_what_a_file_is(self, browser: Client) -> None:
        filename = "demo_pkg-1.0-cp312-cp312-manylinux_2_17_x86_64.whl"
        assert check(browser, filename, size=9) == {
            "filename": filename,
            "filetype": "bdist_wheel",
            "project": "demo-pkg",
            "version": "1.0",
            "certain": True,
            "what": "Wheel for CPython 3.12, Linux x86_64",
            "news": "New project",
            "ask_again": False,
            "problem": None,
            "address": "/project/demo-pkg/",
        }
        sdist = check(browser, "Demo.Pkg-1.0.tar.gz")
        assert [sdist[key] for key in ("project", "what", "filetype")] == ["demo-pkg", "Sdist", "sdist"]

    @pytest.mark.parametrize(
        ("filename", "sentence"),
        [
            ("", "Filename '' is invalid"),
            ("<b>.whl", "Filename '<b>.whl' is invalid"),
            ("demo_pkg-1.0-py3.11.egg", "Eggs are no longer installable"),
            ("notes.txt", "has an unknown extension"),
            ("demo_pkg-1.0.whl", "Invalid wheel filename 'demo_pkg-1.0.whl': "),
            ("demo_pkg-one-py3-none-any.whl", "Invalid wheel filename"),
            ("demo.tar.gz", "Filename 'demo.tar.gz' does not name a project and a version"),
            ("demo_pkg-1.0.tar.gz" * 20, "is longer than"),
        ],
    )
    def test_says_what_is_wrong_with_a_filename(self, browser: Client, filename: str, sentence: str) -> None:
        answer = check(browser, filename)
        assert set(answer) == {"filename", "problem"}
        assert sentence in answer["problem"]

    def test_says_that_a_file_is_empty(self, browser: Client) -> None:
        for filename in ("demo_pkg-1.0.tar.gz", a_wheel().filename):
            assert check(browser, filename, size=0) == {"filename": filename, "problem": f"File '{filename}' is empty."}
            assert check(browser, filename, size=1)["problem"] is None

    @pytest.mark.parametrize(
        ("name", "version", "sentence"),
        [
            ("Demo.Pkg", "1.0", None),
            ("demo-pkg", "v1", None),
            ("other", "1.0", "names the project 'demo-pkg', but the metadata inside names 'other'."),
            ("demo-pkg", "1.1", "names version '1.0', but the metadata inside says '1.1'."),
            # What cannot be read is the wheel's own affair until its bytes are there.
            ("-", "1.0", None),
            ("other", "one", None),
            ("other", "1" * 5000, None),
            ("o" * 5000, "1.0", None),
            ("other", "", None),
        ],
    )
    def test_says_what_does_not_fit_the_metadata(
        self, browser: Client, name: str, version: str, sentence: str | None
    ) -> None:
        problem = check(browser, a_wheel().filename, name=name, version=version)["problem"]
        assert problem is None if sentence is None else sentence in problem

    def test_says_that_a_file_is_too_large(self, browser: Client, settings: Settings) -> None:
        settings.MAX_UPLOAD_SIZE = 1000
        assert check(browser, "demo_pkg-1.0.tar.gz", size=1000)["problem"] is None
        assert "File too large" in check(browser, "demo_pkg-1.0.tar.gz", size=1001)["problem"]

    def test_says_what_is_there(self, browser: Client, settings: Settings) -> None:
        wheel = a_wheel()
        publishing.publish(wheel.received(), by=an_origin(), overwrite=False)
        assert check(browser, an_sdist().filename)["news"] == "New file"
        unknown = check(browser, wheel.filename, size=len(wheel.content))
        assert (unknown["ask_again"], unknown["problem"]) == (True, None)
        assert "only the same bytes can be sent" in unknown["news"]
        same = check(browser, wheel.filename, size=len(wheel.content), sha256=wheel.sha256)
        assert (same["news"], same["ask_again"]) == ("Published already, the same bytes", False)
        for other in ({"size": 7}, {"size": len(wheel.content), "sha256": "0" * 64}):
            answer = check(browser, wheel.filename, **other)
            assert answer["problem"].startswith("File already exists (")
            assert (answer["news"], answer["ask_again"]) == ("", False)
        settings.OVERWRITE = True
        answer = check(browser, wheel.filename, size=7)
        assert (answer["news"], answer["problem"]) == ("Replaces the file of this name", None)

    def test_says_what_was_there(self, browser: Client) -> None:
        wheel = a_wheel()
        publishing.publish(wheel.received(), by=an_origin(), overwrite=False)
        publishing.remove(DEMO, "1.0", by=an_origin())
        assert check(browser, wheel.filename, sha256=wheel.sha256)["news"] == "Was deleted; comes back"
        assert "has since been deleted" in check(browser, wheel.filename, size=7)["problem"]

    def test_says_who_may_publish(self, as_: As, settings: Settings) -> None:
        publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
        pia = as_("pia")
        assert "it is neither owner nor maintainer" in check(pia, "demo_pkg-2.0.tar.gz")["problem"]
        publishing.grant_role(DEMO, "pia", ProjectRole.MAINTAINER, by=an_origin())
        assert check(pia, "demo_pkg-2.0.tar.gz")["problem"] is None
        publishing.set_status(DEMO, "archived", reason="moved", by=an_origin())
        assert "Project demo-pkg is archived" in check(pia, "demo_pkg-2.0.tar.gz")["problem"]
        settings.CREATE_PROJECTS = "admins"
        assert "only administrators create projects here" in check(pia, "new-1.0.tar.gz")["problem"]

    def test_an_old_sdist_s_name_is_ambiguous(self, browser: Client) -> None:
        answer = check(browser, "demo-pkg-1.0-1.tar.gz")
        assert (answer["project"], answer["version"], answer["certain"]) == ("demo-pkg", "1.0.post1", False)
        publishing.publish(an_sdist("demo-pkg-1.0", "1").received(), by=an_origin(), overwrite=False)
        answer = check(browser, "demo-pkg-1.0-1.tar.gz")
        assert (answer["project"], answer["version"]) == ("demo-pkg-1-0", "1")

    @pytest.mark.parametrize("query", [{"size": "a lot"}, {"size": "-1"}, {"sha256": "short"}])
    def test_refuses_nonsense(self, browser: Client, query: dict[str, str]) -> None:
        response = browser.get("/upload/check/", {"filename": "demo-1.0.tar.gz", **query}, headers=JSON)
        assert response.status_code == 400
        assert response.json()["message"].startswith("Say the size in bytes")

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_costs_two_reads(self, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
        calls = counting(monkeypatch)
        for filename in (a_wheel().filename, "new-1.0.tar.gz", "demo-pkg-1.0-1.tar.gz"):
            check(browser, filename)
            # Who it is, and what is there.
            assert calls == ["BatchGetItem", "BatchGetItem"]
            calls.clear()
        browser.get("/upload/")
        assert calls == ["BatchGetItem"]


def test_the_publisher_of_a_new_project_owns_it(as_: As) -> None:
    accounts.create("carol", role=Role.PUBLISHER, password="correct horse battery staple", by=an_origin())
    carol = as_("carol")
    assert carol.post("/upload/", {"content": a_wheel("carols").as_file()}).status_code == 200
    assert check(carol, "carols-2.0.tar.gz")["news"] == "New file"
    assert "ask an owner (carol)" in check(as_("pia"), "carols-2.0.tar.gz")["problem"]
    assert NormalizedName("carols") == check(carol, "carols-2.0.tar.gz")["project"]
