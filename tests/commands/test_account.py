"""``manage.py account``."""

import getpass
import json
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from packaging.utils import NormalizedName

from packages import accounts, catalog, publishing
from packages.access import ProjectRole, Role
from packages.errors import NotAuthenticated
from packages.models import Account
from packages.store import Put, store
from tests.builders import a_wheel, an_origin
from tests.commands.conftest import Run

DEMO = NormalizedName("demo-pkg")
ONCE = r"\n  user      carol\n  password  (\w{32})\n\n  The password is shown this once only: keep it.\n"


def knows(name: str, password: str) -> bool:
    try:
        accounts.identify(name, password, an_origin())
    except NotAuthenticated:
        return False
    return True


@pytest.fixture
def carol(run: Run) -> str:
    """The password of an account that publishes."""
    match = re.search(ONCE, run("account", "create", "carol", "--role", "publisher"))
    assert match
    return match[1]


@pytest.fixture
def demo(carol: str) -> None:
    """A project of hers."""
    publishing.publish(a_wheel().received(), by=an_origin("carol", "publisher"), overwrite=False)


class TestCreate:
    def test_makes_a_password_and_shows_it_once(self, run: Run) -> None:
        said = run("account", "create", "carol", "--role", "publisher")
        match = re.fullmatch(r"account carol: created, publisher\n" + ONCE, said)
        assert match
        assert knows("carol", match[1])
        assert match[1] not in run("account", "list") + run("account", "show", "carol") + run("journal", "list")

    @pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\nthe rest of a file\n"])
    def test_takes_a_password_from_the_standard_input(
        self, run: Run, type_in: Callable[[bytes], None], end: bytes
    ) -> None:
        type_in(" spaces belong to ït ".encode() + end)
        said = run("account", "create", "carol", "--role", "reader", "--password-stdin")
        assert said == "account carol: created, reader\n"
        assert knows("carol", " spaces belong to ït ")

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            (b"", "too short. It must contain at least 10 characters"),
            (b"\n", "too short. It must contain at least 10 characters"),
            (b"1234567890123", "This password is entirely numeric"),
            (b"x" * 1_000_000, "too long: 1024 characters are the most"),
            (b"\xff" * 12, "is not UTF-8"),
        ],
    )
    def test_refuses_a_bad_password(
        self, run: Run, type_in: Callable[[bytes], None], given: bytes, sentence: str
    ) -> None:
        type_in(given)
        with pytest.raises(CommandError, match=sentence):
            run("account", "create", "carol", "--role", "reader", "--password-stdin")
        assert "carol" not in run("account", "list")

    def test_asks_for_a_password_at_a_terminal(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        typed = iter(["a good password", "a good password", "a good password", "a god password"])
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
        assert run("account", "create", "carol", "--role", "reader", "--prompt") == "account carol: created, reader\n"
        assert knows("carol", "a good password")
        with pytest.raises(CommandError, match="The two passwords are not the same"):
            run("account", "password", "carol", "--prompt")

    def test_asks_nobody_where_there_is_no_terminal(self, run: Run, type_in: Callable[[bytes], None]) -> None:
        type_in(b"a good password\na good password\n")
        with pytest.raises(CommandError, match="no terminal to ask at: leave out --prompt, or use --password-stdin"):
            run("account", "create", "carol", "--role", "reader", "--prompt")

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("carol",), "the following arguments are required: --role"),
            (("carol", "--role", "owner"), r"invalid choice: 'owner' \(choose from 'reader', 'publisher', 'admin'\)"),
            (("Carol", "--role", "reader"), "'Carol' cannot be the name of an account: use up to 64 lower-case"),
            (("operator", "--role", "admin"), "'operator' cannot be the name of an account"),
            (("alice", "--role", "admin"), "There is an account 'alice' already: the settings name it"),
            (("carol", "--role", "reader", "--password-stdin", "--prompt"), "not allowed with argument"),
            (("carol", "secret", "--role", "reader"), "unrecognized arguments: secret"),
        ],
    )
    def test_refuses_in_a_sentence(self, run: Run, arguments: tuple[str, ...], sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            run("account", "create", *arguments)

    def test_refuses_a_second_one_of_the_name(self, run: Run, carol: str) -> None:
        with pytest.raises(CommandError, match="There is an account 'carol' already"):
            run("account", "create", "carol", "--role", "admin")
        assert knows("carol", carol)


class TestShow:
    def test_lists_everybody(self, run: Run, carol: str) -> None:
        # As the first account was kept before there were lists of accounts.
        store().write(Put(item=Account(*Account.key("admin"), name="admin", password_sha256="0" * 64)))
        run("account", "disable", "carol")
        lines = [re.split(r"\s{2,}", line) for line in run("account", "list").splitlines()]
        made = lines[-1].pop()
        assert lines == [
            ["ACCOUNT", "ROLE", "STATE", "CREATED"],
            ["alice", "admin", "of the settings"],
            ["bob", "admin", "of the settings"],
            ["admin", "admin", "enabled"],
            ["carol", "publisher", "disabled"],
        ]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", made)

    def test_lists_everybody_as_json(self, run: Run, carol: str) -> None:
        alice, _, person = [json.loads(line) for line in run("account", "list", "--json").splitlines()]
        assert alice == {"name": "alice", "role": "admin", "disabled": False, "fixed": True, "created": None}
        assert person.pop("created").endswith("Z")
        assert person == {"name": "carol", "role": "publisher", "disabled": False, "fixed": False}

    @pytest.mark.usefixtures("demo")
    def test_shows_one_with_projects_and_tokens(self, run: Run) -> None:
        run("token", "create", "carol", "--scope", "read")
        said = run("account", "show", "carol")
        assert re.fullmatch(
            r"account   carol\nrole      publisher\nstate     enabled\ncreated   .* UTC\n"
            r"projects  demo-pkg \(owner\)\ntokens    1\n",
            said,
        )
        shown = json.loads(run("account", "show", "carol", "--json"))
        assert (shown["projects"], shown["tokens"]) == ({"demo-pkg": "owner"}, 1)

    def test_shows_one_of_the_settings(self, run: Run) -> None:
        said = run("account", "show", "bob")
        assert said == "account   bob\nrole      admin\nstate     of the settings\nprojects  none\ntokens    0\n"


class TestChange:
    def test_changes_the_role(self, run: Run, carol: str) -> None:
        assert run("account", "role", "carol", "reader") == "account carol: its role is reader\n"
        assert accounts.identify("carol", carol, an_origin()).role is Role.READER

    def test_disables_and_enables(self, run: Run, carol: str) -> None:
        assert run("account", "disable", "carol") == "account carol: disabled\n"
        assert not knows("carol", carol)
        assert run("account", "enable", "carol") == "account carol: enabled\n"
        assert knows("carol", carol)

    def test_gives_a_new_password(self, run: Run, carol: str, type_in: Callable[[bytes], None]) -> None:
        match = re.fullmatch(r"account carol: has a new password\n" + ONCE, run("account", "password", "carol"))
        assert match
        assert (knows("carol", carol), knows("carol", match[1])) == (False, True)
        type_in(b"her own password\n")
        assert run("account", "password", "carol", "--password-stdin") == "account carol: has a new password\n"
        assert (knows("carol", match[1]), knows("carol", "her own password")) == (False, True)

    @pytest.mark.parametrize("change", [("role", "NAME", "reader"), ("disable", "NAME"), ("password", "NAME")])
    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("nobody", "There is no account 'nobody'"),
            ("\u0430lice", "There is no account '.u0430lice'"),
            ("alice", "The account 'alice' is one of the settings'"),
        ],
    )
    def test_refuses_others(self, run: Run, change: tuple[str, ...], name: str, sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            run("account", *[name if word == "NAME" else word for word in change])


class TestDelete:
    def test_deletes_with_tokens(self, run: Run, carol: str) -> None:
        secret = run("token", "create", "carol", "--scope", "read", "--quiet").strip()
        assert run("account", "delete", "carol") == "account carol: deleted\n"
        assert not knows("carol", carol)
        with pytest.raises(NotAuthenticated):
            accounts.authenticate(secret, an_origin())
        assert "carol" not in run("account", "list")

    @pytest.mark.usefixtures("demo")
    def test_names_the_projects_that_would_lose_it(self, run: Run, carol: str) -> None:
        with pytest.raises(CommandError, match="The account 'carol' still has a role in demo-pkg: take it away first"):
            run("account", "delete", "carol")
        assert knows("carol", carol)

    @pytest.mark.usefixtures("demo")
    def test_leaves_projects_without_an_owner_if_told_so(self, run: Run) -> None:
        said = run("account", "delete", "carol", "--leave-ownerless")
        assert said == "account carol: no owner of demo-pkg any more\naccount carol: deleted\n"
        project = catalog.find_project(DEMO)
        assert publishing.roles_of(project) == {}
        assert [file.uploader for file in catalog.files_of(project)] == ["carol"]

    @pytest.mark.usefixtures("demo")
    def test_leaves_an_account_of_the_settings_its_roles(self, run: Run) -> None:
        run("role", "grant", "demo-pkg", "alice", "owner")
        with pytest.raises(CommandError, match="is one of the settings'"):
            run("account", "delete", "alice", "--leave-ownerless")
        assert publishing.roles_of(catalog.find_project(DEMO))["alice"] is ProjectRole.OWNER


def test_knows_who_runs_it_where_users_have_no_name(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown(uid: int) -> Any:
        raise KeyError(uid)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    call_command("account", "create", "carol", "--role", "reader")
    entry = json.loads(run("journal", "list", "--json"))
    assert re.fullmatch(r"manage\.py, user \d+ on .+", entry["agent"])
