"""How often the pages for reading go to the index: counted on the wire to AWS, where each call costs."""

import pytest
from django.test import Client

from tests.builders import a_wheel
from tests.conftest import Publish
from tests.counting import Calls
from tests.views.web.seeing import seen

pytestmark = pytest.mark.parametrize("home", ["aws"], indirect=True)

# The session's account; and whether the list of projects has changed.
SESSION_AND_LIST = {"BatchGetItem": 1, "GetItem": 1}


def test_the_front_page_and_the_search_are_two_reads(browser: Client, publish: Publish, calls: Calls) -> None:
    for name in ("one", "two", "three"):
        publish(a_wheel(name))
    # Here the list is made.
    browser.get("/")
    calls.since()
    for address in ("/", "/?q=one", "/search/", "/search/?q=one", "/search/?q=one&part=results", "/search/?page=9"):
        assert browser.get(address).status_code == 200
        assert calls.since() == SESSION_AND_LIST, address


def test_a_project_is_four_reads_and_its_rows(browser: Client, publish: Publish, calls: Calls) -> None:
    for version in ("1.0", "2.0"):
        publish(a_wheel(version=version, requires_dist=["one", "two>=2"]))
    browser.get("/project/demo-pkg/")
    calls.since()
    for address in ("/project/demo-pkg/", "/project/demo-pkg/?releases=all", "/project/demo-pkg/1.0/"):
        seen(browser.get(address))
        # The session's account, and at once all projects that it depends on; the project, and what its release says.
        assert calls.since() == {"BatchGetItem": 2, "GetItem": 2, "Query": 1}, address


def test_no_list_is_made_for_a_project(browser: Client, publish: Publish, calls: Calls) -> None:
    publish(a_wheel(requires_dist=[f"dependency-{number}" for number in range(300)]))
    calls.since()
    page = seen(browser.get("/project/demo-pkg/"))
    assert calls.since() == {"BatchGetItem": 2, "GetItem": 2, "Query": 1}
    # Of those that were not looked for, nothing is said.
    assert page.text.count("(not in this index)") == 100


def test_nothing_is_read_in_vain(browser: Client, visitor: Client, publish: Publish, calls: Calls) -> None:
    publish()
    browser.get("/project/demo-pkg/")
    calls.since()
    # It depends on nothing.
    browser.get("/project/demo-pkg/")
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 2, "Query": 1}
    assert browser.get("/project/nobody/").status_code == 404
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}
    assert browser.get("/project/-/").status_code == 404
    assert calls.since() == {"BatchGetItem": 1}
    for address in ("/", "/search/", "/project/demo-pkg/", "/project/demo-pkg/1.0/"):
        assert visitor.get(address).status_code == 302
    assert calls.since() == {}
