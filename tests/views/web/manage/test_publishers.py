"""All trusted publishers."""

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, publishing, trusted
from packages.access import Role
from tests.builders import a_wheel, an_origin
from tests.counting import Calls
from tests.issuer import GITHUB_FIELDS
from tests.views.web.manage.conftest import boxes, confirm, know_the_lists
from tests.views.web.seeing import seen

ADDRESS = "/manage/publishers/"
NEW = f"{ADDRESS}?new=yes&provider=gitlab"
GITLAB = {"namespace": "group/sub", "project": "demo", "workflow_filepath": ".gitlab-ci.yml"}
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)


def test_all_are_listed_and_removed(browser: Client) -> None:
    publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
    there = trusted.register(NormalizedName("demo-pkg"), "github", GITHUB_FIELDS, by=an_origin())
    new = trusted.register(NormalizedName("new"), "gitlab", GITLAB, by=an_origin(), owner="bob")
    keys = [f"demo-pkg/{there.id}", f"new/{new.id}"]
    page = seen(browser.get(ADDRESS))
    assert boxes(page) == keys
    assert "new pending The pipeline .gitlab-ci.yml of group/sub/demo GitLab CI/CD https://gitlab.com" in page.text
    assert page.links["demo-pkg"] == "/project/demo-pkg/manage/publishers/"
    for filters, number in {
        "kind=gitlab": 1,
        "state=pending": 1,
        "state=there": 0,
        "by=alice": 0,
        "q=demo-pkg": 0,
    }.items():
        assert boxes(seen(browser.get(f"{ADDRESS}?{filters}"))) == [keys[number]], filters
    page = seen(browser.post(ADDRESS, {"one": f"remove {keys[0]}"}))
    assert "for demo-pkg" in page.headings[0][1]
    assert confirm(browser, ADDRESS, page).status_code == 302
    page = seen(browser.post(ADDRESS, {"action": "remove", "row": keys}))
    assert confirm(browser, ADDRESS, page).status_code == 302
    assert "There is no trusted publisher" in seen(browser.get(ADDRESS)).text


def test_one_is_registered_for_a_name_that_nobody_has(browser: Client) -> None:
    accounts.create("carol", role=Role.PUBLISHER, by=an_origin())
    response = browser.post(NEW, {"for-name": "Brand.New", "for-owner": "carol", **GITLAB})
    assert response.status_code == 302, response.content
    page = seen(browser.get(response["Location"]))
    assert "may publish brand-new now, and creates the project for carol." in page.text
    (info,) = trusted.publishers_of(NormalizedName("brand-new"), an_origin().actor)
    assert (info.pending, info.registered_by, info.fields) == (True, "carol", GITLAB)
    page = seen(browser.post(NEW, {"for-name": "brand-new", "for-owner": "carol", **GITLAB}), status=409)
    assert "This publisher is registered already" in page.text


@ON_ONE_MACHINE
@pytest.mark.parametrize(
    ("changes", "status", "sentence"),
    [
        ({"for-name": ""}, 400, "This field is required."),
        ({"for-name": "<b>"}, 400, "This cannot be the name of a project"),
        ({"for-owner": "nobody"}, 404, "There is no account 'nobody'."),
        ({"for-owner": "rita"}, 400, "its role is 'reader'"),
        ({"for-name": "demo-pkg", "for-owner": "bob"}, 400, "an owner is not to be named"),
        ({"namespace": " group"}, 400, "'namespace' is"),
        ({"project": ""}, 400, "This field is required."),
    ],
)
def test_it_refuses_what_cannot_be_registered(
    browser: Client, changes: dict[str, str], status: int, sentence: str
) -> None:
    publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
    accounts.create("rita", role=Role.READER, by=an_origin())
    page = seen(browser.post(NEW, {"for-name": "new", "for-owner": "", **GITLAB, **changes}), status=status)
    assert sentence in page.text


@ON_ONE_MACHINE
def test_a_provider_is_chosen_first(browser: Client, settings: Settings) -> None:
    assert browser.post(f"{ADDRESS}?new=yes&provider=myspace", {}).status_code == 400
    page = seen(browser.get(f"{ADDRESS}?new=yes"))
    assert page.links["GitHub Actions"] == "?new=yes&provider=github"
    settings.TRUSTED_PUBLISHING = False
    assert "Trusted publishing is switched off" in seen(browser.get(ADDRESS)).text


@ON_AWS
def test_a_list_costs_two_reads(browser: Client, calls: Calls) -> None:
    trusted.register(NormalizedName("new"), "github", GITHUB_FIELDS, by=an_origin())
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}
