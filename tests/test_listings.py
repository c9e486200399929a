"""Lists of everything: what is patched by the journal equals what is made anew, and costs what it should."""

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, journal, listings, publishing, storage, trusted
from packages.access import OPERATOR, ProjectRole, Role, Scope
from packages.distributions import LONGEST_SUMMARY
from packages.errors import PackagesError, Unavailable
from packages.journal import Note, Origin
from packages.listings import AccountRow, ProjectRow, TokenRow, Totals, current
from packages.listings.searching import LONGEST_QUERY
from packages.models import SERIAL, File, Item, ListChunk, Project, Publisher, Token
from packages.models import Counter as CounterItem
from packages.store import Delete, Put, Store, store
from packages.store.sqlite import _loaded
from tests.builders import NOON, Built, a_file, a_wheel, an_origin, an_sdist
from tests.counting import Calls
from tests.counting import counting as counting_operations
from tests.issuer import GITHUB_FIELDS

pytestmark = pytest.mark.usefixtures("home")
# What does not depend on the engine.
ON_ONE_HOME = pytest.mark.parametrize("home", ["machine"], indirect=True)
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)

DEMO, OTHER = NormalizedName("demo-pkg"), NormalizedName("other")
ALICE = an_origin()
CAROL = an_origin("carol", "publisher")
LATER = NOON + timedelta(days=40)
WHEEL = "demo_pkg-1.0-py3-none-any.whl"
KINDS = ("projects", "files", "accounts", "tokens", "publishers")

Steps = Iterator[None]


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def publish(name: str = DEMO, version: str = "1.0", *, by: Origin = ALICE, **fields: Any) -> None:
    publishing.publish(a_wheel(name, version, **fields).received(), by=by, overwrite="files" in fields)


def everything(now: datetime = NOON) -> dict[str, Any]:
    """All lists, as this process knows them."""
    found = listings.projects()
    return {
        "projects": (found.rows, found.public, found.totals, found.recent),
        "files": listings.files().rows,
        "accounts": listings.accounts(now).rows,
        "tokens": listings.tokens(now).rows,
        "publishers": listings.publishers().rows,
    }


def a_new_process() -> None:
    """From here on nothing is known but what is kept."""
    store.cache_clear()


def forget_kept() -> None:
    """From here on nothing is kept."""
    for kind in KINDS:
        for chunk in list(store().query(ListChunk.partition(kind))):
            store().write(Delete(item=chunk))


def check(now: datetime = NOON) -> None:
    """What is patched, here or from what is kept, equals what is made anew."""
    patched = everything(now)
    a_new_process()
    from_kept = everything(now)
    forget_kept()
    a_new_process()
    anew = everything(now)
    assert patched == anew
    assert from_kept == anew


def a_token(account: str = "carol", **changes: Any) -> str:
    return accounts.issue(account, by=ALICE, **{"scopes": [Scope.READ], **changes})[1].id


def published() -> Steps:
    publish("new", "0.1", summary="Something new")
    yield
    publish("new", "0.2", by=ALICE, summary="Something newer")
    yield
    publishing.publish(an_sdist("new", "0.2").received(), by=ALICE, overwrite=False)
    yield
    publish("mine", by=CAROL)
    yield
    publish("operators", by=Origin(actor=OPERATOR, time=NOON))


def overwritten() -> Steps:
    publish(files={"more.py": b"#"}, summary="Other words")
    yield


def yanked() -> Steps:
    publishing.yank(DEMO, "2.0", by=ALICE, reason="broken")
    yield
    publishing.unyank(DEMO, "2.0", by=ALICE)
    yield
    publishing.yank(DEMO, "1.0", by=ALICE, filename=WHEEL)


def removed() -> Steps:
    publishing.remove(DEMO, "2.0", by=ALICE)
    yield
    publishing.restore(DEMO, "2.0", by=ALICE)
    yield
    publishing.remove(DEMO, by=ALICE)
    yield
    publishing.restore(DEMO, by=ALICE)
    yield
    publishing.remove(DEMO, "1.0", by=ALICE)
    publishing.purge(DEMO, "1.0", by=ALICE)
    yield
    publishing.remove(DEMO, by=ALICE)
    publishing.purge(DEMO, by=ALICE)
    yield
    publish(version="3.0", by=CAROL)


def overdue() -> Steps:
    publishing.remove(DEMO, by=ALICE)
    yield
    assert publishing.purge_overdue(Origin(actor=OPERATOR, time=LATER)) == 2
    yield


def removed_when_empty() -> Steps:
    publishing.remove(OTHER, "1.0", by=ALICE)
    publishing.purge(OTHER, "1.0", by=ALICE)
    yield
    publishing.remove(OTHER, by=ALICE)
    yield
    publishing.restore(OTHER, by=ALICE)


def forgotten() -> Steps:
    row = store().get(File.key(DEMO, WHEEL))
    assert isinstance(row, File)
    storage.delete(row.object_key)
    yield
    assert publishing.forget(DEMO, WHEEL, row.object_key, by=ALICE)


def with_status() -> Steps:
    for status in ("quarantined", "archived", "deprecated", "active"):
        publishing.set_status(DEMO, status, by=ALICE, reason="why")
        yield


def roles() -> Steps:
    publishing.grant_role(DEMO, "carol", ProjectRole.MAINTAINER, by=ALICE)
    yield
    publishing.grant_role(DEMO, "carol", ProjectRole.OWNER, by=ALICE)
    yield
    publishing.revoke_role(DEMO, "alice", by=ALICE)
    yield
    publishing.remove(DEMO, by=ALICE)
    publishing.purge(DEMO, by=ALICE)


def changed_accounts() -> Steps:
    accounts.create("dora", role=Role.READER, by=ALICE)
    yield
    accounts.change("dora", role=Role.ADMIN, by=ALICE)
    yield
    accounts.change("dora", disabled=True, by=ALICE)
    yield
    accounts.set_password("dora", None, by=ALICE)
    accounts.end_sessions("dora", by=ALICE)
    yield
    accounts.delete("dora", by=ALICE)


def deleted_with_tokens() -> Steps:
    a_token()
    a_token(expires=LATER)
    yield
    accounts.delete("carol", by=ALICE)
    yield
    accounts.create("carol", role=Role.READER, by=ALICE)
    a_token()


def tokens() -> Steps:
    one, two = a_token(projects=[DEMO]), a_token("alice", description="laptop", expires=NOON + timedelta(days=1))
    yield
    accounts.revoke(one, by=ALICE)
    yield
    accounts.revoke(two, by=ALICE)


def tokens_of_publishers() -> Steps:
    info = trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)
    text, _ = accounts.issue_for_publisher({DEMO: info.id}, by=ALICE, claims={})
    yield
    accounts.burn(text, by=ALICE)
    yield
    accounts.issue_for_publisher({DEMO: info.id, OTHER: info.id}, by=ALICE, claims={})


def publishers() -> Steps:
    info = trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)
    yield
    trusted.withdraw(DEMO, info.id, by=ALICE)
    yield
    trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)
    publishing.remove(DEMO, by=ALICE)
    yield
    publishing.purge(DEMO, by=ALICE)


def pending_publishers() -> Steps:
    new = NormalizedName("new")
    info = trusted.register(new, "github", GITHUB_FIELDS, by=CAROL)
    yield
    actor = an_origin("github:repo", publisher=info.id, creates_for="carol").actor
    publish(new, by=Origin(actor=actor, time=NOON))
    assert [(row.project, row.pending) for row in listings.publishers().rows] == [("new", False), (OTHER, False)]


def what_changes_nothing() -> Steps:
    journal.record(Note(action="drop-refused", target="x" * 1024), ALICE)
    with pytest.raises(PackagesError):
        accounts.identify("carol", "wrong", ALICE)
    yield
    journal.record(Note(action="of a later version", project=DEMO, target="ü" * 1024), ALICE)
    journal.record(Note(action="of a later version", target="carol"), ALICE)


CHANGES = (
    published,
    overwritten,
    yanked,
    removed,
    overdue,
    removed_when_empty,
    forgotten,
    with_status,
    roles,
    changed_accounts,
    deleted_with_tokens,
    tokens,
    tokens_of_publishers,
    publishers,
    pending_publishers,
    what_changes_nothing,
)


@pytest.fixture
def filled(home: str) -> None:
    """Two projects, an account with a token."""
    publish(summary="A demonstration")
    publish(version="2.0", summary="A better demonstration")
    publish(OTHER)
    accounts.create("carol", role=Role.PUBLISHER, by=ALICE)
    a_token()
    trusted.register(OTHER, "github", GITHUB_FIELDS, by=ALICE)


@pytest.mark.usefixtures("filled")
class TestPatching:
    @pytest.mark.parametrize("steps", CHANGES, ids=lambda steps: steps.__name__)
    def test_gives_what_is_made_anew(self, steps: Callable[[], Steps]) -> None:
        check()
        for _ in steps():
            check()
        check()

    @pytest.mark.parametrize("steps", CHANGES, ids=lambda steps: steps.__name__)
    @ON_ONE_HOME
    def test_gives_it_for_several_changes_at_once(self, steps: Callable[[], Steps]) -> None:
        everything()
        for _ in steps():
            pass
        check()

    @pytest.mark.parametrize("seed", range(3))
    @ON_ONE_HOME
    def test_gives_it_after_changes_in_any_order(self, seed: int) -> None:
        chance = random.Random(seed)
        everything()
        for number in range(150):
            with suppress(PackagesError):
                a_change(chance, number)
            if number % 6 == 0:
                everything()
            if number % 25 == 24:
                check()
        assert journal.newest() > 40

    def test_reads_nothing_anew_that_no_entry_names(self) -> None:
        rows = {row.name: row for row in listings.projects().rows}
        publish(version="3.0")
        for row in listings.projects().rows:
            assert (row is rows[row.name]) == (row.name == OTHER)

    def test_is_given_up_where_entries_are_missing(self, items: Store) -> None:
        everything()
        # Rows that came without an entry, as from a copy of another index.
        items.write(Put(item=Project(*Project.key(NormalizedName("copied")), name="copied")))
        counter = items.get(CounterItem.key(SERIAL))
        assert isinstance(counter, CounterItem)
        counter.value = int(counter.value) + 2
        items.write(Put(item=counter))
        assert "copied" in [row.name for row in listings.projects().rows]

    @ON_ONE_HOME
    def test_is_given_up_far_behind(self, monkeypatch: pytest.MonkeyPatch, calls: "Calls") -> None:
        listings.projects()
        monkeypatch.setattr(current, "MOST_BEHIND", 3)
        for version in ("3.0", "4.0", "5.0"):
            publish(version=version)
        calls.clear()
        listings.projects()
        assert calls.count("every") == 0
        for version in ("6.0", "7.0", "8.0", "9.0"):
            publish(version=version)
        listings.projects()
        assert calls.count("every") == 1
        monkeypatch.setattr(current, "MOST_TOUCHED", 1)
        publish(version="10.0")
        publish(OTHER, "2.0")
        listings.projects()
        assert calls.count("every") == 2
        check()

    @ON_ONE_HOME
    def test_goes_over_the_ends_of_the_journals_partitions(self, items: Store) -> None:
        counter = items.get(CounterItem.key(SERIAL))
        assert isinstance(counter, CounterItem)
        counter.value = 997
        items.write(Put(item=counter))
        listings.projects()
        for number in range(6):
            publish(version=f"3.{number}")
            if number in (1, 2, 5):
                check()

    @ON_ONE_HOME
    def test_sees_that_the_index_was_put_back(self, items: Store) -> None:
        everything()
        before = items.get(CounterItem.key(SERIAL))
        assert before is not None
        publish("new")
        everything()
        for key in (Project.key(NormalizedName("new")), File.key(NormalizedName("new"), "new-1.0-py3-none-any.whl")):
            items.write(Delete(item=cast("Item", items.get(key))))
        items.write(Put(item=before))
        assert [row.name for row in listings.projects().rows] == [DEMO, OTHER]
        assert {row.project for row in listings.files().rows} == {DEMO, OTHER}


def a_change(chance: random.Random, number: int) -> None:
    """One of many changes; it may be refused."""
    name = NormalizedName(chance.choice(["demo-pkg", "other", "third", "fourth"]))
    version, account = chance.choice(["1.0", "2.0", "2.1rc1"]), chance.choice(["carol", "dora", "alice"])
    by = Origin(actor=OPERATOR, time=NOON + timedelta(minutes=number))
    known = [row.id for row in listings.tokens(NOON).rows] or [""]
    registered = [(row.project, row.id) for row in listings.publishers().rows] or [("demo-pkg", "")]
    project, publisher = chance.choice(registered)
    acts: list[Callable[[], object]] = [
        lambda: publish(name, version, by=chance.choice([ALICE, CAROL, by]), files={"a.py": b"#" * number}),
        lambda: publish(name, version, by=CAROL),
        lambda: publishing.yank(name, version, by=by),
        lambda: publishing.unyank(name, version, by=by),
        lambda: publishing.remove(name, version, by=by),
        lambda: publishing.remove(name, by=by),
        lambda: publishing.restore(name, chance.choice([version, None]), by=by),
        lambda: publishing.purge(name, chance.choice([version, None]), by=by),
        lambda: publishing.set_status(name, chance.choice(["active", "quarantined"]), by=by),
        lambda: publishing.grant_role(name, account, chance.choice(list(ProjectRole)), by=by),
        lambda: publishing.revoke_role(name, account, by=by, leave_ownerless=True),
        lambda: accounts.create(account, role=Role.PUBLISHER, by=by),
        lambda: accounts.change(account, role=chance.choice(list(Role)), by=by),
        lambda: accounts.delete(account, by=by),
        lambda: accounts.issue(account, scopes=[Scope.READ], by=by),
        lambda: accounts.revoke(chance.choice(known), by=by),
        lambda: trusted.register(name, "github", GITHUB_FIELDS, by=ALICE),
        lambda: trusted.withdraw(NormalizedName(project), publisher, by=by),
    ]
    chance.choice(acts)()


@pytest.fixture
def calls(home: str, monkeypatch: pytest.MonkeyPatch) -> Calls:
    if home == "machine":
        counted = Calls()
        # The engine itself makes no difference: what is counted is how often it is asked.
        for name in ("get", "get_many", "query", "every", "write", "amend"):
            asked = getattr(type(store()), name)

            def counting(at: Store, *arguments: Any, name: str = name, asked: Any = asked) -> Any:
                counted.append(name)
                return asked(at, *arguments)

            monkeypatch.setattr(type(store()), name, counting)
        return counted
    return counting_operations(monkeypatch)


@ON_AWS
@pytest.mark.usefixtures("filled")
class TestCosts:
    @pytest.mark.parametrize("kind", KINDS)
    def test_made_anew_it_is_one_scan_and_kept(self, kind: str, calls: Calls) -> None:
        calls.clear()
        getattr(listings, kind)()
        # The kept list is looked for, and once more before another one is written.
        assert calls.since() == {"GetItem": 1, "Query": 2, "Scan": 1, "PutItem": 1}
        a_new_process()
        store()
        calls.clear()
        getattr(listings, kind)()
        assert calls.since() == {"GetItem": 1, "Query": 1}

    @pytest.mark.parametrize("kind", KINDS)
    def test_warm_it_is_one_read(self, kind: str, calls: Calls) -> None:
        getattr(listings, kind)()
        calls.clear()
        getattr(listings, kind)()
        assert calls.since() == {"GetItem": 1}

    @pytest.mark.parametrize(
        ("kind", "costs"),
        [
            ("projects", {"GetItem": 1, "BatchGetItem": 1, "Query": 2}),
            ("files", {"GetItem": 1, "Query": 2}),
            ("accounts", {"GetItem": 1, "Query": 1}),
            ("tokens", {"GetItem": 1, "Query": 1}),
            ("publishers", {"GetItem": 1, "Query": 1}),
        ],
    )
    @pytest.mark.parametrize("cold", [False, True])
    def test_behind_a_publication_it_is_the_journal_and_the_project(
        self, kind: str, costs: dict[str, int], calls: Calls, cold: bool
    ) -> None:
        getattr(listings, kind)()
        publish(version="3.0")
        if cold:
            a_new_process()
            store()
        calls.clear()
        getattr(listings, kind)()
        assert calls.since() == {**costs, "Query": costs["Query"] + cold}

    def test_behind_a_token_it_is_read_with_its_account(self, calls: Calls) -> None:
        listings.tokens()
        listings.accounts()
        a_token()
        calls.clear()
        listings.tokens()
        assert calls.since() == {"GetItem": 1, "Query": 1, "BatchGetItem": 2}
        listings.accounts()
        assert calls.since() == {"GetItem": 1, "Query": 2, "BatchGetItem": 1}

    def test_a_search_is_one_read(self, calls: Calls) -> None:
        listings.projects()
        calls.clear()
        listings.search("demo", limit=10)
        assert calls.since() == {"GetItem": 1}


def chunks_of(kind: str = "projects") -> list[ListChunk]:
    return [cast("ListChunk", item) for item in store().query(ListChunk.partition(kind))]


def without_one(chunks: list[ListChunk]) -> None:
    store().write(Delete(item=chunks[1]))


def of_two_tags(chunks: list[ListChunk]) -> None:
    chunks[0].tag = "another"
    store().write(Put(item=chunks[0]))


def of_two_serials(chunks: list[ListChunk]) -> None:
    chunks[0].serial = int(chunks[0].serial) - 1
    store().write(Put(item=chunks[0]))


def of_another_format(chunks: list[ListChunk]) -> None:
    for chunk in chunks:
        chunk.format = "another"
        store().write(Put(item=chunk))


def from_the_future(chunks: list[ListChunk]) -> None:
    for chunk in chunks:
        chunk.serial = int(chunk.serial) + 1000
        store().write(Put(item=chunk))


def cut_off(chunks: list[ListChunk]) -> None:
    chunks[-1].body = chunks[-1].body[:-9]
    store().write(Put(item=chunks[-1]))


def with_a_wrong_bit(chunks: list[ListChunk]) -> None:
    chunks[1].body = bytes([chunks[1].body[0] ^ 1]) + chunks[1].body[1:]
    store().write(Put(item=chunks[1]))


def without_bytes(chunks: list[ListChunk]) -> None:
    for chunk in chunks:
        chunk.body = b"?"
        store().write(Put(item=chunk))


@pytest.mark.usefixtures("filled")
class TestKeeping:
    @pytest.mark.parametrize(
        "spoil",
        [
            without_one,
            of_two_tags,
            of_two_serials,
            of_another_format,
            from_the_future,
            cut_off,
            with_a_wrong_bit,
            without_bytes,
        ],
    )
    def test_what_is_not_whole_is_made_anew(
        self, spoil: Callable[[list[ListChunk]], None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("packages.listings.keeping.CHUNK", 40)
        expected = listings.projects()
        chunks = chunks_of()
        assert len(chunks) > 3
        spoil(chunks)
        a_new_process()
        assert listings.projects() == expected
        # And kept anew: the next one finds it whole.
        a_new_process()
        calls = 0

        def every(at: Store, *kinds: type[Item]) -> Iterator[Item]:
            nonlocal calls
            calls += 1
            return iter(())

        monkeypatch.setattr(type(store()), "every", every)
        assert listings.projects() == expected
        assert calls == 0

    def test_one_that_was_left_unfinished_spoils_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("packages.listings.keeping.CHUNK", 40)
        expected = listings.projects()
        first = chunks_of()[0]
        values: dict[str, Any] = {
            "serial": first.serial,
            "format": first.format,
            "pieces": first.pieces,
            "body": first.body,
        }
        for tag in ("0", "z"):
            store().write(Put(item=ListChunk(*ListChunk.key("projects", tag, 0), tag=tag, number=0, **values)))
        a_new_process()
        assert listings.projects() == expected
        assert {chunk.tag for chunk in chunks_of()} == {"0", "z", first.tag}

    def test_is_done_again_when_the_journal_has_gone_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(current, "KEEP_EVERY", 3)
        listings.projects()
        (before,) = chunks_of()
        for version in ("3.0", "4.0", "5.0"):
            assert chunks_of()[0].tag == before.tag
            publish(version=version)
            listings.projects()
        (after,) = chunks_of()
        assert (after.tag != before.tag, after.serial) == (True, before.serial + 3)

    def test_is_not_done_by_every_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(current, "KEEP_EVERY", 3)
        listings.projects()
        mine = store()
        for version in ("3.0", "4.0", "5.0"):
            publish(version=version)
        a_new_process()
        listings.projects()
        (kept,) = chunks_of()
        monkeypatch.setattr("packages.listings.store", lambda: mine)
        listings.projects()
        assert [chunk.tag for chunk in chunks_of()] == [kept.tag]

    def test_helps_a_process_that_is_far_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(current, "KEEP_EVERY", 1)
        monkeypatch.setattr(current, "MOST_BEHIND", 2)
        listings.projects()
        mine = store()
        for version in ("3.0", "4.0", "5.0"):
            publish(version=version)
            a_new_process()
            listings.projects()
        monkeypatch.setattr("packages.listings.store", lambda: mine)
        monkeypatch.setattr(type(mine), "every", lambda at, *kinds: pytest.fail("it read everything"))
        assert listings.projects().rows[0].releases == 5

    def test_harms_nobody_if_it_fails(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        def full(at: Store, change: object) -> None:
            raise Unavailable("The disk is full.")

        monkeypatch.setattr(type(store()), "write", full)
        assert [row.name for row in listings.projects().rows] == [DEMO, OTHER]
        assert "could not be kept: The disk is full." in caplog.text
        # It is not tried again at once.
        caplog.clear()
        publish(version="3.0")
        listings.projects()
        assert "could not be kept" not in caplog.text

    def test_gives_no_rows_of_other_settings(self, settings: Settings) -> None:
        a_token("alice")
        assert [row.account for row in listings.tokens(NOON).rows].count("alice") == 1
        settings.ACCOUNTS = {"bob": settings.ACCOUNTS["bob"]}
        check()
        assert [row.account for row in listings.tokens(NOON).rows] == ["carol"]
        assert [row.name for row in listings.accounts(NOON).rows] == ["bob", "carol"]

    @ON_AWS
    def test_fits_what_an_item_may_hold(self) -> None:
        chance = random.Random(1)
        names = [NormalizedName(f"p{number:05}") for number in range(250)]
        for name in names:
            text = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(2000))
            store().write(Put(item=Project(*Project.key(name), name=name, display_name=text)))
        expected = listings.projects().rows
        assert len(chunks_of()) >= 2
        assert all(len(chunk.body) <= 300_000 for chunk in chunks_of())
        a_new_process()
        assert listings.projects().rows == expected


class TestRows:
    def test_of_a_project(self) -> None:
        later = NOON + timedelta(hours=3)
        publish("Demo.Pkg", "1.0", summary="Old")
        publish("Demo.Pkg", "2.0rc1", by=an_origin(time=later), summary="Too new")
        publish("Demo.Pkg", "1.1", summary="  A fine\tthing ")
        publishing.publish(an_sdist("demo-pkg", "1.1", summary="Of the sdist").received(), by=ALICE, overwrite=False)
        publish("Demo.Pkg", "1.2", summary="Yanked")
        publishing.yank(DEMO, "1.2", by=ALICE)
        publish("Demo.Pkg", "1.3", summary="Removed")
        publishing.remove(DEMO, "1.3", by=ALICE)
        (row,) = listings.projects().rows
        sizes = [file.size for file in listings.files().rows if not file.removal]
        assert row == ProjectRow(
            name="demo-pkg",
            display_name="Demo.Pkg",
            summary="A fine thing",
            version="1.1",
            latest="2.0rc1",
            changed=later,
            created=NOON,
            files=5,
            releases=4,
            size=sum(sizes),
            status="active",
            owners=("alice",),
            removed=False,
            serial=8,
        )

    def test_of_files(self) -> None:
        publish(version="1.0", requires_python=">=3.9")
        publish(version="2.0")
        publishing.yank(DEMO, "1.0", by=ALICE, reason="broken")
        publishing.remove(DEMO, "2.0", by=ALICE)
        first, second = listings.files().rows
        assert (first.filename, first.yanked, first.yanked_reason, first.requires_python, first.removal) == (
            WHEEL,
            True,
            "broken",
            ">=3.9",
            "",
        )
        assert (second.version, second.removal, second.removed_at) == ("2.0", "hidden", NOON)
        assert (second.uploader, second.upload_time, second.sha256) == ("alice", NOON, a_wheel(version="2.0").sha256)

    def test_of_accounts(self) -> None:
        accounts.create("carol", role=Role.PUBLISHER, by=ALICE)
        accounts.change("carol", disabled=True, by=ALICE)
        publish(by=CAROL)
        publish(OTHER)
        a_token(expires=NOON + timedelta(hours=1))
        a_token()
        a_token("alice")
        carol = AccountRow("carol", "publisher", True, False, NOON, 2, 1)
        alice, bob = (
            AccountRow("alice", "admin", False, True, None, 1, 1),
            AccountRow("bob", "admin", False, True, None, 0, 0),
        )
        assert listings.accounts(NOON).rows == (alice, bob, carol)
        # Without any entry in the journal.
        assert listings.accounts(NOON + timedelta(hours=1)).rows[2].tokens == 1

    def test_of_tokens(self) -> None:
        accounts.create("carol", role=Role.PUBLISHER, by=ALICE)
        ends = NOON + timedelta(hours=1)
        one = a_token(description="CI", scopes=[Scope.READ, Scope.PUBLISH], projects=[OTHER, DEMO], expires=ends)
        (row,) = listings.tokens(NOON).rows
        assert row == TokenRow(
            one, "carol", "", "CI", ("publish", "read"), (DEMO, OTHER), NOON, ends.replace(microsecond=0), None
        )
        # From then on it may be deleted, and that is no entry in the journal.
        assert listings.tokens(ends).rows == ()

    def test_of_tokens_of_an_account_that_is_gone(self, items: Store) -> None:
        accounts.create("carol", role=Role.PUBLISHER, by=ALICE)
        left = items.get(Token.key(a_token()))
        assert left is not None
        listings.tokens(NOON)
        accounts.delete("carol", by=ALICE)
        # As long as the deletion goes on, or if it was cut off.
        items.write(Put(item=left))
        assert listings.tokens(NOON).rows == ()
        check()
        accounts.create("carol", role=Role.READER, by=an_origin(time=LATER))
        assert listings.tokens(NOON).rows == ()
        check()

    def test_of_publishers(self) -> None:
        publish()
        info = trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)
        (row,) = listings.publishers().rows
        item = store().get(Publisher.key(DEMO, info.id))
        assert isinstance(item, Publisher)
        assert (row.project, row.id, row.provider, row.issuer, row.subject, row.claims) == (
            DEMO,
            info.id,
            "github",
            info.issuer,
            item.subject,
            item.claims,
        )
        assert (row.registered_by, row.created, row.pending) == ("alice", NOON, False)

    def test_in_the_order_of_names(self) -> None:
        for name in ("b", "a-c", "ab", "a"):
            publish(name, "2.0")
            publish(name, "1.0")
        assert [row.name for row in listings.projects().rows] == ["a", "a-c", "ab", "b"]
        assert [(row.project, row.version) for row in listings.files().rows[:3]] == [
            ("a", "1.0"),
            ("a", "2.0"),
            ("a-c", "1.0"),
        ]

    def test_of_an_empty_index(self) -> None:
        found = listings.projects()
        assert (found.rows, found.public, found.totals, found.recent, found.serial) == ((), (), Totals(), (), 0)
        assert listings.files().rows == listings.tokens().rows == listings.publishers().rows == ()
        assert [row.name for row in listings.accounts().rows] == ["alice", "bob"]

    def test_of_the_index_as_a_whole(self) -> None:
        for number in range(22):
            publish(f"p{number:02}", by=an_origin(time=NOON + timedelta(minutes=number)))
        publishing.set_status(NormalizedName("p21"), "quarantined", by=ALICE)
        publishing.remove(NormalizedName("p20"), by=ALICE)
        publish("p00", "2.0", by=an_origin(time=LATER))
        found = listings.projects()
        assert [row.name for row in found.recent] == ["p00", *(f"p{number:02}" for number in range(19, 0, -1))]
        assert found.totals == Totals(20, 21, 21, sum(row.size for row in found.public))
        assert [row.name for row in found.rows if row.removed] == ["p20"]
        assert [row.files for row in found.rows if row.removed] == [1]
        assert {row.name for row in found.rows} - {row.name for row in found.public} == {"p20", "p21"}
        publishing.purge(NormalizedName("p20"), by=ALICE)
        assert "p20" not in [row.name for row in listings.projects().rows]

    def test_of_files_from_before_summaries_were_kept(self, items: Store) -> None:
        publish(summary="New")
        row = items.get(File.key(DEMO, WHEEL))
        assert isinstance(row, File)
        assert (row.summary, row.distribution().summary) == ("New", "New")
        # As each engine reads it.
        raw = cast("dict[str, Any]", row.to_dynamodb_dict())
        del raw["summary"]
        for old in (File.from_raw_data(raw), _loaded(row.pk, row.sk, json.dumps(raw))):
            assert isinstance(old, File)
            assert (old.summary, old.distribution().summary) == ("", "")

    def test_keep_no_endless_summary(self) -> None:
        publish(summary="é" * 600)
        assert listings.projects().rows[0].summary == "é" * LONGEST_SUMMARY

    def test_cannot_be_changed(self) -> None:
        publish()
        row = listings.projects().rows[0]
        with pytest.raises(AttributeError):
            row.name = "other"  # type: ignore[misc]
        assert not hasattr(row, "__dict__")


def names(query: str, **how: Any) -> list[str]:
    rows, total = listings.search(query, **{"limit": 100, **how})
    assert total == len(rows)
    return [row.name for row in rows]


def a_project(name: str, summary: str = "", *, display_name: str | None = None, status: str = "active") -> None:
    """A project, straight into the store."""
    normal = NormalizedName(name)
    store().write(Put(item=Project(*Project.key(normal), name=name, display_name=display_name, status=status)))
    filename = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    store().write(Put(item=File.of(a_file(project=normal, filename=filename, summary=summary))))


@ON_ONE_HOME
class TestSearch:
    @pytest.fixture(autouse=True)
    def _projects(self, home: str) -> None:
        a_project("http")
        a_project("http-client", "Talks to servers")
        a_project("httpx")
        a_project("my-http-things")
        a_project("xhttpx")
        a_project("requests", "HTTP for humans", display_name="Requests")
        a_project("strasse", "Auf der STRAẞE, café ½", display_name="Strasse")
        a_project("quiet", "http", status="quarantined")

    def test_ranks_by_how_near_the_name_is(self) -> None:
        assert names("http") == ["http", "http-client", "httpx", "my-http-things", "xhttpx", "requests"]

    @pytest.mark.parametrize("query", ["http-client", "HTTP_Client", "http.client", "http client", " Http--._Client- "])
    def test_finds_a_name_in_any_spelling(self, query: str) -> None:
        assert names(query) == ["http-client"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("for humans", ["requests"]),
            ("humans HTTP", ["requests"]),
            ("humans requests", ["requests"]),
            ("humans servers", []),
            ("talk", ["http-client"]),
            ("straße", ["strasse"]),
            # Written with a combining accent.
            ("cafe\u0301", ["strasse"]),
            ("1\u20442", ["strasse"]),
            ("\uff48\uff54\uff54\uff50\uff58", ["httpx", "xhttpx"]),
        ],
    )
    def test_finds_words_of_the_summary(self, query: str, found: list[str]) -> None:
        assert names(query) == found

    @pytest.mark.parametrize("query", ["", "   ", "\t\n\u2003"])
    def test_lists_everything_by_name_when_nothing_is_asked_for(self, query: str) -> None:
        public = ["http", "http-client", "httpx", "my-http-things", "requests", "strasse", "xhttpx"]
        assert names(query) == public
        assert names(query, quarantined_too=True) == sorted([*public, "quiet"])

    def test_shows_administrators_what_is_quarantined(self) -> None:
        assert "quiet" not in names("http")
        assert names("quiet", quarantined_too=True) == ["quiet"]
        publishing.remove(NormalizedName("quiet"), by=ALICE)
        assert names("quiet", quarantined_too=True) == []

    def test_gives_a_page(self) -> None:
        whole = names("http")
        rows, total = listings.search("http", limit=2, offset=1)
        assert ([row.name for row in rows], total) == (whole[1:3], 6)
        assert listings.search("http", limit=2, offset=99) == ([], 6)
        assert listings.search("", limit=-5, offset=-5) == ((), 7)

    @pytest.mark.parametrize(
        "query",
        [
            "\0",
            "http\0",
            "a" * 10_000,
            "ｱ" * 10_000,
            "\u0301" * 10_000,
            "a\u0301\u0323" * 3000,
            "\ufdfa" * 10_000,
            ".*",
            "(a+)+$",
            "[",
            "\\",
            "?",
            "%",
            "'; DROP TABLE item; --",
            "<script>",
            "🐍👩\u200d🚀",
            "\ud800",
            "\u202e",
            "\uff58 \ufdfa",
        ],
    )
    def test_finds_nothing_by_odd_queries(self, query: str) -> None:
        assert names(query) == []

    @pytest.mark.parametrize("query", ["---", "...", "_", "-._"])
    def test_takes_separators_for_no_name(self, query: str) -> None:
        assert names(query) == []

    def test_cuts_an_endless_query(self) -> None:
        assert names("http " * 10_000) == sorted(names("http"))
        assert names(" " * LONGEST_QUERY + "nobody") == names("")
        assert names("for " * 1000) == ["requests"]


@pytest.mark.usefixtures("filled")
class TestAtOnce:
    def test_publishing_and_reading(self) -> None:
        """Whoever has published finds it, and nothing that was there once is missing later."""
        failures: list[BaseException] = []
        done = threading.Event()

        def guarded(act: Callable[[], None]) -> threading.Thread:
            def run() -> None:
                try:
                    act()
                except BaseException as error:
                    failures.append(error)

            return threading.Thread(target=run)

        def write(number: int) -> Callable[[], None]:
            def act() -> None:
                for version in range(4):
                    publish(f"p{number}", f"1.{version}")
                    rows = {row.name: row for row in listings.projects().rows}
                    assert rows[f"p{number}"].releases == version + 1
                    assert sum(row.project == f"p{number}" for row in listings.files().rows) == version + 1

            return act

        def read() -> None:
            serial, count = 0, 0
            while not done.is_set():
                found = listings.projects()
                assert (found.serial >= serial, found.totals.files >= count) == (True, True)
                serial, count = found.serial, found.totals.files

        writers, readers = [guarded(write(number)) for number in range(3)], [guarded(read) for _ in range(2)]
        for thread in [*writers, *readers]:
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in readers:
            thread.join()
        assert not failures, failures
        check()

    def test_one_thread_reads_and_the_others_wait(self, calls: Calls, home: str) -> None:
        found: list[object] = []
        threads = [threading.Thread(target=lambda: found.append(listings.projects())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert calls.count("every" if home == "machine" else "Scan") == 1
        assert len({id(one) for one in found}) == 1

    @ON_ONE_HOME
    def test_a_publication_while_everything_is_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        every = type(store()).every

        def slow(at: Store, *kinds: type[Item]) -> Iterator[Item]:
            found = list(every(cast("Any", at), *kinds))
            if not any(isinstance(item, Project) and item.name == "late" for item in found):
                publish("late")
            return iter(found)

        monkeypatch.setattr(type(store()), "every", slow)
        assert [row.name for row in listings.projects().rows] == [DEMO, OTHER]
        assert [row.name for row in listings.projects().rows] == [DEMO, "late", OTHER]

    @ON_ONE_HOME
    def test_what_fails_is_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(at: Store, *kinds: type[Item]) -> Sequence[Item]:
            raise Unavailable("no")

        with monkeypatch.context() as patch:
            patch.setattr(type(store()), "every", broken)
            with pytest.raises(Unavailable):
                listings.projects()
        assert len(listings.projects().rows) == 2


def test_a_release_of_odd_files(items: Store) -> None:
    built: Built = a_wheel("demo-pkg", "1!2.0+local.1")
    publishing.publish(built.received(), by=ALICE, overwrite=False)
    assert listings.projects().rows[0].version == "1!2.0+local.1"
