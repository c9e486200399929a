"""The front page and the search."""

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import publishing
from tests.builders import a_wheel, an_origin
from tests.conftest import Publish
from tests.views.web.conftest import As
from tests.views.web.seeing import Seen, seen

ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def found(page: Seen) -> list[str]:
    """The projects that a page leads to, in their order."""
    prefix = "/project/"
    return [address.removeprefix(prefix).rstrip("/") for address in page.links.values() if address.startswith(prefix)]


def test_the_front_page_shows_what_there_is_and_how_to_use_it(
    browser: Client, publish: Publish, settings: Settings
) -> None:
    settings.STAGE = "dev"
    publish(a_wheel("First.One", "1.0", summary="The first one"))
    publish(a_wheel("second", "2.0"))
    response = browser.get("/")
    page = seen(response)
    assert found(page) == ["second", "first-one"]
    assert "First.One 1.0 The first one" in page.text
    assert "projects 2 releases 2 files 2" in page.text
    assert page.commands == [
        "pip install --index-url http://testserver/simple/ NAME",
        "uv add --index elastic-pypi-dev=http://testserver/simple/ NAME",
        "poetry source add --priority=explicit elastic-pypi-dev http://testserver/simple/\n"
        "poetry add --source elastic-pypi-dev NAME",
        "--index-url http://testserver/simple/\nNAME",
        "pip install --index-url http://__token__:TOKEN@testserver/simple/ NAME",
        "machine testserver\nlogin __token__\npassword TOKEN",
        "export UV_INDEX_ELASTIC_PYPI_DEV_USERNAME=__token__\nexport UV_INDEX_ELASTIC_PYPI_DEV_PASSWORD=TOKEN",
        "poetry config http-basic.elastic-pypi-dev __token__ TOKEN",
        "twine upload --repository-url http://testserver/legacy/ dist/*",
        "uv publish --publish-url http://testserver/legacy/",
    ]
    assert "(dev)" in page.text
    assert page.links["Make a token"] == "/account/tokens/"
    assert "default-src 'none'" in response["Content-Security-Policy"]


def test_the_front_page_is_for_tools_too(alice: Client) -> None:
    assert "pip install --index-url http://testserver/simple/ NAME" in alice.get("/").content.decode()


@ON_ONE_MACHINE
@pytest.mark.parametrize("on_lambda", [True, False])
def test_the_front_page_says_how_large_files_get_past_lambda(
    browser: Client, settings: Settings, on_lambda: bool
) -> None:
    settings.ON_LAMBDA = on_lambda
    command = "twine upload-direct --repository-url http://testserver/legacy/ dist/*"
    assert (command in seen(browser.get("/")).commands) is on_lambda


@ON_ONE_MACHINE
def test_addresses_are_those_that_people_reach(browser: Client, publish: Publish, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://packages.example.org/pypi/"
    assert "pip install --index-url https://packages.example.org/pypi/simple/ NAME" in seen(browser.get("/")).commands


def test_an_empty_index_says_what_to_do_first(browser: Client, as_: As) -> None:
    page = seen(browser.get("/"))
    assert (2, "Nothing has been published yet") in page.headings
    assert page.links["Upload files"] == "/upload/"
    assert "twine upload --repository-url http://testserver/legacy/ dist/*" in page.commands
    reader = seen(as_("rita", "reader").get("/"))
    assert "Your account may install, not publish" in reader.text
    assert "Upload files" not in reader.links
    assert not [command for command in reader.commands if "legacy" in command]


def test_strangers_are_asked_to_log_in(visitor: Client, publish: Publish) -> None:
    publish()
    for address in ("/search/?q=demo", "/project/demo-pkg/", "/project/demo-pkg/1.0/", "/project/nothing/"):
        response = visitor.get(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith("/login/?next=%2F"), address
    assert visitor.get("/")["Location"] == "/login/"


def test_everybody_reads_where_everybody_may(visitor: Client, publish: Publish, settings: Settings) -> None:
    publish(a_wheel(summary="For all"))
    settings.PUBLIC_READ = True
    assert found(seen(visitor.get("/"))) == ["demo-pkg"]
    assert found(seen(visitor.get("/search/"))) == ["demo-pkg"]
    page = seen(visitor.get("/project/demo-pkg/"))
    # Names of accounts are half of what it takes to log in.
    assert "alice" not in page.text
    # Nobody is asked who they are.
    assert not [command for command in page.commands if "TOKEN" in command]
    assert "Make a token" not in page.links
    assert "Manage demo-pkg" not in page.links


def test_finds_projects_by_name_and_summary(browser: Client, publish: Publish) -> None:
    publish(a_wheel("grape-juice", summary="A drink"))
    publish(a_wheel("press", summary="Makes juice of grapes"))
    publish(a_wheel("unrelated"))
    assert found(seen(browser.get("/search/?q=JUICE"))) == ["grape-juice", "press"]
    page = seen(browser.get("/search/?q=drink"))
    assert found(page) == ["grape-juice"]
    assert "1 project matches “drink”." in page.text
    assert [values["value"] for tag, values in page.tags if values.get("id") == "find"] == ["drink"]
    assert found(seen(browser.get("/search/"))) == ["grape-juice", "press", "unrelated"]


@ON_ONE_MACHINE
def test_gives_the_results_alone_for_a_search_as_one_types(browser: Client, publish: Publish) -> None:
    publish()
    page = Seen(browser.get("/search/?q=demo&part=results").content.decode())
    assert found(page) == ["demo-pkg"]
    assert page.text.startswith("1 project matches “demo”.")
    assert not {"html", "main", "form"} & {tag for tag, _ in page.tags}
    # Said aloud: how many there are, and not each of them.
    live = [values["aria-live"] for _, values in seen(browser.get("/search/?q=demo")).tags if "aria-live" in values]
    assert live == ["polite", "off"]


def test_the_front_page_finds_too(browser: Client, publish: Publish) -> None:
    publish(a_wheel("grape-juice"))
    publish(a_wheel("unrelated"))
    response = browser.get("/?q=%20grape%20%20JUICE")
    page = seen(response)
    assert "1 project matches “grape JUICE”." in page.text
    assert "<title>grape JUICE " in response.content.decode()
    # What is found comes first; the rest is there for whoever clears the field.
    leads = [values["href"] for tag, values in page.tags if tag == "a" and values["href"].startswith("/project/")]
    assert leads == ["/project/grape-juice/", "/project/unrelated/", "/project/grape-juice/"]
    assert (2, "Recently published") in page.headings
    assert [values["value"] for tag, values in page.tags if values.get("id") == "find"] == ["grape JUICE"]
    for query in ("", "?q=", "?q=%20"):
        assert '<div id="results" aria-live="polite"></div>' in browser.get(f"/{query}").content.decode()
    assert (2, "No project matches “<b>”") in seen(browser.get("/?q=<b>")).headings


@ON_ONE_MACHINE
def test_nothing_found_is_said(browser: Client, publish: Publish) -> None:
    publish()
    page = seen(browser.get("/search/?q=<b>nobody"))
    assert (2, "No project matches “<b>nobody”") in page.headings
    assert page.links["List all projects"] == "/search/"


@ON_ONE_MACHINE
def test_an_empty_index_has_nothing_to_search(browser: Client) -> None:
    assert (2, "There is no project yet") in seen(browser.get("/search/")).headings


@ON_ONE_MACHINE
def test_goes_from_page_to_page(browser: Client, publish: Publish) -> None:
    for number in range(101):
        publish(a_wheel(f"demo-{number:03}"))
    first = seen(browser.get("/search/?q=demo"))
    assert found(first) == [f"demo-{number:03}" for number in range(50)]
    assert first.links["Next"] == first.links["Page 2"] == "/search/?q=demo&page=2"
    assert first.links["Page 3"] == "/search/?q=demo&page=3"
    assert "1\u201350 of 101 projects" in first.text
    current = [values for _, values in first.tags if "aria-current" in values]
    assert [(values["href"], values["aria-current"]) for values in current] == [("/search/?q=demo&page=1", "page")]
    # The list goes into other pages, and its links lead to a whole page.
    part = Seen(browser.get("/search/?q=demo&part=results").content.decode())
    assert part.links["Next"] == "/search/?q=demo&page=2"
    last = seen(browser.get("/search/?q=demo&page=3"))
    assert found(last) == ["demo-100"]
    assert "Next" not in last.links


@ON_ONE_MACHINE
@pytest.mark.parametrize(
    ("wanted", "number"),
    [("", 1), ("0", 1), ("-1", 1), ("x", 1), ("²", 1), ("٢", 2), ("99", 2), ("9" * 5000, 1), ("1.0", 1)],
)
def test_a_page_that_is_not_there_is_the_nearest_one(
    browser: Client, publish: Publish, monkeypatch: pytest.MonkeyPatch, wanted: str, number: int
) -> None:
    monkeypatch.setattr("packages.views.web.browse.PAGE_SIZE", 1)
    publish(a_wheel("one"))
    publish(a_wheel("two"))
    assert found(seen(browser.get("/search/", {"page": wanted}))) == [["one"], ["two"]][number - 1]


@ON_ONE_MACHINE
@pytest.mark.parametrize(
    "query", ["\0", "\ud800".encode("utf-8", "replace").decode(), "%", "'", '"><svg onload=x>', "x" * 5000]
)
def test_any_text_can_be_searched(browser: Client, publish: Publish, query: str) -> None:
    publish()
    assert found(seen(browser.get("/search/", {"q": query}))) == []


def test_the_front_page_shows_what_was_published_last(browser: Client, publish: Publish) -> None:
    for version in ("26.1", "24.2"):
        publish(a_wheel("attrs", version))
    page = seen(browser.get("/"))
    assert "attrs 24.2" in page.text
    assert found(page) == ["attrs/24.2"]
    # What people want of it is on its own page.
    assert "attrs 26.1" in seen(browser.get("/search/")).text


@ON_ONE_MACHINE
@pytest.mark.parametrize("address", ["/", "/search/"])
def test_titles_are_short(browser: Client, publish: Publish, address: str) -> None:
    publish()
    page = browser.get(address, {"q": "x" * 150}).content.decode()
    assert f"<title>{'x' * 59}… \u2013 search · " in page


@ON_ONE_MACHINE
def test_people_are_led_to_pages_for_people(browser: Client) -> None:
    assert "/health/" not in seen(browser.get("/")).links.values()


def test_what_is_quarantined_or_removed_is_not_found(browser: Client, as_: As, publish: Publish) -> None:
    publish(a_wheel("bad-one"))
    publish(a_wheel("old-one"))
    publish(a_wheel("good-one"))
    publishing.set_status(NormalizedName("bad-one"), "quarantined", by=an_origin())
    publishing.remove(NormalizedName("old-one"), by=an_origin())
    assert found(seen(as_("rita", "reader").get("/search/?q=one"))) == ["good-one"]
    assert found(seen(browser.get("/"))) == ["good-one"]
    # Who may end a quarantine finds what is under it.
    page = seen(browser.get("/search/?q=one"))
    assert found(page) == ["bad-one", "good-one"]
    assert "bad-one 1.0 quarantined" in page.text


@ON_ONE_MACHINE
@pytest.mark.parametrize("address", ["/search/", "/project/demo-pkg/", "/project/demo-pkg/1.0/"])
def test_nothing_is_changed_here(browser: Client, address: str) -> None:
    assert browser.post(address).status_code == 405
