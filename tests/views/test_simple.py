"""The Simple API, read by somebody else's parser and by the letter."""

import json
import re

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pypi_simple import ProjectPage
from pytest_django import Settings

from packages import publishing
from packages.simple_api import HTML_TYPE, JSON_TYPE
from tests.builders import a_wheel, an_origin, an_sdist
from tests.conftest import Publish

DEMO = NormalizedName("demo-pkg")
# What the tools send, and what they must get.
PIP = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
UV = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
DEVPI = "application/vnd.pypi.simple.v1+html;q=0.2, application/vnd.pypi.simple.v1+json, text/html;q=0.01"
POETRY = "application/vnd.pypi.simple.v1+json, */*;q=0.1"
PYPI_SIMPLE = "application/vnd.pypi.simple.v1+html, application/vnd.pypi.simple.v1+json, text/html;q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("address", ["/simple/", "/simple/demo-pkg/"])
@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (PIP, JSON_TYPE),
        (UV, JSON_TYPE),
        (DEVPI, JSON_TYPE),
        (POETRY, JSON_TYPE),
        (PYPI_SIMPLE, JSON_TYPE),
        (BROWSER, "text/html"),
        ("*/*", "text/html"),
        (None, "text/html"),
        ("text/html", "text/html"),
        (HTML_TYPE, HTML_TYPE),
        (JSON_TYPE, JSON_TYPE),
        ("application/vnd.pypi.simple.latest+json", JSON_TYPE),
        ("application/vnd.pypi.simple.latest+html", HTML_TYPE),
        (f"{JSON_TYPE};q=0.5, text/html", "text/html"),
        (f"text/html;q=0, {JSON_TYPE};q=0.1", JSON_TYPE),
        ("text/html;q=0.1, */*;q=0.5", JSON_TYPE),
        # Nobody is helped by a 406: clients cannot ask for anything else.
        ("application/json", "text/html"),
        ("image/png", "text/html"),
        (",;q=x", "text/html"),
    ],
)
def test_answers_in_the_type_that_the_client_prefers(
    alice: Client, publish: Publish, address: str, accept: str | None, content_type: str
) -> None:
    publish()
    response = alice.get(address, headers={"accept": accept} if accept else {})
    assert response.status_code == 200
    # Bare: devpi takes a JSON page whose type has a charset for HTML.
    assert response["Content-Type"] == content_type
    assert response["Vary"] == "Accept"


@pytest.mark.parametrize(
    ("wanted", "status", "content_type"),
    [
        (JSON_TYPE, 200, JSON_TYPE),
        (JSON_TYPE.replace("+", "%2B"), 200, JSON_TYPE),
        ("application/vnd.pypi.simple.latest%2Bjson", 200, JSON_TYPE),
        ("text/html", 200, "text/html"),
        ("application/json", 406, "text/plain; charset=utf-8"),
        ("", 406, "text/plain; charset=utf-8"),
    ],
)
def test_format_overrides_accept(alice: Client, publish: Publish, wanted: str, status: int, content_type: str) -> None:
    publish()
    response = alice.get(f"/simple/demo-pkg/?format={wanted}", headers={"accept": HTML_TYPE})
    assert (response.status_code, response["Content-Type"]) == (status, content_type)


def test_project_page_in_json_is_exactly_this(alice: Client, publish: Publish) -> None:
    wheel = publish(a_wheel("Demo.Pkg", "1.1+corp.1", requires_python=">=3.9,<4"))
    sdist = publish(an_sdist(version="1.0"))
    publishing.yank(DEMO, "1.0", reason='bad "quotes" & <tags>', by=an_origin())
    page = alice.get("/simple/demo-pkg/", headers={"accept": PIP}).json()
    times = [file.pop("upload-time") for file in page["files"]]
    assert all(re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", time) for time in times)
    metadata = page["files"][1]["core-metadata"]
    assert page == {
        "meta": {"api-version": "1.4", "_last-serial": 3},
        "name": "demo-pkg",
        "project-status": {"status": "active"},
        "versions": ["1.0", "1.1+corp.1"],
        "files": [
            {
                "filename": "demo_pkg-1.0.tar.gz",
                "url": "../../packages/demo-pkg/demo_pkg-1.0.tar.gz",
                "hashes": {"sha256": sdist.sha256},
                "core-metadata": False,
                "dist-info-metadata": False,
                "size": len(sdist.content),
                "yanked": 'bad "quotes" & <tags>',
                "provenance": None,
            },
            {
                "filename": "demo_pkg-1.1+corp.1-py3-none-any.whl",
                "url": "../../packages/demo-pkg/demo_pkg-1.1+corp.1-py3-none-any.whl",
                "hashes": {"sha256": wheel.sha256},
                "requires-python": ">=3.9,<4",
                "core-metadata": metadata,
                "dist-info-metadata": metadata,
                "size": len(wheel.content),
                "yanked": False,
                "provenance": None,
            },
        ],
    }


@pytest.mark.parametrize("accept", [JSON_TYPE, HTML_TYPE])
def test_another_reader_finds_the_same_in_both_forms(alice: Client, publish: Publish, accept: str) -> None:
    wheel = publish(a_wheel(requires_python="<4,>=3.9"))
    sdist = publish(an_sdist())
    publish(a_wheel(version="1!2.0"))
    publishing.yank(DEMO, "1.0", filename=sdist.filename, by=an_origin())
    publishing.yank(DEMO, "1.0", filename=wheel.filename, reason='"<&>', by=an_origin())
    publishing.set_status(DEMO, "deprecated", reason="use <another>", by=an_origin())
    page = _read(alice, "/simple/demo-pkg/", accept)
    assert page.repository_version == "1.4"
    assert (page.status, page.status_reason) == ("deprecated", "use <another>")
    found = {package.filename: package for package in page.packages}
    assert list(found) == [wheel.filename, sdist.filename, "demo_pkg-1!2.0-py3-none-any.whl"]
    mine = found[wheel.filename]
    assert mine.url == f"https://testserver/packages/demo-pkg/{wheel.filename}"
    assert mine.digests == {"sha256": wheel.sha256}
    assert mine.requires_python == "<4,>=3.9"
    assert (mine.is_yanked, mine.yanked_reason) == (True, '"<&>')
    assert (mine.has_metadata, found[sdist.filename].has_metadata) == (True, accept == HTML_TYPE and None)
    assert found[sdist.filename].is_yanked
    assert not found["demo_pkg-1!2.0-py3-none-any.whl"].is_yanked


def _read(client: Client, address: str, accept: str) -> ProjectPage:
    response = client.get(address, headers={"accept": accept})
    base = f"https://testserver{address}"
    if accept == JSON_TYPE:
        return ProjectPage.from_json_data(response.json(), base_url=base)
    return ProjectPage.from_html("demo-pkg", response.content, base_url=base)


def test_html_puts_one_link_on_a_line_and_the_serial_last(alice: Client, publish: Publish) -> None:
    wheel = publish(a_wheel(requires_python=">=3.9"))
    publishing.yank(DEMO, "1.0", by=an_origin())
    page = alice.get("/simple/demo-pkg/").content.decode()
    (link,) = [line.strip() for line in page.splitlines() if "<a " in line]
    assert link.startswith(f'<a href="../../packages/demo-pkg/{wheel.filename}#sha256={wheel.sha256}" ')
    assert 'data-requires-python="&gt;=3.9"' in link
    assert 'data-yanked=""' in link
    assert re.search(r'data-dist-info-metadata="(sha256=[0-9a-f]{64})" data-core-metadata="\1"', link)
    assert page.endswith("</html>\n<!--SERIAL 2-->\n")


def test_lists_every_project(alice: Client, publish: Publish) -> None:
    publish(a_wheel("zeta"))
    publish(a_wheel("Alpha.Beta"))
    response = alice.get("/simple/", headers={"accept": PIP})
    assert response["X-PyPI-Last-Serial"] == "2"
    assert response.json() == {
        "meta": {"api-version": "1.4", "_last-serial": 2},
        "projects": [{"name": "alpha-beta", "_last-serial": 2}, {"name": "zeta", "_last-serial": 1}],
    }
    html = alice.get("/simple/").content.decode()
    assert re.findall(r'<a href="(.*?)">(.*?)</a>', html) == [("alpha-beta/", "alpha-beta"), ("zeta/", "zeta")]


@pytest.mark.parametrize("accept", [JSON_TYPE, HTML_TYPE])
def test_an_empty_index_is_a_list_too(alice: Client, accept: str) -> None:
    response = alice.get("/simple/", headers={"accept": accept})
    assert response.status_code == 200
    assert b"<a " not in response.content


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("/simple", "simple/"),
        ("/simple/demo-pkg", "demo-pkg/"),
        ("/simple/Demo_Pkg", "demo-pkg/"),
        ("/simple/Demo__Pkg/", "../demo-pkg/"),
        ("/simple/demo.pkg/?format=text/html", "../demo-pkg/?format=text/html"),
        ("/simple/not.there/", "../not-there/"),
    ],
)
def test_redirects_to_the_normalised_address_relatively(alice: Client, address: str, location: str) -> None:
    response = alice.get(address)
    assert (response.status_code, response["Location"]) == (301, location)


@pytest.mark.parametrize("name", ["nobody", "a" * 3000, "-", "%20", "n%C3%A9e", "a%00b", "..%2Fetc"])
def test_answers_404_for_unknown_projects(alice: Client, name: str) -> None:
    response = alice.get(f"/simple/{name}/")
    assert response.status_code == 404
    assert response["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("address", ["/simple/", "/simple/demo-pkg/"])
@pytest.mark.parametrize("accept", [JSON_TYPE, HTML_TYPE])
def test_answers_304_until_something_changes(alice: Client, publish: Publish, address: str, accept: str) -> None:
    publish()
    first = alice.get(address, headers={"accept": accept})
    assert first["Cache-Control"] == "private, no-cache"
    known = {"accept": accept, "if-none-match": first["ETag"]}
    again = alice.get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    # pip takes the type that a gateway may give a 304 for that of the page it has kept.
    assert again["Content-Type"] == first["Content-Type"]
    assert again["ETag"] == first["ETag"]
    assert again["X-PyPI-Last-Serial"] == first["X-PyPI-Last-Serial"]
    publish(a_wheel(version="2.0"))
    changed = alice.get(address, headers=known)
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_every_representation_has_an_etag_of_its_own(alice: Client, publish: Publish, settings: Settings) -> None:
    publish()
    types = (JSON_TYPE, HTML_TYPE, "text/html")
    etags = {alice.get("/simple/demo-pkg/", headers={"accept": name})["ETag"] for name in types}
    # Another index, or this one begun anew, may reach the same serial with other files.
    settings.SECRET_KEY = "another index, with a secret of its own"
    etags |= {alice.get("/simple/demo-pkg/", headers={"accept": name})["ETag"] for name in types}
    assert len(etags) == 6


@pytest.mark.parametrize("address", ["/simple/", "/simple/demo-pkg/"])
def test_head_is_a_get_without_the_body(alice: Client, publish: Publish, address: str) -> None:
    publish()
    get, head = alice.get(address), alice.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.items()) == dict(get.items())
    assert head["Content-Length"] == str(len(get.content))


@pytest.mark.parametrize(
    "address",
    ["/legacy/%2Bsimple/demo-pkg/", "/legacy/+simple/demo-pkg/", "/simple/+simple/demo-pkg/", "/+simple/demo-pkg/"],
)
def test_hatch_finds_what_is_there_below_the_upload_address(alice: Client, publish: Publish, address: str) -> None:
    wheel = publish()
    page = alice.get(address).content.decode()
    assert re.findall("<a [^>]+>([^<]+)</a>", page) == [wheel.filename]
    (link,) = re.findall(r'href="([^"#]+)', page)
    # However deep the page lies, its links lead to the same files.
    assert ["..", "..", *[".."] * (address.strip("/").count("/") - 1)] == link.split("/")[:-3]
    assert alice.get("/legacy/+simple/nobody/").status_code == 404


@pytest.mark.parametrize("address", ["/simple/", "/simple/demo-pkg/", "/simple/nobody/", "/", "/pypi/demo-pkg/json"])
@pytest.mark.parametrize(
    "authorization",
    ["", "Basic !", "Basic YWxpY2U=", "Basic /////w==", "Bearer x", "nonsense", "Basic é", "Basic " + "A" * 9000],
)
def test_reading_needs_credentials(home: str, address: str, authorization: str) -> None:
    response = Client().get(address, headers={"authorization": authorization} if authorization else {})
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Basic ")


def test_reading_can_be_public(settings: Settings, publish: Publish) -> None:
    publish()
    settings.PUBLIC_READ = True
    assert Client().get("/simple/demo-pkg/").status_code == 200
    assert Client(headers={"authorization": "Basic d3Jvbmc6d3Jvbmc="}).get("/simple/demo-pkg/").status_code == 401


def test_json_keeps_letters_as_they_are(alice: Client, publish: Publish) -> None:
    publish()
    publishing.yank(DEMO, "1.0", reason="größer 😀", by=an_origin())
    body = alice.get("/simple/demo-pkg/", headers={"accept": JSON_TYPE}).content
    assert "größer 😀".encode() in body
    assert json.loads(body)["files"][0]["yanked"] == "größer 😀"
