"""Trusted publishers of names that nobody has: whose they are, how many, and what strangers cannot make of them."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, journal, publishing, trusted
from packages.access import ANONYMOUS, OPERATOR, ProjectRole, Role
from packages.catalog import find_project
from packages.errors import Conflict, NotAuthenticated, NotFound, PackagesError
from packages.journal import Origin
from packages.models import PendingEntry, Project, Publisher, PublisherEntry, account_partition
from packages.publishing import removal
from packages.publishing.revision import revise
from packages.store import Put, Store, store
from packages.trusted import MintRefused
from packages.trusted.issuers import issuers
from packages.trusted.registering import MOST_PENDING
from pypi_project.settings import FixedAccount
from tests.builders import NOON, a_wheel, an_origin
from tests.issuer import GITHUB_FIELDS, OwnIssuer, issuing
from tests.threads import all_at_once

NEW = NormalizedName("new-pkg")
ALICE, CAROL, MALLORY = an_origin(), an_origin("carol", "publisher"), an_origin("mallory", "publisher")
VISITOR = Origin(actor=ANONYMOUS, time=NOON, address="192.0.2.7", agent="uv/0.13")
HOUR = timedelta(hours=1)
STRICT = {**GITHUB_FIELDS, "environment": "release"}
LOOSE = GITHUB_FIELDS


@pytest.fixture(scope="module")
def running() -> Iterator[OwnIssuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def issuer(running: OwnIssuer, home: str, settings: Settings) -> Iterator[OwnIssuer]:
    """An issuer like GitHub, and two accounts that may publish."""
    running.__dict__.update(OwnIssuer(running.address).__dict__)
    settings.TRUSTED_ISSUERS = {running.address: "github"}
    settings.OIDC_AUDIENCE = "elastic-pypi"
    issuers.clear()
    for name in ("carol", "mallory"):
        accounts.create(name, role=Role.PUBLISHER, by=ALICE)
    yield running
    issuers.clear()


def publish(name: str, version: str = "1.0", *, by: Origin) -> None:
    publishing.publish(a_wheel(name, version).received(), by=by, overwrite=False)


def minted(issuer: OwnIssuer, time: datetime = NOON) -> tuple[Origin, accounts.TokenInfo]:
    """Who comes with a token that an identity token was exchanged for."""
    text, info = trusted.mint(issuer.token(time), by=replace(VISITOR, time=time))
    return replace(VISITOR, actor=accounts.authenticate(text, replace(VISITOR, time=time)), time=time), info


def owners(name: NormalizedName) -> set[str]:
    roles = publishing.roles_of(find_project(name))
    return {account for account, role in roles.items() if role is ProjectRole.OWNER}


def as_if_registered(issuer: OwnIssuer, name: NormalizedName, *, by: Origin, fields: dict[str, str] = LOOSE) -> None:
    """A publisher as it could be registered before others were refused: there may be such."""
    elsewhere = trusted.register(NormalizedName("elsewhere"), "github", fields, by=by)
    item = store().get(Publisher.key(NormalizedName("elsewhere"), elsewhere.id))
    assert isinstance(item, Publisher)
    trusted.withdraw(NormalizedName("elsewhere"), elsewhere.id, by=by)
    item.pk, item.sk = Publisher.key(name, item.id)
    item.project = name
    entry = PublisherEntry(*PublisherEntry.key(item.issuer, item.subject, name, item.id), id=item.id, project=name)
    store().write(Put(item=item))
    store().write(Put(item=entry))


# Whose a project becomes.


@pytest.mark.parametrize(("first", "second"), [(LOOSE, STRICT), (STRICT, LOOSE)])
def test_nobody_registers_a_workload_for_a_name_for_which_somebody_else_did(
    issuer: OwnIssuer, first: dict[str, str], second: dict[str, str]
) -> None:
    pending = trusted.register(NEW, "github", first, by=CAROL)
    with pytest.raises(
        Conflict, match=r"^Another account has registered this workload for that name already"
    ) as caught:
        trusted.register(NEW, "github", second, by=MALLORY)
    assert "carol" not in str(caught.value)
    assert pending.id not in str(caught.value)
    for by in (ALICE, replace(ALICE, actor=OPERATOR)):
        with pytest.raises(Conflict, match=f"^The account 'carol' has registered .*, as {pending.id}: withdraw that"):
            trusted.register(NEW, "github", second, by=by, owner="mallory")
    # Another one of one's own; or of another workload.
    trusted.register(NEW, "github", second, by=CAROL)
    trusted.register(NEW, "github", {**LOOSE, "repository": "other"}, by=MALLORY)
    # An administrator settles it.
    for info in trusted.publishers_of(NEW, CAROL.actor):
        trusted.withdraw(NEW, info.id, by=ALICE)
    assert trusted.register(NEW, "github", second, by=MALLORY).pending


def test_of_several_who_register_a_workload_at_once_one_does(issuer: OwnIssuer) -> None:
    done = list[str]()

    def register(number: int) -> None:
        fields, by = [(LOOSE, CAROL), (STRICT, MALLORY)][number % 2]
        with suppress(Conflict):
            done.append(trusted.register(NEW, "github", fields, by=by).registered_by)

    all_at_once(register, 4)
    assert len(done) == 1


@pytest.mark.parametrize(("first", "second"), [(LOOSE, STRICT), (STRICT, LOOSE)])
@pytest.mark.parametrize("environment", ["release", "test"])
def test_the_first_who_registered_a_workload_gets_its_project_whatever_others_ask_for(
    issuer: OwnIssuer, first: dict[str, str], second: dict[str, str], environment: str
) -> None:
    trusted.register(NEW, "github", first, by=CAROL)
    as_if_registered(issuer, NEW, by=replace(MALLORY, time=NOON + HOUR), fields=second)
    issuer.job["environment"] = environment
    if first is STRICT and environment == "test":
        # Better nobody's than hers.
        with pytest.raises(MintRefused, match="another account has registered this workload for that name before"):
            minted(issuer)
        return
    by, _ = minted(issuer)
    publish("new-pkg", by=by)
    assert owners(NEW) == {"carol"}


def test_of_several_of_ones_own_the_more_exact_one_counts(issuer: OwnIssuer) -> None:
    strict = trusted.register(NEW, "github", STRICT, by=CAROL)
    loose = trusted.register(NEW, "github", LOOSE, by=CAROL)
    minted(issuer)
    issuer.job["environment"] = "test"
    minted(issuer)
    named = [journal.as_json(entry)["details"]["publisher"] for entry in journal.latest(2)]
    assert named == [strict.id, loose.id]


# When its account is gone.


def test_a_deleted_account_takes_its_pending_publishers_along(issuer: OwnIssuer, items: Store) -> None:
    pending = trusted.register(NEW, "github", LOOSE, by=CAROL)
    publish("other-pkg", by=CAROL)
    kept = trusted.register(NormalizedName("other-pkg"), "github", LOOSE, by=CAROL)
    publishing.grant_role(NormalizedName("other-pkg"), "alice", ProjectRole.OWNER, by=CAROL)
    publishing.revoke_role(NormalizedName("other-pkg"), "carol", by=ALICE)

    accounts.delete("carol", by=ALICE)
    assert items.get(Publisher.key(NEW, pending.id)) is None
    assert [entry.sk for entry in items.query(PublisherEntry.partition(issuer.address, "octo-org/demo"))] == [
        f"other-pkg#{kept.id}"
    ]
    assert list(items.query(account_partition("carol"))) == []
    note = journal.as_json(journal.latest(1)[0])
    assert (note["action"], note["target"], note["actor"]) == ("publisher-withdraw", pending.id, "alice")
    assert note["details"]["creates_for"] == "carol"
    # Somebody else may have the workload now.
    assert trusted.register(NEW, "github", LOOSE, by=MALLORY).pending


def test_a_deletion_leaves_what_an_owner_has_registered_meanwhile(issuer: OwnIssuer, items: Store) -> None:
    trusted.register(NEW, "github", LOOSE, by=CAROL)
    publish("new-pkg", by=MALLORY)
    own = trusted.register(NEW, "github", LOOSE, by=MALLORY)
    accounts.delete("carol", by=ALICE)
    assert trusted.publishers_of(NEW, MALLORY.actor) == [own]
    publish("new-pkg", "2.0", by=minted(issuer)[0])


def test_a_publisher_that_is_registered_while_its_account_is_deleted_ends_with_it(
    issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse, late = accounts.people._refuse_roles, [lambda: trusted.register(NEW, "github", LOOSE, by=CAROL)]

    def between(name: str) -> None:
        refuse(name)
        while late:
            late.pop()()

    monkeypatch.setattr(accounts.people, "_refuse_roles", between)
    accounts.delete("carol", by=ALICE)
    assert trusted.publishers_of(NEW, ALICE.actor) == []
    # Nor by whoever was let in before.
    with pytest.raises(NotFound, match="There is no account 'carol'"):
        trusted.register(NEW, "github", LOOSE, by=CAROL)


@pytest.mark.parametrize("who", ["carol", "dave"])
def test_a_new_account_of_an_old_name_gets_no_project(issuer: OwnIssuer, settings: Settings, who: str) -> None:
    """Of the index, whose deletion was cut off; or of the settings, that is no longer there."""
    before = settings.ACCOUNTS
    settings.ACCOUNTS = {**before, "dave": FixedAccount("secret", "publisher")}
    pending = trusted.register(NEW, "github", LOOSE, by=an_origin(who, "publisher"))
    text, _ = trusted.mint(issuer.token(), by=VISITOR)
    found = store().get(Publisher.key(NEW, pending.id))
    entry = store().get(PublisherEntry.key(issuer.address, "octo-org/demo", NEW, pending.id))
    assert found is not None
    assert entry is not None
    if who == "carol":
        accounts.delete("carol", by=ALICE)
        store().write(Put(item=found))
        store().write(Put(item=entry))
    settings.ACCOUNTS = before
    accounts.create(who, role=Role.PUBLISHER, by=replace(ALICE, time=NOON + timedelta(minutes=1)))

    later = NOON + timedelta(minutes=2)
    with pytest.raises(MintRefused, match=f"new-pkg: The account '{who}' is a new one, made after") as caught:
        minted(issuer, later)
    assert caught.value.code == "invalid-pending-publisher"
    # Nor by a token from before.
    with pytest.raises(NotAuthenticated, match="no longer registered"):
        accounts.authenticate(text, replace(VISITOR, time=later))


def test_a_settings_account_may_have_pending_publishers(issuer: OwnIssuer) -> None:
    trusted.register(NEW, "github", LOOSE, by=ALICE)
    publish("new-pkg", by=minted(issuer)[0])
    assert owners(NEW) == {"alice"}


# How many.


def test_an_account_has_so_many_pending_publishers_at_most(issuer: OwnIssuer, items: Store) -> None:
    names = [NormalizedName(f"new-{number}") for number in range(MOST_PENDING)]
    infos = [trusted.register(name, "github", LOOSE, by=MALLORY) for name in names]
    with pytest.raises(Conflict, match=f"'mallory' has {MOST_PENDING} publishers that wait .*: new-0 "):
        trusted.register(NEW, "github", {**LOOSE, "repository": "other"}, by=MALLORY)
    with pytest.raises(Conflict, match="which are the most"):
        trusted.register(NEW, "github", LOOSE, by=ALICE, owner="mallory")
    assert trusted.register(NEW, "github", LOOSE, by=CAROL).pending

    # One is withdrawn, one has created its project: there is room for two.
    trusted.withdraw(names[0], infos[0].id, by=MALLORY)
    publish("new-1", by=minted(issuer)[0])
    for number in range(2):
        trusted.register(NormalizedName(f"again-{number}"), "github", LOOSE, by=MALLORY)
    with pytest.raises(Conflict, match="which are the most"):
        trusted.register(NormalizedName("again-2"), "github", LOOSE, by=MALLORY)
    # Of projects that exist, an account registers as many as it likes.
    publish("other-pkg", by=MALLORY)
    trusted.register(NormalizedName("other-pkg"), "github", LOOSE, by=MALLORY)
    left = [entry.sk for entry in items.query(account_partition("mallory"), PendingEntry.PREFIX)]
    assert len(left) == MOST_PENDING


def test_so_many_at_most_even_at_once(issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packages.trusted.registering.MOST_PENDING", 2)
    outcomes = list[bool]()

    def register(number: int) -> None:
        try:
            trusted.register(NormalizedName(f"new-{number}"), "github", LOOSE, by=MALLORY)
            outcomes.append(True)
        except Conflict:
            outcomes.append(False)

    all_at_once(register, 5)
    assert sorted(outcomes) == [False, False, False, True, True]


def test_strangers_take_no_room_from_projects_that_exist(issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packages.trusted.choosing.MOST_PROJECTS", 3)
    for number in range(4):
        trusted.register(NormalizedName(f"new-{number}"), "github", LOOSE, by=MALLORY)
    for name in ("own-1", "own-2"):
        publish(name, by=CAROL)
        trusted.register(NormalizedName(name), "github", LOOSE, by=replace(CAROL, time=NOON + HOUR))
    assert minted(issuer)[1].projects == {"own-1", "own-2", "new-0"}


@pytest.mark.parametrize("pending", [False, True])
def test_who_registers_many_takes_no_room_from_others(
    issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch, pending: bool
) -> None:
    monkeypatch.setattr("packages.trusted.choosing.MOST_PROJECTS", 3)
    for number in range(4):
        if not pending:
            publish(f"hers-{number}", by=MALLORY)
        trusted.register(NormalizedName(f"hers-{number}"), "github", LOOSE, by=MALLORY)
    if not pending:
        publish("new-pkg", by=CAROL)
    trusted.register(NEW, "github", LOOSE, by=replace(CAROL, time=NOON + HOUR))
    projects = minted(issuer)[1].projects
    assert projects is not None
    assert NEW in projects
    assert len(projects) == 3


def test_pending_publishers_are_looked_at_in_few_calls(issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MOST_PENDING):
        trusted.register(NormalizedName(f"new-{number}"), "github", LOOSE, by=MALLORY)
    calls, engine = list[str](), type(store())
    for operation in ("get", "get_many", "query", "amend"):

        def counting(
            self: Store, *arguments: object, operation: str = operation, ask: object = getattr(engine, operation)
        ) -> object:
            calls.append(operation)
            return ask(self, *arguments)  # type: ignore[operator]

        monkeypatch.setattr(engine, operation, counting)
    text, info = trusted.mint(issuer.token(), by=VISITOR)
    assert len(info.projects or ()) == MOST_PENDING
    # The entries, the publishers, their projects and accounts; and one change, which reads twice itself.
    assert [call for call in calls if call != "amend"][:4] == ["query", "get_many", "get_many", "get_many"]
    assert calls.count("get") == 0
    calls.clear()
    accounts.authenticate(text, VISITOR)
    assert calls[:3] == ["get", "get_many", "get_many"]
    assert calls.count("get") == 1


def test_no_more_of_them_are_looked_at_than_are_needed(issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("packages.trusted.choosing.MOST_PROJECTS", 2)
    monkeypatch.setattr("packages.trusted.choosing.LOOKED_AT_AT_ONCE", 1)
    for number in range(4):
        trusted.register(NormalizedName(f"new-{number}"), "github", LOOSE, by=MALLORY)
    publish("new-0", by=ALICE)
    looked_at, lookup = list[object](), accounts.lookup_all

    def counting(names: Collection[str]) -> dict[str, accounts.Person]:
        looked_at.append(names)
        return lookup(names)

    monkeypatch.setattr(accounts, "lookup_all", counting)
    assert minted(issuer)[1].projects == {"new-1", "new-2"}
    assert len(looked_at) == 3


# While a project's name is given up.


def test_who_registers_a_publisher_of_a_project_changes_the_project(issuer: OwnIssuer, items: Store) -> None:
    publish("new-pkg", by=CAROL)
    before = items.get(Project.key(NEW))
    trusted.register(NEW, "github", LOOSE, by=CAROL)
    after = items.get(Project.key(NEW))
    assert isinstance(before, Project)
    assert isinstance(after, Project)
    assert after.revision != before.revision
    assert (after.serial, after.owners, after.removed) == (before.serial, before.owners, before.removed)


def test_a_former_owner_keeps_no_publisher_of_a_project_that_is_purged(
    issuer: OwnIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("new-pkg", by=MALLORY)
    publishing.remove(NEW, by=MALLORY)
    late = [lambda: trusted.register(NEW, "github", LOOSE, by=MALLORY)]

    def between(*arguments: Any) -> Any:
        # The other request, when the publishers are listed, and the name is not given up yet.
        while late:
            late.pop()()
        return revise(*arguments)

    monkeypatch.setattr(removal, "revise", between)
    publishing.purge(NEW, by=MALLORY)
    publish("new-pkg", "2.0", by=CAROL)
    with pytest.raises(PackagesError):
        minted(issuer)
    assert trusted.publishers_of(NEW, CAROL.actor) == []
