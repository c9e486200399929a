"""``manage.py role``."""

import pytest
from django.core.management import CommandError

from packages import publishing
from tests.builders import a_wheel, an_origin
from tests.commands.conftest import Run


@pytest.fixture(autouse=True)
def demo(run: Run) -> None:
    """Projects of alice, and of nobody."""
    publishing.publish(a_wheel().received(), by=an_origin(), overwrite=False)
    bucket = an_origin("bucket", credential="bucket")
    publishing.publish(a_wheel("orphan").received(), by=bucket, overwrite=False)
    run("account", "create", "carol", "--role", "publisher")


def test_lists_the_roles_of_a_project(run: Run) -> None:
    assert run("role", "list", "Demo_Pkg") == "ACCOUNT  ROLE\nalice    owner\n"
    assert run("role", "list", "orphan") == "orphan has no owner: only administrators publish to it\n"


def test_grants_changes_and_revokes(run: Run) -> None:
    assert run("role", "grant", "Demo_Pkg", "carol", "maintainer") == "carol is maintainer of demo-pkg\n"
    assert run("role", "list", "demo-pkg") == "ACCOUNT  ROLE\nalice    owner\ncarol    maintainer\n"
    assert run("role", "grant", "demo-pkg", "carol", "owner") == "carol is owner of demo-pkg\n"
    assert run("role", "grant", "demo-pkg", "carol", "owner") == "carol is owner of demo-pkg\n"
    assert run("role", "grant", "orphan", "carol", "owner") == "carol is owner of orphan\n"
    assert run("role", "of", "carol") == "PROJECT   ROLE\ndemo-pkg  owner\norphan    owner\n"
    assert run("role", "revoke", "demo-pkg", "alice") == "alice has no role in demo-pkg any more\n"
    assert run("role", "list", "demo-pkg") == "ACCOUNT  ROLE\ncarol    owner\n"
    assert run("role", "of", "alice") == "alice has no role in any project\n"


@pytest.mark.parametrize("change", [("revoke", "demo-pkg", "alice"), ("grant", "demo-pkg", "alice", "maintainer")])
def test_keeps_the_last_owner_unless_told_otherwise(run: Run, change: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="'alice' is the last owner of the project demo-pkg: make somebody else"):
        run("role", *change)
    assert run("role", "list", "demo-pkg") == "ACCOUNT  ROLE\nalice    owner\n"
    run("role", *change, "--leave-ownerless")
    assert "owner" not in run("role", "of", "alice")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("list", "nothing"), "There is no project nothing"),
        (("grant", "nothing", "carol", "owner"), "There is no project nothing"),
        (("grant", "demo-pkg", "nobody", "owner"), "There is no account 'nobody'"),
        (("grant", "demo-pkg", "carol", "admin"), "invalid choice: 'admin'"),
        (("revoke", "demo-pkg", "carol"), "Account 'carol' has no role in the project demo-pkg"),
        (("of", "nobody"), "There is no account 'nobody'"),
        (("list", "x-"), "'x-' is not a project name"),
    ],
)
def test_refuses_in_a_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("role", *arguments)
