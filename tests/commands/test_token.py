"""``manage.py token``."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

from packages import accounts
from packages.access import Scope
from packages.errors import NotAuthenticated
from packages.journal import Origin
from tests.builders import an_origin
from tests.commands.conftest import Run

SECRET = r"epypi_[0-9A-Za-z]{49}"


@pytest.fixture(autouse=True)
def carol(run: Run) -> None:
    run("account", "create", "carol", "--role", "publisher")


def now() -> Origin:
    return an_origin(time=timezone.now())


def test_shows_the_secret_once_alone_on_its_line(run: Run) -> None:
    said = run("token", "create", "carol", "--scope", "publish", "--scope", "read")
    match = re.fullmatch(
        r"token ([0-9a-f]{16}) of carol: read, publish; every project; expires never\n\n"
        rf"({SECRET})\n\nThis is shown this once only: keep it. It is the password of the user name __token__.\n",
        said,
    )
    assert match
    actor = accounts.authenticate(match[2], now())
    assert (actor.name, actor.credential) == ("carol", f"token {match[1]}")
    assert match[2] not in run("token", "list", "carol", "--json") + run("journal", "list")


def test_limits_a_token(run: Run) -> None:
    options = ["--project", "Demo_Pkg", "--project", "other", "--expires", "2199-01-31"]
    with pytest.raises(CommandError, match="expires in the future, and within ten years"):
        run("token", "create", "carol", "--scope", "publish", *options)
    options[-1] = f"{timezone.now() + timedelta(days=400):%Y-%m-%d}"
    secret = run("token", "create", "carol", "--scope", "publish", *options, "--quiet")
    assert re.fullmatch(SECRET + "\n", secret)
    limits = accounts.authenticate(secret.strip(), now()).limits
    assert limits
    assert (limits.scopes, limits.projects) == ({Scope.PUBLISH}, {"demo-pkg", "other"})
    (token,) = [json.loads(line) for line in run("token", "list", "carol", "--json").splitlines()]
    assert token["expires"] == f"{options[-1]}T00:00:00Z"


def test_ends_after_days(run: Run) -> None:
    secret = run("token", "create", "carol", "--scope", "read", "--expires-in-days", "7", "--quiet").strip()
    later = timezone.now() + timedelta(days=7)
    accounts.authenticate(secret, an_origin(time=later - timedelta(minutes=1)))
    with pytest.raises(NotAuthenticated, match="expired on"):
        accounts.authenticate(secret, an_origin(time=later))


def test_lists_and_revokes(run: Run) -> None:
    secret = run("token", "create", "carol", "--scope", "read", "--description", "laptop", "--quiet").strip()
    accounts.authenticate(secret, an_origin(time=datetime(2026, 11, 23, 12, 0, tzinfo=UTC)))
    head, row = [re.split(r"\s{2,}", line) for line in run("token", "list", "carol").splitlines()]
    assert head == ["ID", "SCOPES", "PROJECTS", "CREATED", "EXPIRES", "LAST USED", "DESCRIPTION"]
    assert row[1:3] + row[4:] == ["read", "every project", "never", "2026-11-23 12:00 UTC", "laptop"]
    assert run("token", "revoke", row[0]) == f"token {row[0]}: revoked\n"
    assert run("token", "list", "carol", "--json") == ""
    with pytest.raises(NotAuthenticated):
        accounts.authenticate(secret, now())
    with pytest.raises(CommandError, match=f"There is no token '{row[0]}'"):
        run("token", "revoke", row[0])


def test_serves_an_account_of_the_settings(run: Run) -> None:
    secret = run("token", "create", "alice", "--scope", "manage", "--quiet").strip()
    assert accounts.authenticate(secret, now()).name == "alice"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody", "--scope", "read"), "There is no account 'nobody'"),
        (("carol",), "the following arguments are required: --scope"),
        (("carol", "--scope", "write"), "invalid choice: 'write'"),
        (("carol", "--scope", "read", "--project", "x-"), "'x-' is not a project name"),
        (("carol", "--scope", "read", "--expires-in-days", "0"), "'0' is not a number of days from 1 to 3660"),
        (("carol", "--scope", "read", "--expires-in-days", "3661"), "is not a number of days"),
        (("carol", "--scope", "read", "--expires-in-days", "²"), "is not a number of days"),
        (("carol", "--scope", "read", "--expires", "31.1.2027"), "'31.1.2027' is not a day, as in 2027-01-31"),
        (("carol", "--scope", "read", "--expires", "2020-01-31"), "A token expires in the future"),
        (("carol", "--scope", "read", "--expires", "2030-01-31", "--expires-in-days", "1"), "not allowed with"),
        (("carol", "--scope", "read", "--description", "two\nlines"), "A description is one line"),
    ],
)
def test_refuses_in_a_sentence(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        run("token", "create", *arguments)
    assert run("token", "list", "carol", "--json") == ""
