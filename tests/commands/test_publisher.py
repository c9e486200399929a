"""``manage.py publisher``."""

import json
import re

import pytest
from django.core.management import CommandError

from packages import publishing
from tests.builders import a_wheel, an_origin
from tests.commands.conftest import Run

JOB = [
    "repository_owner=octo-org",
    "repository=demo",
    "repository_owner_id=583231",
    "workflow_filename=release.yml",
    "environment=pypi",
]


@pytest.fixture(autouse=True)
def carol(run: Run) -> None:
    run("account", "create", "carol", "--role", "publisher")
    publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)


def test_adds_lists_and_removes_a_publisher(run: Run) -> None:
    said = run("publisher", "add", "Demo_Pkg", "github", *JOB)
    match = re.fullmatch(r"publisher ([0-9a-f]{16}) of demo-pkg: added\n", said)
    assert match

    shown = run("publisher", "list", "demo-pkg")
    assert shown.count("\n") == 2
    assert "https://token.actions.githubusercontent.com" in shown
    assert "repository=demo" in shown
    (info,) = [json.loads(line) for line in run("publisher", "list", "demo-pkg", "--json").splitlines()]
    assert info["id"] == match[1]
    assert info["fields"] == dict(field.split("=") for field in JOB)
    assert (info["provider"], info["pending"], info["registered_by"]) == ("github", False, "operator")

    assert run("publisher", "remove", "demo-pkg", match[1]) == f"publisher {match[1]} of demo-pkg: removed\n"
    assert run("publisher", "list", "demo-pkg") == "demo-pkg has no trusted publisher\n"
    with pytest.raises(CommandError, match="has no trusted publisher"):
        run("publisher", "remove", "demo-pkg", match[1])


def test_adds_a_publisher_of_a_project_that_is_not_there_yet(run: Run) -> None:
    with pytest.raises(CommandError, match="say which account it will belong to"):
        run("publisher", "add", "new", "github", *JOB)
    said = run("publisher", "add", "new", "github", *JOB, "--owner", "carol")
    assert said.endswith(": added; new is not there yet, and will belong to carol\n")
    assert "creates it for carol" in run("publisher", "list", "new")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["demo-pkg", "svn", "sub=x"], "invalid choice: 'svn'"),
        (["demo-pkg", "github", "repository"], "'repository' is not FIELD=VALUE"),
        (["demo-pkg", "github", *JOB, "repository=x"], "A field is given twice"),
        (["demo-pkg", "github", *JOB[1:]], "'repository_owner' is ''"),
        (["demo-pkg", "oidc", "sub=x"], "trusts no issuer of the kind 'oidc'"),
        (["demo-pkg", "github", *JOB, "--issuer", "https://other.example"], "is not among the issuers"),
        (["demo-pkg", "github", *JOB, "--owner", "carol"], "has its owners"),
        (["a b", "github", *JOB], "is not a project name"),
    ],
)
@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_refuses(run: Run, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError) as caught:
        run("publisher", "add", *arguments)
    assert says in str(caught.value)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_takes_the_number_of_a_gitlab_namespace(run: Run) -> None:
    job = ["namespace=group/sub", "project=demo", "workflow_filepath=.gitlab-ci.yml", "namespace_id=9970"]
    run("publisher", "add", "demo-pkg", "gitlab", *job)
    assert "namespace_id=9970" in run("publisher", "list", "demo-pkg")
