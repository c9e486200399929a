"""Whose a project is, and who else may do what to it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, catalog, journal, publishing
from packages.access import ANONYMOUS, BUCKET, OPERATOR, Actor, Limits, ProjectRole, Role, Scope
from packages.errors import Conflict, NotAllowed, NotAuthenticated, NotFound
from packages.journal import Origin
from packages.models import Membership, Project
from packages.publishing.roles import MOST_ROLES
from packages.store import Store
from pypi_project.settings import FixedAccount
from tests.builders import NOON, an_origin
from tests.publishing.conftest import ALICE, CAROL, DAVE, DEMO, ERIN, RITA, publish
from tests.threads import all_at_once

OWNER, MAINTAINER = ProjectRole.OWNER, ProjectRole.MAINTAINER

Act = Callable[[Origin], object]
ACTS: dict[str, Act] = {
    "publish": lambda by: publish("2.0", by=by),
    "yank": lambda by: publishing.yank(DEMO, "1.0", by=by),
    "unyank": lambda by: publishing.unyank(DEMO, "0.9", by=by),
    "remove": lambda by: publishing.remove(DEMO, "1.0", by=by),
    "remove all": lambda by: publishing.remove(DEMO, by=by),
    "restore": lambda by: publishing.restore(DEMO, "0.1", by=by),
    "purge": lambda by: publishing.purge(DEMO, "0.1", by=by),
    "archive": lambda by: publishing.set_status(DEMO, "archived", by=by),
    "grant": lambda by: publishing.grant_role(DEMO, "erin", MAINTAINER, by=by),
    "grant all": lambda by: publishing.grant_role(DEMO, "erin", OWNER, by=by),
    "revoke": lambda by: publishing.revoke_role(DEMO, "gina", by=by),
    "quarantine": lambda by: publishing.set_status(DEMO, "quarantined", by=by),
    "leave ownerless": lambda by: publishing.revoke_role(DEMO, "carol", leave_ownerless=True, by=by),
}
FOR_MAINTAINERS = {"publish", "yank", "unyank", "remove", "remove all", "restore"}
FOR_ADMINISTRATORS = {"quarantine", "leave ownerless"}


def roles(name: NormalizedName = DEMO) -> dict[str, str]:
    return {account: role.value for account, role in publishing.roles_of(catalog.find_project(name)).items()}


def memberships(*names: str) -> dict[str, str]:
    """What the accounts' own lists say of the project."""
    lists = {name: dict(accounts.projects_of(name)) for name in names}
    return {name: projects[DEMO].value for name, projects in lists.items() if DEMO in projects}


@pytest.fixture
def demo(home: str, settings: Settings) -> None:
    """Carol's project, with something of every kind; Frank and Gina maintain it."""
    people = dict.fromkeys(("frank", "gina"), FixedAccount("secret", "publisher"))
    settings.ACCOUNTS = {**settings.ACCOUNTS, **people}
    for version in ("0.1", "0.9", "1.0"):
        publish(version)
    publishing.yank(DEMO, "0.9", by=CAROL)
    publishing.remove(DEMO, "0.1", by=CAROL)
    for name in people:
        publishing.grant_role(DEMO, name, MAINTAINER, by=CAROL)


class TestANewProject:
    def test_belongs_to_its_first_publisher(self) -> None:
        publish()
        assert roles() == memberships("carol", "dave") == {"carol": "owner"}
        publish("2.0")
        assert roles() == {"carol": "owner"}
        with pytest.raises(NotAllowed, match=r"neither owner nor maintainer; ask an owner \(carol\)"):
            publish("3.0", by=DAVE)

    @pytest.mark.parametrize("actor", [OPERATOR, BUCKET])
    def test_of_a_command_or_a_drop_belongs_to_nobody(self, actor: Actor) -> None:
        publish(by=Origin(actor=actor, time=NOON))
        assert roles() == {}
        with pytest.raises(NotAllowed, match="the project has no owner, ask an administrator"):
            publish("2.0")
        publish("2.0", by=ALICE)
        assert roles() == {}
        publishing.grant_role(DEMO, "carol", OWNER, by=ALICE)
        publish("3.0")

    def test_of_an_administrator_is_theirs(self) -> None:
        publish(by=ALICE)
        assert roles() == {"alice": "owner"}

    def test_of_a_token_is_its_accounts(self) -> None:
        limits = Limits(scopes=frozenset({Scope.PUBLISH}), projects=frozenset({DEMO}), expires=True)
        publish(by=replace(CAROL, actor=replace(CAROL.actor, limits=limits, credential="token 1")))
        assert roles() == {"carol": "owner"}

    @pytest.mark.parametrize("by", [RITA, Origin(actor=ANONYMOUS, time=NOON)])
    def test_is_not_created_by_who_only_reads(self, by: Origin) -> None:
        with pytest.raises((NotAllowed, NotAuthenticated)):
            publish(by=by)
        with pytest.raises(NotFound):
            catalog.find_project(DEMO)
        assert list(journal.entries()) == []

    def test_is_created_by_administrators_alone_where_the_settings_say_so(self, settings: Settings) -> None:
        settings.CREATE_PROJECTS = "admins"
        with pytest.raises(NotAllowed, match="only administrators create projects here"):
            publish()
        publish(by=ALICE)
        publishing.grant_role(DEMO, "carol", OWNER, by=ALICE)
        publish("2.0")

    def test_of_many_first_publishers_belongs_to_one(self) -> None:
        outcomes: dict[str, str] = {}
        people = [by.actor.name for by in (CAROL, DAVE, ERIN)] * 2

        def compete(number: int) -> None:
            name = people[number]
            try:
                outcomes[f"{name} {number}"] = publish(f"{number}.0", by=an_origin(name, "publisher"))
            except NotAllowed as refusal:
                outcomes[f"{name} {number}"] = str(refusal)

        all_at_once(compete, len(people))
        (owner,) = roles()
        assert roles() == memberships("carol", "dave", "erin") == {owner: "owner"}
        for who, outcome in outcomes.items():
            won = who.startswith(owner)
            assert outcome.endswith(".whl") is won, outcomes
            assert ("neither owner nor maintainer" in outcome) is not won
        files = catalog.files_of(catalog.find_project(DEMO))
        assert {file.uploader for file in files} == {owner}
        assert len(files) == 2

    def test_of_many_who_publish_the_same_file_belongs_to_one(self) -> None:
        """Nobody learns by the same bytes whether they are there already, but for who may publish them."""
        refused: list[str] = []

        def compete(number: int) -> None:
            try:
                publish(by=(CAROL, DAVE, ERIN)[number])
            except NotAllowed as refusal:
                refused.append(str(refusal))

        all_at_once(compete, 3)
        assert len(refused) == 2
        assert len(roles()) == 1


@pytest.mark.usefixtures("demo")
class TestWhoMayDoWhat:
    @pytest.mark.parametrize("act", ACTS)
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_by_role(self, act: str, settings: Settings) -> None:
        people = settings.ACCOUNTS
        settings.ACCOUNTS = {**people, "rita": FixedAccount("secret", "publisher")}
        publishing.grant_role(DEMO, "rita", OWNER, by=CAROL)
        settings.ACCOUNTS = people
        before = journal.newest()
        refused = {
            "anonymous": Origin(actor=ANONYMOUS, time=NOON),
            "a stranger": DAVE,
            # A reader is a reader, whatever else they are.
            "a reader who owns it": RITA,
            "an owner by a token to read": replace(
                CAROL, actor=replace(CAROL.actor, limits=Limits(scopes=frozenset({Scope.READ})))
            ),
            "an owner by a token for another": replace(
                CAROL,
                actor=replace(
                    CAROL.actor,
                    limits=Limits(scopes=frozenset(Scope), projects=frozenset({NormalizedName("other-pkg")})),
                ),
            ),
            "a trusted publisher": Origin(actor=Actor(name="carol", publisher="p1"), time=NOON),
        }
        if act not in FOR_MAINTAINERS:
            refused["a maintainer"] = an_origin("frank", "publisher")
        if act in FOR_ADMINISTRATORS:
            refused["an owner"] = CAROL
        for who, by in refused.items():
            if (who, act) == ("a trusted publisher", "publish"):
                continue
            if act == "leave ownerless" and who == "an owner":
                publishing.revoke_role(DEMO, "rita", by=ALICE)
                before = journal.newest()
            with pytest.raises((NotAllowed, NotAuthenticated)):
                ACTS[act](by)
            assert journal.newest() == before, who

    @pytest.mark.parametrize("act", ACTS)
    def test_administrators_everything(self, act: str) -> None:
        before = journal.newest()
        ACTS[act](ALICE)
        assert journal.newest() > before

    @pytest.mark.parametrize("act", sorted(ACTS.keys() - FOR_ADMINISTRATORS))
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_owners_everything_of_their_project(self, act: str) -> None:
        before = journal.newest()
        ACTS[act](CAROL)
        assert journal.newest() > before

    @pytest.mark.parametrize("act", sorted(FOR_MAINTAINERS))
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_maintainers_its_files(self, act: str) -> None:
        before = journal.newest()
        ACTS[act](an_origin("frank", "publisher"))
        assert journal.newest() > before

    @pytest.mark.parametrize("act", ACTS)
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_who_was_owner_a_moment_ago_nothing(self, act: str) -> None:
        publishing.grant_role(DEMO, "dave", OWNER, by=CAROL)
        publishing.revoke_role(DEMO, "carol", by=DAVE)
        with pytest.raises((NotAllowed, NotFound)):
            ACTS[act](CAROL)


@pytest.mark.usefixtures("demo")
class TestRoles:
    def test_are_granted_changed_and_taken_away(self) -> None:
        publishing.grant_role(DEMO, "dave", MAINTAINER, by=CAROL)
        assert memberships("carol", "dave", "frank", "gina") == roles()
        assert roles() == {"carol": "owner", "dave": "maintainer", "frank": "maintainer", "gina": "maintainer"}
        publish("2.0", by=DAVE)
        publishing.grant_role(DEMO, "dave", OWNER, by=CAROL)
        publishing.revoke_role(DEMO, "frank", by=DAVE)
        publishing.revoke_role(DEMO, "gina", by=DAVE)
        assert roles() == memberships("carol", "dave", "frank") == {"carol": "owner", "dave": "owner"}
        publishing.grant_role(DEMO, "carol", MAINTAINER, by=DAVE)
        assert roles() == memberships("carol", "dave") == {"dave": "owner", "carol": "maintainer"}

    def test_are_shown_owners_first(self) -> None:
        for account, role in (("erin", OWNER), ("alice", MAINTAINER), ("dave", OWNER)):
            publishing.grant_role(DEMO, account, role, by=CAROL)
        assert list(roles().items()) == [
            ("carol", "owner"),
            ("dave", "owner"),
            ("erin", "owner"),
            ("alice", "maintainer"),
            ("frank", "maintainer"),
            ("gina", "maintainer"),
        ]

    @pytest.mark.parametrize("account", ["nobody", "Dave", "dave ", "\uff44ave", "", "x" * 5000])
    def test_are_not_given_to_nobody(self, account: str) -> None:
        with pytest.raises(NotFound, match="There is no account"):
            publishing.grant_role(DEMO, account, OWNER, by=CAROL)
        with pytest.raises(NotFound, match="has no role in the project demo-pkg"):
            publishing.revoke_role(DEMO, account, by=CAROL)

    def test_are_of_a_project_that_there_is(self) -> None:
        nothing = NormalizedName("nothing")
        with pytest.raises(NotFound):
            publishing.grant_role(nothing, "dave", OWNER, by=ALICE)
        with pytest.raises(NotFound):
            publishing.revoke_role(nothing, "dave", by=ALICE)

    def test_are_not_too_many(self, settings: Settings) -> None:
        people = [f"person-{number:02}" for number in range(MOST_ROLES)]
        settings.ACCOUNTS = {**settings.ACCOUNTS, **{name: FixedAccount("x") for name in people}}
        for name in people[: MOST_ROLES - 3]:
            publishing.grant_role(DEMO, name, MAINTAINER, by=CAROL)
        with pytest.raises(Conflict, match=r"has 50 owners and maintainers, which are the most\."):
            publishing.grant_role(DEMO, people[-1], MAINTAINER, by=CAROL)
        # One that is there can be another.
        publishing.grant_role(DEMO, people[0], OWNER, by=CAROL)
        publishing.revoke_role(DEMO, people[1], by=CAROL)
        publishing.grant_role(DEMO, people[-1], MAINTAINER, by=CAROL)
        # All of them fit into the transaction that gives up the name.
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=CAROL)
        assert memberships(*people) == {}

    def test_anybody_gives_up_their_own(self) -> None:
        publishing.grant_role(DEMO, "rita", MAINTAINER, by=CAROL)
        publishing.revoke_role(DEMO, "rita", by=RITA)
        publishing.revoke_role(DEMO, "frank", by=an_origin("frank", "publisher"))
        assert roles() == {"carol": "owner", "gina": "maintainer"}

    @pytest.mark.parametrize("scopes", [{Scope.READ}, {Scope.READ, Scope.PUBLISH}])
    def test_not_by_a_token_that_is_for_less(self, scopes: set[Scope]) -> None:
        limits = Limits(scopes=frozenset(scopes))
        with pytest.raises(NotAllowed):
            publishing.revoke_role(DEMO, "frank", by=an_origin("frank", "publisher", limits=limits))
        assert roles()["frank"] == "maintainer"

    def test_nobody_makes_themselves_more(self) -> None:
        for by in (an_origin("frank", "publisher"), DAVE, RITA):
            for role in ProjectRole:
                with pytest.raises(NotAllowed):
                    publishing.grant_role(DEMO, by.actor.name, role, by=by)

    def test_lost_a_moment_before_are_worth_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Only what the transaction finds counts."""
        publishing.grant_role(DEMO, "dave", OWNER, by=CAROL)
        find_project = catalog.find_project

        def too_late(name: NormalizedName, *, removed_too: bool) -> Project:
            project = find_project(name, removed_too=removed_too)
            publishing.revoke_role(DEMO, "carol", by=DAVE)
            return project

        monkeypatch.setattr("packages.publishing.roles.find_project", too_late)
        with pytest.raises(NotAllowed, match="it is not an owner"):
            publishing.grant_role(DEMO, "erin", OWNER, by=CAROL)
        assert "erin" not in roles()

    def test_are_given_while_a_project_is_removed(self) -> None:
        publishing.revoke_role(DEMO, "carol", leave_ownerless=True, by=ALICE)
        publishing.remove(DEMO, by=ALICE)
        publishing.grant_role(DEMO, "dave", OWNER, by=ALICE)
        publishing.restore(DEMO, by=DAVE)
        assert roles()["dave"] == "owner"

    def test_of_owners_are_not_for_who_could_do_nothing(self) -> None:
        """Else the last one who can would be the last owner."""
        accounts.create("paul", role=Role.PUBLISHER, by=ALICE)
        accounts.change("paul", disabled=True, by=ALICE)
        for name in ("rita", "paul"):
            with pytest.raises(Conflict, match="is disabled, or a reader"):
                publishing.grant_role(DEMO, name, OWNER, by=CAROL)
            publishing.grant_role(DEMO, name, MAINTAINER, by=CAROL)
        accounts.change("paul", disabled=False, by=ALICE)
        publishing.grant_role(DEMO, "paul", OWNER, by=CAROL)

    def test_last_through_a_removal_and_end_with_a_purge(self, items: Store) -> None:
        publishing.remove(DEMO, by=CAROL)
        with pytest.raises(NotAllowed):
            publish(by=DAVE)
        publishing.restore(DEMO, by=CAROL)
        assert roles() == {"carol": "owner", "frank": "maintainer", "gina": "maintainer"}
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=CAROL)
        assert memberships("carol", "frank") == {}
        assert items.get(Membership.key("carol", DEMO)) is None
        publish("5.0", by=DAVE)
        assert roles() == {"dave": "owner"}
        with pytest.raises(NotAllowed):
            publish("6.0", by=CAROL)


class TestTheLastOwner:
    @pytest.fixture(autouse=True)
    def _project(self, home: str) -> None:
        publish()
        publishing.grant_role(DEMO, "erin", MAINTAINER, by=CAROL)

    @pytest.mark.parametrize("by", [CAROL, ALICE, Origin(actor=OPERATOR, time=NOON)])
    @pytest.mark.parametrize(
        "act",
        [
            lambda by: publishing.revoke_role(DEMO, "carol", by=by),
            lambda by: publishing.grant_role(DEMO, "carol", MAINTAINER, by=by),
        ],
    )
    def test_stays(self, by: Origin, act: Act) -> None:
        with pytest.raises(Conflict, match=r"^'carol' is the last owner .*: make somebody else an owner first\.$"):
            act(by)
        assert roles() == {"carol": "owner", "erin": "maintainer"}

    def test_goes_when_there_is_another(self) -> None:
        publishing.grant_role(DEMO, "dave", OWNER, by=CAROL)
        publishing.revoke_role(DEMO, "carol", by=CAROL)
        with pytest.raises(Conflict):
            publishing.revoke_role(DEMO, "dave", by=DAVE)
        assert roles() == {"dave": "owner", "erin": "maintainer"}

    def test_goes_if_an_administrator_says_so(self) -> None:
        with pytest.raises(NotAllowed, match="may not leave project 'demo-pkg' without an owner"):
            publishing.revoke_role(DEMO, "carol", leave_ownerless=True, by=CAROL)
        with pytest.raises(NotAllowed):
            publishing.grant_role(DEMO, "carol", MAINTAINER, leave_ownerless=True, by=CAROL)
        publishing.revoke_role(DEMO, "carol", leave_ownerless=True, by=ALICE)
        assert roles() == memberships("carol", "erin") == {"erin": "maintainer"}
        publish("2.0", by=ERIN)
        # Whose it was is not whose it becomes again by publishing.
        with pytest.raises(NotAllowed):
            publish("3.0", by=CAROL)
        publishing.grant_role(DEMO, "dave", OWNER, by=ALICE)
        assert roles() == {"dave": "owner", "erin": "maintainer"}

    @pytest.mark.parametrize("way", ["give up", "take from one another", "make maintainers of one another"])
    def test_is_left_of_two_who_go_at_once(self, way: str) -> None:
        publishing.grant_role(DEMO, "dave", OWNER, by=CAROL)
        for _ in range(3):
            refused: list[Exception] = []

            def leave(number: int) -> None:
                mine, theirs = (CAROL, DAVE) if number else (DAVE, CAROL)
                try:
                    if way == "give up":
                        publishing.revoke_role(DEMO, mine.actor.name, by=mine)
                    elif way == "take from one another":
                        publishing.revoke_role(DEMO, theirs.actor.name, by=mine)
                    else:
                        publishing.grant_role(DEMO, theirs.actor.name, MAINTAINER, by=mine)
                except (Conflict, NotAllowed) as refusal:
                    refused.append(refusal)  # noqa: B023

            all_at_once(leave, 2)
            owners = [account for account, role in roles().items() if role == "owner"]
            assert len(owners) == len(refused) == 1
            assert memberships("carol", "dave", "erin") == roles()
            for account in ("carol", "dave"):
                publishing.grant_role(DEMO, account, OWNER, by=ALICE)

    def test_is_left_of_many(self, settings: Settings) -> None:
        people = [f"person-{number}" for number in range(8)]
        settings.ACCOUNTS = {**settings.ACCOUNTS, **{name: FixedAccount("x", "publisher") for name in people}}
        for name in people:
            publishing.grant_role(DEMO, name, OWNER, by=CAROL)
        publishing.revoke_role(DEMO, "carol", by=CAROL)
        refused: list[str] = []

        def leave(number: int) -> None:
            try:
                publishing.revoke_role(DEMO, people[number], by=an_origin(people[number], "publisher"))
            except Conflict:
                refused.append(people[number])

        all_at_once(leave, len(people))
        assert list(roles()) == [*refused, "erin"]
        assert len(refused) == 1


def test_a_role_of_an_account_that_is_gone_can_be_taken_away() -> None:
    publish()
    accounts.create("frank", role=Role.PUBLISHER, by=ALICE)
    publishing.grant_role(DEMO, "frank", OWNER, by=CAROL)
    with pytest.raises(Conflict, match="still has a role in demo-pkg"):
        accounts.delete("frank", by=ALICE)
    publishing.revoke_role(DEMO, "frank", by=CAROL)
    accounts.delete("frank", by=ALICE)


def test_an_owner_whom_the_settings_no_longer_name_keeps_the_project(settings: Settings) -> None:
    publish()
    settings.ACCOUNTS = {"alice": FixedAccount("secret"), "dave": FixedAccount("secret", "publisher")}
    with pytest.raises(NotAllowed, match=r"ask an owner \(carol\)"):
        publish("2.0", by=DAVE)
    publishing.grant_role(DEMO, "dave", OWNER, by=ALICE)
    publishing.revoke_role(DEMO, "carol", by=DAVE)
    assert roles() == {"dave": "owner"}


class TestTheAccount:
    """What becomes of roles when an account is deleted at the same time."""

    @pytest.fixture(autouse=True)
    def demo(self, people: None) -> None:
        publish()

    def test_is_deleted_without_a_role_or_kept_with_it(self, one_call_at_a_time: None) -> None:
        for number in range(6):
            name = f"gus{number}"
            accounts.create(name, role=Role.PUBLISHER, by=ALICE)

            def act(which: int, name: str = name) -> None:
                with suppress(Conflict, NotFound):
                    if which:
                        publishing.grant_role(DEMO, name, MAINTAINER, by=CAROL)
                    else:
                        accounts.delete(name, by=ALICE)

            all_at_once(act, 2)
            assert (name in roles()) is (accounts.lookup(name) is not None)
            assert (name in memberships(name)) is (name in roles())

    def test_that_is_gone_creates_no_project(self) -> None:
        gus = an_origin("gus", "publisher")
        with pytest.raises(NotAllowed, match="may not create project 'new-pkg': the account is gone"):
            publish(name=NormalizedName("new-pkg"), by=gus)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_who_could_do_nothing_anyway_does_not_learn_what_is_there(act: Act) -> None:
    elsewhere = Limits(scopes=frozenset(Scope), projects=frozenset({NormalizedName("other")}))
    for actor in (RITA.actor, replace(CAROL.actor, limits=elsewhere)):
        by = replace(CAROL, actor=actor)
        refusals = []
        for there in (False, True):
            if there:
                publish()
            with pytest.raises(NotAllowed) as refusal:
                act(by)
            refusals.append(str(refusal.value).partition(":")[0].replace("create", "publish to"))
        assert refusals[0] == refusals[1]
