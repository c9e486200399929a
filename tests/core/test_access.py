"""Who may do what: every role, action, standing, token and setting, against a table written by hand."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

import pytest
from packaging.utils import NormalizedName

from packages.access import (
    ANONYMOUS,
    BUCKET,
    OPERATOR,
    Action,
    Actor,
    Creation,
    Limits,
    Policy,
    Registration,
    Role,
    Scope,
    Standing,
    require,
    why_not,
)
from packages.errors import NotAllowed, NotAuthenticated

DEMO, OTHER = NormalizedName("demo-pkg"), NormalizedName("other-pkg")

# What may be done without a token. A letter is an action that is allowed, in the order of the
# first line; a dot is one that is refused; a plus is allowed where publishers create projects.
COLUMNS = {
    "L": Action.LIST,
    "R": Action.READ,
    "P": Action.PUBLISH,
    "C": Action.CREATE,
    "c": Action.CURATE,
    "p": Action.PURGE,
    "s": Action.SET_STATUS,
    "q": Action.QUARANTINE,
    "r": Action.MANAGE_ROLES,
    "t": Action.MANAGE_PUBLISHERS,
    "o": Action.LEAVE_OWNERLESS,
    "T": Action.MANAGE_TOKENS,
    "A": Action.MANAGE_ACCOUNTS,
    "J": Action.READ_JOURNAL,
}
TABLE = """
    who         project      LR PC cpsq rto TAJ
    anonymous   any          .. .. .... ... ...
    reader      any          LR .. .... ... T..
    publisher   owned        LR P+ cps. rt. T..
    publisher   maintained   LR P+ c... ... T..
    publisher   foreign      LR .+ .... ... T..
    publisher   ownerless    LR .+ .... ... T..
    publisher   untaken      LR ++ .... ... T..
    publisher   none         LR P+ cps. rt. T..
    admin       any          LR PC cpsq rto TAJ
    operator    any          LR PC cpsq rto TAJ
    bucket      any          LR PC cpsq rto TAJ
    trusted     untaken      .. .. .... ... ...
    trusted     any          .. P. .... ... ...
    pending     untaken      .. PC .... ... ...
    pending     none         .. PC .... ... ...
    pending     any          .. .C .... ... ...
"""
# The scope without which a token is for none of these.
SCOPES = {Scope.READ: "LR", Scope.PUBLISH: "PC", Scope.MANAGE: "cpsqrtoTAJ"}

# What a token for the project alone is that a trusted publisher gets.
MINTED = Limits(scopes=frozenset({Scope.PUBLISH}), projects=frozenset({DEMO}), expires=True)
TRUSTED = Actor(name="github:octo/demo", credential="token 1", limits=MINTED, publisher="p1")
ACTORS = {
    "anonymous": ANONYMOUS,
    **{role.value: Actor(name="carol", role=role) for role in Role},
    "operator": OPERATOR,
    "bucket": BUCKET,
    "trusted": TRUSTED,
    "pending": replace(TRUSTED, creates_for="carol"),
}
ACCOUNTS = [*(role.value for role in Role), "operator", "bucket"]
OTHERS = frozenset({"dave", "erin"})
STANDINGS = {
    "owned": Standing(name=DEMO, owners=frozenset({"carol", "dave"})),
    "maintained": Standing(name=DEMO, owners=OTHERS, maintainers=frozenset({"carol"})),
    "foreign": Standing(name=DEMO, owners=OTHERS, maintainers=frozenset({"frank"})),
    "ownerless": Standing(name=DEMO),
    "untaken": Standing(name=DEMO, taken=False),
    "none": None,
}
POLICIES = [Policy(public_read=public, creation=creation) for public, creation in product((False, True), Creation)]
EVERY_SCOPE = frozenset(Scope)


def rows() -> dict[tuple[str, str], str]:
    """The letters of each row, without spaces, by who and project; the first line's are those of the actions."""
    table = {}
    for line in TABLE.split("\n"):
        if line.strip():
            who, project, *letters = line.split()
            table[who, project] = "".join(letters)
    return table


ROWS = rows()


def allowed(who: str, action: Action, project: str, policy: Policy) -> bool:
    """What the table says."""
    if policy.public_read and action in {Action.LIST, Action.READ}:
        return True
    letters = ROWS.get((who, project)) or ROWS[who, "any"]
    letter = letters[list(COLUMNS.values()).index(action)]
    return policy.creation is Creation.PUBLISHERS if letter == "+" else letter != "."


def tokens() -> Iterator[Limits]:
    """Every shape of a token."""
    subsets = [frozenset(some) for size in range(len(Scope) + 1) for some in combinations(Scope, size)]
    lists = [None, frozenset({DEMO}), frozenset({DEMO, OTHER}), frozenset({OTHER})]
    for scopes, projects, expires in product(subsets, lists, (False, True)):
        yield Limits(scopes=scopes, projects=projects, expires=expires)


TOKENS = list(tokens())


def test_the_table_has_a_column_for_every_action_and_a_row_for_everybody() -> None:
    assert "".join(COLUMNS) == ROWS["who", "project"]
    assert set(COLUMNS.values()) == set(Action)
    assert {who for who, _ in ROWS} == {"who", *ACTORS}
    assert {project for _, project in ROWS} == {"project", "any", *STANDINGS}
    for (who, project), letters in ROWS.items():
        assert all(letter in {column, ".", "+"} for letter, column in zip(letters, COLUMNS, strict=True)), (
            who,
            project,
        )


@pytest.mark.parametrize("who", ACTORS)
@pytest.mark.parametrize("project", STANDINGS)
def test_allows_without_a_token_what_the_table_allows(who: str, project: str) -> None:
    for action, policy in product(Action, POLICIES):
        why = why_not(ACTORS[who], action, STANDINGS[project], policy)
        assert (why is None) is allowed(who, action, project, policy), (action, policy, why)


@pytest.mark.parametrize("who", ["reader", "publisher", "admin", "operator", "bucket"])
@pytest.mark.parametrize("project", STANDINGS)
def test_a_token_leaves_what_its_scopes_and_projects_say(who: str, project: str) -> None:
    for limits, action, policy in product(TOKENS, Action, POLICIES):
        actor = replace(ACTORS[who], limits=limits, credential="token 1")
        why = why_not(actor, action, STANDINGS[project], policy)
        (letter,) = (letter for letter, column in COLUMNS.items() if column is action)
        kept = any(letter in SCOPES[scope] for scope in limits.scopes)
        if limits.projects is not None:
            kept = kept and letter not in "LTAJ" and (project == "none" or DEMO in limits.projects)
        if letter in "TA":
            kept = kept and limits == Limits(scopes=EVERY_SCOPE)
        if letter in "rt":
            kept = kept and limits.scopes == EVERY_SCOPE and not limits.expires
        kept = kept or (policy.public_read and letter in "LR")
        assert (why is None) is (kept and allowed(who, action, project, policy)), (limits, action, policy, why)


@pytest.mark.parametrize("who", ACTORS)
def test_a_token_only_narrows(who: str) -> None:
    """Whatever is allowed with a token is allowed without one, and with every token that is for more."""
    for action, standing, policy in product(Action, STANDINGS.values(), POLICIES):
        without = why_not(replace(ACTORS[who], limits=None), action, standing, policy) is None
        answers = {}
        for limits in TOKENS:
            answers[limits] = why_not(replace(ACTORS[who], limits=limits), action, standing, policy) is None
            assert without or not answers[limits], (action, standing, policy, limits)
        for less, more in product(answers, answers):
            narrower = less.scopes <= more.scopes and more.expires <= less.expires
            inside = more.projects is None or (less.projects is not None and less.projects <= more.projects)
            if narrower and inside and answers[less]:
                assert answers[more], (action, standing, policy, less, more)


@pytest.mark.parametrize("action", [Action.MANAGE_TOKENS, Action.MANAGE_ACCOUNTS])
def test_credentials_are_given_only_by_a_password_or_a_token_that_narrows_nothing(action: Action) -> None:
    admin = ACTORS["admin"]
    enough = [limits for limits in TOKENS if why_not(replace(admin, limits=limits), action, None, Policy()) is None]
    assert enough == [Limits(scopes=EVERY_SCOPE)]
    assert why_not(admin, action, None, Policy()) is None


def test_an_actor_without_a_role_that_is_no_publisher_is_nobody_whatever_its_name() -> None:
    nobody = Actor(name="carol", limits=Limits(scopes=EVERY_SCOPE))
    for action, standing in product(Action, STANDINGS.values()):
        with pytest.raises(NotAuthenticated, match="Credentials are required"):
            require(nobody, action, standing, Policy())


def test_a_name_that_is_another_in_other_letters_owns_nothing() -> None:
    for name in ("Carol", "carol ", "\uff43arol", "\u0441arol", "carol\u200b", ""):
        impostor = Actor(name=name, role=Role.PUBLISHER)
        for project, action in product(("owned", "maintained"), (Action.PUBLISH, Action.CURATE, Action.MANAGE_ROLES)):
            with pytest.raises(NotAllowed):
                require(impostor, action, STANDINGS[project], Policy())


class TestATrustedPublisherOfSeveralProjects:
    """To each it is what it was registered as there."""

    ACTOR = replace(
        TRUSTED,
        limits=replace(MINTED, projects=frozenset({DEMO, OTHER})),
        registrations=(
            Registration(project=DEMO, id="p1"),
            Registration(project=OTHER, id="p2", creates_for="carol"),
        ),
    )

    @pytest.mark.parametrize(
        ("project", "taken", "may"),
        [
            (DEMO, True, True),
            pytest.param(DEMO, False, False, id="the project that it was registered for is gone"),
            (OTHER, False, True),
            pytest.param(OTHER, True, False, id="somebody else was faster"),
            pytest.param(NormalizedName("third"), True, False, id="registered nowhere there"),
            pytest.param(NormalizedName("third"), False, False, id="a name that nobody has"),
        ],
    )
    def test_may_publish_as_registered(self, project: NormalizedName, taken: bool, may: bool) -> None:
        standing = Standing(name=project, taken=taken, owners=frozenset({"dave"} if taken else ()))
        assert (why_not(self.ACTOR, Action.PUBLISH, standing, Policy()) is None) is may

    @pytest.mark.parametrize("action", [action for action in Action if action not in {Action.PUBLISH, Action.CREATE}])
    def test_does_nothing_else(self, action: Action) -> None:
        for limits, standing in product((None, self.ACTOR.limits), (*STANDINGS.values(), None)):
            assert why_not(replace(self.ACTOR, limits=limits), action, standing, Policy())

    def test_is_at_a_project_what_it_was_registered_as(self) -> None:
        assert (self.ACTOR.at(DEMO).publisher, self.ACTOR.at(DEMO).creates_for) == ("p1", None)
        assert (self.ACTOR.at(OTHER).publisher, self.ACTOR.at(OTHER).creates_for) == ("p2", "carol")
        assert self.ACTOR.at(NormalizedName("third")) == self.ACTOR


class TestARefusal:
    """Is a sentence that one can do something about."""

    # Names that no account of the index's own can have, but one of the settings can.
    NAMES = ("carol", "Zoë", "пётр", "o'brien", "\x1b[31mred", 'do"t')

    @pytest.mark.parametrize("who", [who for who in ACTORS if who != "anonymous"])
    def test_names_user_action_and_project_in_plain_ascii(self, who: str) -> None:
        projects = [*STANDINGS.values(), Standing(name=NormalizedName("naïve"), owners=frozenset(self.NAMES))]
        words = {action: action.words.partition("{}")[0] for action in Action}
        for name, action, standing in product(self.NAMES, Action, projects):
            for limits in (None, ACTORS[who].limits, Limits(scopes=frozenset(), projects=frozenset({OTHER}))):
                actor = replace(ACTORS[who], name=name, limits=limits)
                why = why_not(actor, action, standing, Policy())
                if why is None:
                    continue
                asked = action
                if action is Action.PUBLISH and standing is not None and not standing.taken:
                    asked = Action.CREATE
                assert why.isascii(), why
                assert why.isprintable(), why
                assert why.endswith(".")
                assert f" {name!a} may not {words[asked]}" in why
                if "{}" in action.words:
                    about = "this index" if standing is None else f"project {standing.name!a}"
                    assert about in why

    @pytest.mark.parametrize(
        ("who", "action", "project", "sentence"),
        [
            (
                "reader",
                Action.PUBLISH,
                "owned",
                "User 'carol' may not publish to project 'demo-pkg': its role is 'reader'.",
            ),
            (
                "publisher",
                Action.PUBLISH,
                "foreign",
                "User 'carol' may not publish to project 'demo-pkg': "
                "it is neither owner nor maintainer; ask an owner (dave, erin).",
            ),
            (
                "publisher",
                Action.CURATE,
                "ownerless",
                "User 'carol' may not yank, remove or restore files of project 'demo-pkg': "
                "it is neither owner nor maintainer; the project has no owner, ask an administrator.",
            ),
            (
                "publisher",
                Action.MANAGE_ROLES,
                "maintained",
                "User 'carol' may not manage the roles of project 'demo-pkg': "
                "it is not an owner; ask an owner (dave, erin).",
            ),
            (
                "publisher",
                Action.QUARANTINE,
                "owned",
                "User 'carol' may not quarantine project 'demo-pkg', or release it: only administrators may.",
            ),
            (
                "publisher",
                Action.READ_JOURNAL,
                "none",
                "User 'carol' may not read the journal: only administrators may.",
            ),
            (
                "trusted",
                Action.PUBLISH,
                "untaken",
                "Trusted publisher 'github:octo/demo' may not create project 'demo-pkg': "
                "the project it was registered for is gone.",
            ),
            (
                "pending",
                Action.PUBLISH,
                "foreign",
                "Trusted publisher 'github:octo/demo' may not publish to project 'demo-pkg': "
                "the project was created by somebody else meanwhile.",
            ),
            (
                "anonymous",
                Action.READ,
                "owned",
                "Credentials are required: log in with a user name and a password, or with a token.",
            ),
        ],
    )
    def test_says_why(self, who: str, action: Action, project: str, sentence: str) -> None:
        assert why_not(ACTORS[who], action, STANDINGS[project], Policy()) == sentence

    def test_says_why_publishers_create_nothing(self) -> None:
        policy = Policy(creation=Creation.ADMINS)
        why = why_not(ACTORS["publisher"], Action.PUBLISH, STANDINGS["untaken"], policy)
        assert why == "User 'carol' may not create project 'demo-pkg': only administrators create projects here."

    def test_says_why_trusted_publishers_only_publish(self) -> None:
        why = why_not(replace(TRUSTED, limits=None), Action.READ, STANDINGS["owned"], Policy())
        assert why is not None
        assert why.endswith(": trusted publishers only publish.")

    def test_names_three_owners_at_most(self) -> None:
        many = Standing(name=DEMO, owners=frozenset({"dave", "erin", "frank", "grace"}))
        why = why_not(ACTORS["publisher"], Action.PUBLISH, many, Policy())
        assert why is not None
        assert why.endswith("ask an owner (dave, erin, frank and others).")

    @pytest.mark.parametrize(
        ("limits", "action", "reason"),
        [
            (
                Limits(scopes=frozenset({Scope.READ})),
                Action.PUBLISH,
                "the token is for 'read' only, and this takes 'publish'",
            ),
            (
                Limits(scopes=frozenset({Scope.READ, Scope.MANAGE})),
                Action.PUBLISH,
                "the token is for 'manage', 'read' only, and this takes 'publish'",
            ),
            (Limits(scopes=frozenset()), Action.READ, "the token is for nothing only, and this takes 'read'"),
            (
                Limits(scopes=EVERY_SCOPE, projects=frozenset({OTHER})),
                Action.PUBLISH,
                "the token is for 'other-pkg' only",
            ),
            (Limits(scopes=EVERY_SCOPE, projects=frozenset({DEMO})), Action.LIST, "the token is for 'demo-pkg' only"),
            (
                Limits(scopes=EVERY_SCOPE, expires=True),
                Action.MANAGE_TOKENS,
                "that takes a password, or a token of every scope, without projects and without an end",
            ),
        ],
    )
    def test_says_what_a_token_is_for(self, limits: Limits, action: Action, reason: str) -> None:
        why = why_not(replace(ACTORS["admin"], limits=limits), action, STANDINGS["owned"], Policy())
        assert why is not None
        assert why.endswith(f": {reason}.")

    def test_asks_for_credentials_or_says_no(self) -> None:
        with pytest.raises(NotAuthenticated):
            require(ANONYMOUS, Action.PUBLISH, STANDINGS["foreign"], Policy(public_read=True))
        with pytest.raises(NotAllowed):
            require(ACTORS["reader"], Action.PUBLISH, STANDINGS["foreign"], Policy())
        require(ACTORS["admin"], Action.PUBLISH, STANDINGS["foreign"], Policy())
