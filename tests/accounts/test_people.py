"""The accounts themselves: who makes, changes and deletes them, and what follows at once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, journal, publishing
from packages.access import ANONYMOUS, BUCKET, OPERATOR, Actor, Limits, ProjectRole, Role, Scope
from packages.accounts import FIRST_NAME, Person
from packages.accounts.memory import memory
from packages.errors import Conflict, InvalidRequest, NotAllowed, NotAuthenticated, NotFound
from packages.journal import Origin
from packages.models import Account, AccountEntry, Token, TokenEntry
from packages.store import Delete, Put, Store, store
from pypi_project.settings import FixedAccount
from tests.accounts.conftest import ADMIN, PASSWORD, VISITOR
from tests.builders import NOON, a_wheel, an_origin
from tests.conftest import basic
from tests.threads import all_at_once

pytestmark = pytest.mark.usefixtures("home")

DEMO = NormalizedName("demo-pkg")
LATER = NOON + timedelta(hours=1)
COMMAND = Origin(actor=OPERATOR, time=NOON)
CAROL = an_origin("carol", "publisher")
EVERY_SCOPE = frozenset(Scope)


def names(by: Actor = ADMIN.actor) -> list[str]:
    return [person.name for person in accounts.everybody(by)]


def opens(name: str, password: str) -> bool:
    try:
        return accounts.identify(name, password, VISITOR).name == name
    except NotAuthenticated:
        return False


class TestCreate:
    def test_makes_an_account_with_a_password_that_is_shown_once(self) -> None:
        person, password = accounts.create("carol", role=Role.PUBLISHER, by=ADMIN)
        assert person == Person(name="carol", role=Role.PUBLISHER, created=NOON)
        assert password is not None
        assert len(password) == 32
        assert password.isalnum()
        assert opens("carol", password)
        assert accounts.create("dave", role=Role.READER, by=ADMIN)[1] != password

    def test_takes_a_password_and_shows_none(self) -> None:
        assert accounts.create("carol", role=Role.PUBLISHER, password=PASSWORD, by=ADMIN)[1] is None
        assert opens("carol", PASSWORD)

    def test_refuses_a_name_that_is_taken(self, carol: str) -> None:
        for name in (carol, "alice"):
            with pytest.raises(Conflict, match=f"There is an account '{name}' already"):
                accounts.create(name, role=Role.ADMIN, password="another secret", by=ADMIN)
        assert opens(carol, PASSWORD)
        assert accounts.find(carol, ADMIN.actor).role is Role.PUBLISHER

    def test_refuses_a_name_that_an_account_of_the_settings_has_left_roles_in_projects(
        self, settings: Settings
    ) -> None:
        before = settings.ACCOUNTS
        settings.ACCOUNTS = {**before, "dave": FixedAccount("secret", "publisher")}
        publishing.publish(a_wheel().received(), by=an_origin("dave", "publisher"), overwrite=False)
        settings.ACCOUNTS = before
        with pytest.raises(
            Conflict, match=r"'dave', perhaps of the settings \(USERS\), still has a role in demo-pkg, "
        ):
            accounts.create("dave", role=Role.PUBLISHER, by=ADMIN)
        publishing.revoke_role(DEMO, "dave", leave_ownerless=True, by=ADMIN)
        accounts.create("dave", role=Role.PUBLISHER, by=ADMIN)
        with pytest.raises(NotAllowed):
            publishing.publish(a_wheel(version="2.0").received(), by=an_origin("dave", "publisher"), overwrite=False)

    def test_takes_a_name_whose_tokens_have_expired_and_are_gone(self, items: Store) -> None:
        items.write(Put(item=TokenEntry(*TokenEntry.key("dave", "0" * 16), id="0" * 16)))
        assert accounts.create("dave", role=Role.READER, by=ADMIN)[0].name == "dave"

    def test_one_of_many_at_once_gets_the_name(self) -> None:
        made: list[str] = []

        def compete(number: int) -> None:
            try:
                accounts.create("carol", role=Role.READER, password=f"{PASSWORD} {number}", by=ADMIN)
            except Conflict:
                return
            made.append(f"{PASSWORD} {number}")

        all_at_once(compete, 8)
        (password,) = made
        assert opens("carol", password)
        assert [entry.action for entry in journal.entries()].count("account-create") == 1


class TestWhoMay:
    """Change accounts: administrators, with a password, or a token that is for everything."""

    CHANGES: dict[str, Callable[[Origin], object]] = {
        "create": lambda by: accounts.create("mallory", role=Role.ADMIN, by=by),
        "change": lambda by: accounts.change("carol", role=Role.ADMIN, by=by),
        "disable": lambda by: accounts.change("carol", disabled=True, by=by),
        "password": lambda by: accounts.set_password("carol", None, by=by),
        "delete": lambda by: accounts.delete("carol", by=by),
        "list": lambda by: list(accounts.everybody(by.actor)),
        "find": lambda by: accounts.find("carol", by.actor),
    }
    SOME = replace(ADMIN.actor, credential="token 1")

    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize(
        "actor",
        [
            an_origin("dave", "reader").actor,
            an_origin("dave", "publisher").actor,
            replace(SOME, limits=Limits(scopes=frozenset({Scope.MANAGE}))),
            replace(SOME, limits=Limits(scopes=frozenset({Scope.READ, Scope.PUBLISH}))),
            replace(SOME, limits=Limits(scopes=EVERY_SCOPE, expires=True)),
            replace(SOME, limits=Limits(scopes=EVERY_SCOPE, projects=frozenset({DEMO}))),
            Actor(name="github:octo/demo", publisher="p1", limits=Limits(scopes=frozenset({Scope.PUBLISH}))),
            # A trusted publisher that is called like an account.
            Actor(name="carol", publisher="p1"),
            ANONYMOUS,
            Actor(name="carol", credential="none"),
        ],
    )
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_nobody_else(self, carol: str, change: str, actor: Actor) -> None:
        before = journal.newest()
        with pytest.raises(NotAuthenticated if actor.anonymous else NotAllowed):
            self.CHANGES[change](replace(ADMIN, actor=actor))
        assert journal.newest() == before
        assert accounts.lookup("mallory") is None
        assert opens(carol, PASSWORD)

    @pytest.mark.parametrize("change", CHANGES)
    @pytest.mark.parametrize("actor", [ADMIN.actor, OPERATOR, BUCKET, replace(SOME, limits=Limits(scopes=EVERY_SCOPE))])
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_administrators(self, carol: str, change: str, actor: Actor) -> None:
        self.CHANGES[change](replace(ADMIN, actor=actor))

    def test_see_their_own_account(self, carol: str) -> None:
        assert accounts.find(carol, CAROL.actor).name == carol
        # Even with a token that is for nothing else.
        limited = replace(CAROL.actor, limits=Limits(scopes=frozenset({Scope.READ})))
        assert accounts.find(carol, limited).name == carol
        for name in ("alice", "nobody"):
            with pytest.raises(NotAllowed):
                accounts.find(name, CAROL.actor)
        with pytest.raises(NotFound, match="no account 'nobody'"):
            accounts.find("nobody", ADMIN.actor)


class TestChange:
    def test_says_what_it_has_become(self, carol: str) -> None:
        assert accounts.change(carol, role=Role.ADMIN, by=ADMIN).role is Role.ADMIN
        person = accounts.change(carol, disabled=True, by=ADMIN)
        assert (person.role, person.disabled) == (Role.ADMIN, True)
        assert accounts.find(carol, ADMIN.actor) == person

    def test_that_changes_nothing_is_no_change(self, carol: str) -> None:
        before = journal.newest()
        person = accounts.find(carol, ADMIN.actor)
        assert accounts.change(carol, role=Role.PUBLISHER, disabled=False, by=ADMIN) == person
        assert accounts.change(carol, by=ADMIN) == person
        assert journal.newest() == before

    @pytest.mark.parametrize(
        ("end", "ends"),
        [
            (lambda: accounts.change("carol", disabled=True, by=ADMIN), True),
            (lambda: accounts.set_password("carol", None, by=ADMIN), True),
            (lambda: accounts.change("carol", disabled=False, by=ADMIN), False),
            # Sessions look at the role anew.
            (lambda: accounts.change("carol", role=Role.READER, by=ADMIN), False),
        ],
    )
    def test_ends_open_sessions(self, carol: str, end: Callable[[], object], ends: bool) -> None:
        before = accounts.find(carol, ADMIN.actor).session_version
        end()
        assert (accounts.find(carol, ADMIN.actor).session_version > before) is ends

    def test_nobody_changes_or_deletes_themselves(self, carol: str) -> None:
        accounts.change(carol, role=Role.ADMIN, by=ADMIN)
        by = an_origin(carol)
        for act in (
            lambda: accounts.change(carol, role=Role.READER, by=by),
            lambda: accounts.change(carol, disabled=True, by=by),
            lambda: accounts.delete(carol, by=by),
        ):
            with pytest.raises(Conflict, match=r"^Nobody .* ask another administrator\.$"):
                act()
        assert accounts.find(carol, ADMIN.actor).role is Role.ADMIN

    def test_of_nobody_is_refused(self) -> None:
        for act in (
            lambda: accounts.change("nobody", role=Role.ADMIN, by=ADMIN),
            lambda: accounts.set_password("nobody", None, by=ADMIN),
            lambda: accounts.delete("nobody", by=ADMIN),
        ):
            with pytest.raises(NotFound, match="no account 'nobody'"):
                act()
        assert list(journal.entries()) == []

    def test_acts_at_once_on_passwords_and_tokens_that_are_in_use(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes=EVERY_SCOPE, by=ADMIN)
        clients = [Client(headers={"authorization": header}) for header in (basic(carol, PASSWORD), f"Bearer {text}")]

        def statuses(version: str) -> list[tuple[int, int]]:
            answers = []
            for number, client in enumerate(clients):
                reads = client.get("/simple/").status_code
                published = client.post("/legacy/", a_wheel("carols-pkg", f"{version}.{number}").upload())
                answers.append((reads, published.status_code))
            return answers

        # Twice, so that both are warm.
        assert statuses("1.1") == statuses("1.2") == [(200, 200)] * 2
        accounts.change(carol, role=Role.READER, by=ADMIN)
        assert statuses("2") == [(200, 403)] * 2
        accounts.change(carol, disabled=True, by=ADMIN)
        assert statuses("3") == [(401, 401)] * 2
        accounts.change(carol, disabled=False, role=Role.PUBLISHER, by=ADMIN)
        assert statuses("4") == [(200, 200)] * 2
        publishing.revoke_role(NormalizedName("carols-pkg"), carol, leave_ownerless=True, by=ADMIN)
        assert statuses("5") == [(200, 403)] * 2
        accounts.delete(carol, by=ADMIN)
        assert statuses("6") == [(401, 401)] * 2

    def test_of_many_at_once_none_is_lost(self, carol: str) -> None:
        before = accounts.find(carol, ADMIN.actor).session_version
        all_at_once(lambda number: accounts.set_password(carol, f"{PASSWORD} {number}", by=ADMIN), 8)
        assert accounts.find(carol, ADMIN.actor).session_version == before + 8
        assert sum(opens(carol, f"{PASSWORD} {number}") for number in range(8)) == 1


class TestSetPassword:
    def test_of_ones_own(self, carol: str) -> None:
        assert accounts.set_password(carol, "another long one", by=CAROL) is None
        assert opens(carol, "another long one")
        assert not opens(carol, PASSWORD)
        assert accounts.set_password(carol, None, by=an_origin(carol, "reader")) is not None
        assert not opens(carol, "another long one")

    @pytest.mark.parametrize("limits", [Limits(scopes=frozenset({Scope.MANAGE})), Limits(scopes=EVERY_SCOPE)])
    def test_not_by_a_token_of_ones_own(self, carol: str, limits: Limits) -> None:
        """Whoever found a token does not get the account with it."""
        for role in (Role.PUBLISHER, Role.ADMIN):
            actor = replace(CAROL.actor, role=role, limits=limits)
            with pytest.raises(NotAllowed, match="may not change their own password by a token") as caught:
                accounts.set_password(carol, None, by=replace(CAROL, actor=actor))
            assert "only administrators" not in str(caught.value)
        assert opens(carol, PASSWORD)

    def test_leaves_tokens_and_role_as_they_are(self, carol: str) -> None:
        text, _ = accounts.issue(carol, scopes={Scope.READ}, by=CAROL)
        accounts.set_password(carol, None, by=ADMIN)
        actor = accounts.authenticate(text, VISITOR)
        assert (actor.name, actor.role) == (carol, Role.PUBLISHER)

    def test_of_a_disabled_account_does_not_enable_it(self, carol: str) -> None:
        accounts.change(carol, disabled=True, by=ADMIN)
        made = accounts.set_password(carol, None, by=ADMIN)
        assert made is not None
        assert not opens(carol, made)


class TestDelete:
    def test_takes_account_and_tokens_away(self, carol: str, items: Store) -> None:
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        accounts.authenticate(text, VISITOR)
        accounts.delete(carol, by=ADMIN)
        assert accounts.lookup(carol) is None
        assert names() == ["alice", "bob"]
        assert list(items.query(f"account#{carol}")) == []
        assert items.get(Token.key(info.id)) is None
        assert not opens(carol, PASSWORD)
        for _ in range(2):
            with pytest.raises(NotAuthenticated):
                accounts.authenticate(text, VISITOR)

    def test_waits_until_it_has_no_role_in_a_project(self, carol: str) -> None:
        publishing.publish(a_wheel().received(), by=CAROL, overwrite=False)
        assert list(accounts.projects_of(carol)) == [(DEMO, ProjectRole.OWNER)]
        with pytest.raises(Conflict, match=r"still has a role in demo-pkg: take it away first\.$"):
            accounts.delete(carol, by=ADMIN)
        assert opens(carol, PASSWORD)
        publishing.grant_role(DEMO, "alice", ProjectRole.OWNER, by=CAROL)
        publishing.revoke_role(DEMO, carol, by=CAROL)
        accounts.delete(carol, by=ADMIN)

    def test_names_some_of_many_projects(self, carol: str) -> None:
        for number in range(6):
            publishing.publish(a_wheel(f"demo-{number}").received(), by=CAROL, overwrite=False)
        with pytest.raises(Conflict, match=r"demo-0, demo-1, demo-2, demo-3, demo-4 and others: take it away first\."):
            accounts.delete(carol, by=ADMIN)

    def test_its_name_given_to_somebody_else_opens_nothing_of_the_first(self, carol: str, items: Store) -> None:
        text, info = accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
        accounts.authenticate(text, VISITOR)
        token, entry = items.get_many([Token.key(info.id), TokenEntry.key(carol, info.id)])
        accounts.delete(carol, by=ADMIN)
        # As if the deletion had been cut off behind the account.
        assert token is not None
        assert entry is not None
        items.write(Put(item=token))
        items.write(Put(item=entry))
        later = replace(ADMIN, time=LATER)
        with pytest.raises(Conflict, match=f"has left the tokens {info.id}: revoke them first"):
            accounts.create(carol, role=Role.ADMIN, password="another long one", by=later)
        # As if its token had been stored a little later still.
        items.write(Delete(item=entry))
        accounts.create(carol, role=Role.ADMIN, password="another long one", by=later)
        for _ in range(2):
            with pytest.raises(NotAuthenticated):
                accounts.authenticate(text, replace(VISITOR, time=LATER))
        assert not opens(carol, PASSWORD)
        new, _ = accounts.issue(carol, scopes={Scope.READ}, by=replace(ADMIN, time=LATER))
        assert accounts.authenticate(new, replace(VISITOR, time=LATER)).role is Role.ADMIN

    def test_of_one_that_many_delete_happens_once(self, carol: str) -> None:
        deleted: list[int] = []

        def compete(number: int) -> None:
            try:
                accounts.delete(carol, by=ADMIN)
            except NotFound:
                return
            deleted.append(number)

        all_at_once(compete, 8)
        assert len(deleted) == 1
        assert [entry.action for entry in journal.entries()].count("account-delete") == 1


class TestTheSettingsAccounts:
    def test_cannot_be_changed_from_inside(self) -> None:
        for act in (
            lambda: accounts.change("bob", role=Role.READER, by=ADMIN),
            lambda: accounts.change("bob", disabled=True, by=ADMIN),
            lambda: accounts.set_password("bob", None, by=ADMIN),
            lambda: accounts.set_password("bob", "another long one", by=an_origin("bob")),
            lambda: accounts.delete("bob", by=ADMIN),
            lambda: accounts.change("bob", disabled=True, by=COMMAND),
        ):
            with pytest.raises(Conflict, match=r"'bob' is one of the settings' \(USERS, USERNAME\): change it there"):
                act()
        assert opens("bob", "with:colon")
        assert list(journal.entries()) == []

    @pytest.mark.parametrize("role", Role)
    def test_are_shown_with_their_roles(self, settings: Settings, role: Role) -> None:
        settings.ACCOUNTS = {"Zoë": FixedAccount("secret", role.value)}
        assert accounts.lookup("Zoë") == Person(name="Zoë", role=role, fixed=True)
        assert list(accounts.everybody(COMMAND.actor)) == [Person(name="Zoë", role=role, fixed=True)]

    def test_are_listed_first_and_once(self, carol: str, settings: Settings) -> None:
        accounts.create("aaron", role=Role.READER, by=ADMIN)
        assert names() == ["alice", "bob", "aaron", "carol"]
        settings.ACCOUNTS = {"carol": FixedAccount("secret", "reader")}
        assert [(person.name, person.fixed) for person in accounts.everybody(ADMIN.actor)] == [
            ("carol", True),
            ("aaron", False),
        ]


class TestTheFirst:
    @pytest.fixture(autouse=True)
    def _nobody(self, settings: Settings) -> None:
        settings.ACCOUNTS = {}

    def test_is_made_once_and_administers(self) -> None:
        made = accounts.make_first(by=COMMAND)
        assert made is not None
        assert made[0] == FIRST_NAME
        assert accounts.identify(*made, VISITOR) == Actor(name="admin", role=Role.ADMIN)
        assert accounts.make_first(by=COMMAND) is None
        assert opens(*made)
        assert names() == ["admin"]

    def test_is_not_made_beside_those_of_the_settings(self, settings: Settings, items: Store) -> None:
        settings.ACCOUNTS = {"alice": FixedAccount("secret")}
        assert accounts.make_first(by=COMMAND) is None
        assert accounts.make_first(reset=True, by=COMMAND) is None
        assert list(items.query("account#admin")) == []

    def test_is_not_made_where_there_are_others(self) -> None:
        accounts.create("carol", role=Role.READER, by=ADMIN)
        assert accounts.make_first(by=COMMAND) is None
        made = accounts.make_first(reset=True, by=COMMAND)
        assert made is not None
        assert opens(*made)

    def test_gets_in_again_with_a_reset(self) -> None:
        first = accounts.make_first(by=COMMAND)
        assert first is not None
        assert opens(*first)
        accounts.change(FIRST_NAME, role=Role.READER, disabled=True, by=COMMAND)
        second = accounts.make_first(reset=True, by=COMMAND)
        assert second is not None
        assert not opens(*first)
        assert accounts.identify(*second, VISITOR).role is Role.ADMIN

    def test_of_many_that_are_made_at_once_there_is_one(self) -> None:
        made: list[tuple[str, str] | None] = []
        all_at_once(lambda number: made.append(accounts.make_first(by=COMMAND)), 6)
        (one,) = [account for account in made if account is not None]
        assert opens(*one)

    def test_of_the_first_days_is_listed_though_there_was_no_list(self, items: Store) -> None:
        items.write(Put(item=Account(*Account.key(FIRST_NAME), name=FIRST_NAME, password_sha256="a" * 64)))
        assert list(accounts.everybody(ADMIN.actor)) == [Person(name=FIRST_NAME, role=Role.ADMIN)]
        assert accounts.change(FIRST_NAME, role=Role.READER, by=COMMAND).role is Role.READER
        assert items.get(AccountEntry.key(FIRST_NAME)) is not None
        assert names() == [FIRST_NAME]

    def test_can_only_be_made_over_by_commands_not_by_a_token_of_the_old_one(self) -> None:
        made = accounts.make_first(by=COMMAND)
        assert made is not None
        text, _ = accounts.issue(FIRST_NAME, scopes=EVERY_SCOPE, by=replace(COMMAND, time=LATER))
        accounts.make_first(reset=True, by=replace(COMMAND, time=LATER))
        # A reset is no end of tokens, as a new password is not.
        assert accounts.authenticate(text, replace(VISITOR, time=LATER)).name == FIRST_NAME


def test_a_role_that_was_stored_wrongly_opens_nothing(carol: str) -> None:
    stored = store().get(Account.key(carol))
    assert isinstance(stored, Account)
    stored.role = "superuser"
    store().write(Put(item=stored))
    memory.clear()
    with pytest.raises(ValueError, match="superuser"):
        accounts.identify(carol, PASSWORD, VISITOR)


def test_an_unknown_account_cannot_be_asked_for_by_a_key_of_another(carol: str) -> None:
    accounts.issue(carol, scopes={Scope.READ}, by=ADMIN)
    for name in (f"{carol}#", f"{carol}\x00", "x" * 5000, ""):
        assert accounts.lookup(name) is None
        with pytest.raises(NotFound):
            accounts.find(name, ADMIN.actor)
        with pytest.raises(InvalidRequest):
            accounts.create(name, role=Role.READER, by=ADMIN)
        with pytest.raises(NotFound):
            accounts.change(name, disabled=True, by=ADMIN)


class TestTwoAdministrators:
    """Who is ended by another one a moment before ends nobody any more: else an index could be left without any."""

    @pytest.fixture(autouse=True)
    def two(self, home: str) -> None:
        for name in ("ann", "ben"):
            accounts.create(name, role=Role.ADMIN, by=ADMIN)

    @pytest.mark.parametrize(
        "end",
        [
            lambda name, by: accounts.delete(name, by=by),
            lambda name, by: accounts.change(name, disabled=True, by=by),
            lambda name, by: accounts.change(name, role=Role.READER, by=by),
        ],
        ids=["delete", "disable", "lower"],
    )
    def test_do_not_end_each_other(self, end: Callable[[str, Origin], object]) -> None:
        refused = []

        def act(number: int) -> None:
            name, other = [("ann", "ben"), ("ben", "ann")][number]
            try:
                end(other, an_origin(name, "admin"))
            except NotAllowed as refusal:
                refused.append(str(refusal))

        all_at_once(act, 2)
        (why,) = refused
        assert why.endswith("may not manage accounts any more.")
        left = [accounts.lookup(name) for name in ("ann", "ben")]
        assert [person.role for person in left if person and not person.disabled].count(Role.ADMIN) == 1

    def test_nor_does_one_give_passwords_after_that(self) -> None:
        accounts.change("ann", role=Role.PUBLISHER, by=ADMIN)
        with pytest.raises(NotAllowed):
            accounts.set_password("ben", None, by=an_origin("ann", "admin"))
