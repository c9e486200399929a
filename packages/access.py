"""Who may do what: pure rules over an actor, an action and a project.

An account has a role; a project has owners and maintainers; a token leaves of its account's
rights what its scopes and projects say. Whatever is not allowed here is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from packaging.utils import NormalizedName

from packages.errors import NotAllowed, NotAuthenticated


class Role(StrEnum):
    """What an account may be, each including the one before."""

    READER = "reader"
    PUBLISHER = "publisher"
    ADMIN = "admin"


class ProjectRole(StrEnum):
    """What an account may be to a project."""

    OWNER = "owner"
    MAINTAINER = "maintainer"


class Scope(StrEnum):
    """What a token may be used for; none includes another."""

    READ = "read"
    PUBLISH = "publish"
    MANAGE = "manage"


class Creation(StrEnum):
    """Who may publish under a name that no project has yet."""

    PUBLISHERS = "publishers"
    ADMINS = "admins"


class Action(Enum):
    """What can be done: the words that complete 'may not …', and the scope a token needs for it."""

    LIST = ("list the projects of this index", Scope.READ)
    READ = ("read from {}", Scope.READ)
    PUBLISH = ("publish to {}", Scope.PUBLISH)
    CREATE = ("create {}", Scope.PUBLISH)
    CURATE = ("yank, remove or restore files of {}", Scope.MANAGE)
    PURGE = ("purge files of {}", Scope.MANAGE)
    SET_STATUS = ("set the status of {}", Scope.MANAGE)
    QUARANTINE = ("quarantine {}, or release it", Scope.MANAGE)
    MANAGE_ROLES = ("manage the roles of {}", Scope.MANAGE)
    MANAGE_PUBLISHERS = ("manage the trusted publishers of {}", Scope.MANAGE)
    LEAVE_OWNERLESS = ("leave {} without an owner", Scope.MANAGE)
    MANAGE_TOKENS = ("manage tokens", Scope.MANAGE)
    MANAGE_ACCOUNTS = ("manage accounts", Scope.MANAGE)
    READ_JOURNAL = ("read the journal", Scope.MANAGE)

    @property
    def words(self) -> str:
        """What it is; ``{}`` stands for the project."""
        return str(self.value[0])

    @property
    def scope(self) -> Scope:
        """What a token must be for."""
        return Scope(self.value[1])


# What is not of one project. A token for some projects is not for these.
_OF_THE_INDEX = {Action.LIST, Action.MANAGE_TOKENS, Action.MANAGE_ACCOUNTS, Action.READ_JOURNAL}
# What hands out credentials: a token that is less than its account would make more of itself.
_GIVES_CREDENTIALS = {Action.MANAGE_TOKENS, Action.MANAGE_ACCOUNTS}
# What gives rights to a project, which would be more than the token's own, or outlive it.
_GIVES_RIGHTS = {Action.MANAGE_ROLES, Action.MANAGE_PUBLISHERS}
_FOR_ANY_ACCOUNT = {Action.LIST, Action.READ, Action.MANAGE_TOKENS}
_FOR_MAINTAINERS = {Action.PUBLISH, Action.CURATE}
_FOR_OWNERS = {Action.PURGE, Action.SET_STATUS, Action.MANAGE_ROLES, Action.MANAGE_PUBLISHERS}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a token leaves of its account's rights; without ``projects``, all of them."""

    scopes: frozenset[Scope]
    projects: frozenset[NormalizedName] | None = None
    expires: bool = False

    @property
    def none(self) -> bool:
        """Whether it takes nothing away."""
        return self.scopes == frozenset(Scope) and self.projects is None and not self.expires


@dataclass(frozen=True, kw_only=True)
class Registration:
    """That a trusted publisher is registered for a project, under an id; ``creates_for`` as in Actor."""

    project: NormalizedName
    id: str
    creates_for: str | None = None


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something: an account, a trusted publisher (without a role), or nobody in particular.

    ``credential`` says by what they are known: ``password``, ``token <id>``, ….
    ``creates_for`` is the account on whose behalf a trusted publisher may create its project.
    One of several projects has ``registrations``: what it is to each of them.
    """

    name: str
    role: Role | None = None
    credential: str = "password"
    limits: Limits | None = None
    publisher: str | None = None
    creates_for: str | None = None
    registrations: tuple[Registration, ...] = ()

    def at(self, project: NormalizedName) -> "Actor":
        """The actor, as far as one project is concerned."""
        for registration in self.registrations:
            if registration.project == project:
                return replace(self, publisher=registration.id, creates_for=registration.creates_for)
        return self

    @property
    def anonymous(self) -> bool:
        """Whether nobody answers for what they do."""
        return self.role is None and self.publisher is None


ANONYMOUS = Actor(name="anonymous", credential="none")
# Whoever may run the commands of an index, or write to its bucket, may do everything.
OPERATOR = Actor(name="operator", role=Role.ADMIN, credential="command")
BUCKET = Actor(name="bucket", role=Role.ADMIN, credential="bucket")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A project, as far as it matters to who may do what; not ``taken``: nobody has the name."""

    name: NormalizedName
    taken: bool = True
    owners: frozenset[str] = frozenset()
    maintainers: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the operator has set."""

    public_read: bool = False
    creation: Creation = Creation.PUBLISHERS


def require(actor: Actor, action: Action, project: Standing | None, policy: Policy) -> None:
    """Raise NotAuthenticated or NotAllowed unless the actor may do this."""
    why = why_not(actor, action, project, policy)
    if why is None:
        return
    if actor.anonymous:
        raise NotAuthenticated(why)
    # A reader's role is another's to raise.
    owned = project is not None and bool(project.owners) and actor.role is not Role.READER
    raise NotAllowed(why, of_project=owned and action in _FOR_OWNERS | _FOR_MAINTAINERS)


def why_not(actor: Actor, action: Action, project: Standing | None, policy: Policy) -> str | None:
    """None if the actor may do this, else the sentence that says why not.

    Without a project: whether they may do it at all. A name that nobody has is created by the
    first who publishes to it.
    """
    if policy.public_read and action in {Action.LIST, Action.READ}:
        return None
    if actor.anonymous:
        return "Credentials are required: log in with a user name and a password, or with a token."
    if action is Action.PUBLISH and project is not None and not project.taken:
        action = Action.CREATE
    refused = f"{_who(actor)} may not {_what(action, project)}"
    why = _beyond_limits(actor, action, project) or _beyond_role(actor, action, project, policy)
    return None if why is None else f"{refused}: {why}."


def _beyond_limits(actor: Actor, action: Action, project: Standing | None) -> str | None:
    limits = actor.limits
    if limits is None or limits.none:
        return None
    if action.scope not in limits.scopes:
        return f"the token is for {_listed(limits.scopes)} only, and this takes {action.scope.value!r}"
    if action in _GIVES_CREDENTIALS:
        return "that takes a password, or a token of every scope, without projects and without an end"
    if action in _GIVES_RIGHTS and (limits.expires or limits.scopes != frozenset(Scope)):
        return "that takes a password, or a token of every scope and without an end"
    if limits.projects is not None:
        if action in _OF_THE_INDEX:
            return f"the token is for {_listed(limits.projects)} only"
        if project is not None and project.name not in limits.projects:
            return f"the token is for {_listed(limits.projects)} only"
    return None


def _beyond_role(actor: Actor, action: Action, project: Standing | None, policy: Policy) -> str | None:
    if actor.publisher is not None:
        return _beyond_publisher(actor, action, project)
    if actor.role is Role.ADMIN or action in _FOR_ANY_ACCOUNT:
        return None
    if action in {Action.MANAGE_ACCOUNTS, Action.READ_JOURNAL, Action.QUARANTINE, Action.LEAVE_OWNERLESS}:
        return "only administrators may"
    if actor.role is Role.READER:
        return "its role is 'reader'"
    if action is Action.CREATE:
        return "only administrators create projects here" if policy.creation is Creation.ADMINS else None
    if project is None or actor.name in project.owners:
        return None
    if action in _FOR_MAINTAINERS:
        return None if actor.name in project.maintainers else f"it is neither owner nor maintainer{_ask(project)}"
    assert action in _FOR_OWNERS, action
    return f"it is not an owner{_ask(project)}"


def _beyond_publisher(actor: Actor, action: Action, project: Standing | None) -> str | None:
    """A trusted publisher is bound to its project by its token; it may create it if it was registered before it."""
    if project is None and action is Action.PUBLISH:
        return None
    actor = actor.at(project.name) if project else actor
    if action is Action.PUBLISH:
        return "the project was created by somebody else meanwhile" if actor.creates_for else None
    if action is Action.CREATE:
        return None if actor.creates_for else "the project it was registered for is gone"
    return "trusted publishers only publish"


def _who(actor: Actor) -> str:
    return f"{'Trusted publisher' if actor.publisher else 'User'} {actor.name!a}"


def _what(action: Action, project: Standing | None) -> str:
    return action.words.format(f"project {project.name!a}" if project else "this index")


def _ask(project: Standing) -> str:
    owners = [ascii(name).strip("'\"") for name in sorted(project.owners)]
    if not owners:
        return "; the project has no owner, ask an administrator"
    return f"; ask an owner ({', '.join(owners[:3])}{' and others' if len(owners) > 3 else ''})"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(ascii(str(value)) for value in sorted(values)) or "nothing"
