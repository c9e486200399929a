"""Who is registered as a trusted publisher of which project: register, list, withdraw."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings
from packaging.utils import NormalizedName

from packages import accounts, journal, permissions
from packages.access import BUCKET, OPERATOR, Action, Actor, Standing, require
from packages.accounts.publishers import described, pending_of, tidy_pending
from packages.accounts.workloads import why_not_create
from packages.errors import Conflict, InvalidRequest, NotFound
from packages.journal import Note, Origin
from packages.models import Account, Item, PendingEntry, Project, Publisher, PublisherEntry, project_partition
from packages.store import Change, Delete, Put, store
from packages.trusted.claims import identity, read_fields, subject_of

# Of one project, and of a name that none has.
MOST_PUBLISHERS = 50
# Of one account: anybody may register anybody's workload for names that nobody has, and each of these is
# looked at whenever that workload asks for a token. Nobody creates more projects than this at once.
MOST_PENDING = 10


@dataclass(frozen=True, kw_only=True)
class PublisherInfo:
    """A trusted publisher of a project.

    ``pending``: it was registered before there was such a project, and may create it for ``registered_by``.
    """

    id: str
    project: NormalizedName
    provider: str
    issuer: str
    fields: Mapping[str, str]
    registered_by: str
    created: datetime
    pending: bool


def register(
    project: NormalizedName,
    provider: str,
    fields: Mapping[str, object],
    *,
    by: Origin,
    issuer: str | None = None,
    owner: str | None = None,
) -> PublisherInfo:
    """Let a workload publish to a project; ``fields`` say which, as ``claims.fields_of`` its provider.

    Of a name that nobody has yet it becomes a pending one: the project that it will create
    belongs to ``owner``, who is whoever registers it unless an administrator says otherwise.
    Raises InvalidRequest, NotAllowed, NotFound or Conflict.
    """
    known = cast("Project | None", store().get(Project.key(project)))
    registrant = _check_may_register(project, known, owner, by)
    checked = read_fields(provider, fields)
    where = _issuer_of(provider, issuer)
    publisher_id = identity(provider, where, checked)
    subject = subject_of(provider, checked)
    if not permissions.standing(project, known).taken:
        tidy_pending(registrant)

    # What it reads beside the items is as it is now: whoever changes that takes the next serial, too.
    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, PublisherInfo]:
        project_now, before = cast("Project | None", items[0]), cast("Publisher | None", items[1])
        _check_may_register(project, project_now, owner, by)
        pending = not permissions.standing(project, project_now).taken
        beside = _stored(project)
        if pending:
            _refuse_second(beside, where, subject, registrant, by.actor)
        if before is not None and (pending or not before.pending):
            raise Conflict(f"This publisher is registered already, as {before.id}.")
        if sum(publisher.pending == pending for publisher in beside) >= MOST_PUBLISHERS:
            raise Conflict(f"The project {project} has {MOST_PUBLISHERS} trusted publishers, which are the most.")
        publisher = Publisher(
            *Publisher.key(project, publisher_id),
            id=publisher_id,
            project=project,
            provider=provider,
            issuer=where,
            subject=subject,
            claims=json.dumps(checked, sort_keys=True),
            registered_by=registrant,
            created=by.time,
            pending=pending,
        )
        entry = PublisherEntry(
            *PublisherEntry.key(where, subject, project, publisher_id), id=publisher_id, project=project
        )
        also = _beside_account(publisher, items[3]) if pending else []
        if not pending and project_now is not None:
            # Written anew, so that nobody gives its name up at the same time without having seen this publisher.
            also.append(Put(item=project_now))
        note = Note(action="publisher-register", project=project, target=publisher_id, details=described(publisher))
        return [Put(item=publisher), Put(item=entry), *also], note, _info(publisher)

    keys = [
        Project.key(project),
        Publisher.key(project, publisher_id),
        PublisherEntry.key(where, subject, project, publisher_id),
        Account.key(registrant),
        PendingEntry.key(registrant, project, publisher_id),
    ]
    return journal.amend(keys, decide, by)


def publishers_of(project: NormalizedName, by: Actor) -> list[PublisherInfo]:
    """A project's trusted publishers, oldest first; of a name that nobody has, the pending ones that are ``by``'s.

    Raises NotAuthenticated or NotAllowed.
    """
    known = cast("Project | None", store().get(Project.key(project)))
    mine = _check_may_manage(project, known, by)
    return sorted(
        (info for info in map(_info, _stored(project)) if mine(info)), key=lambda info: (info.created, info.id)
    )


def withdraw(project: NormalizedName, publisher_id: str, *, by: Origin) -> None:
    """End a registration, and with it at once the tokens that were made by it. Raises NotFound or NotAllowed."""
    missing = NotFound(f"The project {project} has no trusted publisher {publisher_id[:64]!a}.")
    whole = re.fullmatch(r"[0-9a-f]{16}", publisher_id)
    found = store().get(Publisher.key(project, publisher_id)) if whole else None
    if not isinstance(found, Publisher):
        _check_may_manage(project, cast("Project | None", store().get(Project.key(project))), by.actor)
        raise missing

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        project_now, publisher = cast("Project | None", items[0]), items[1]
        own = isinstance(publisher, Publisher) and publisher.pending and publisher.registered_by == by.actor.name
        # Whoever registered a pending one may take it back, whoever has created the project meanwhile.
        mine = _check_may_manage(project, None if own else project_now, by.actor)
        if not isinstance(publisher, Publisher) or not mine(_info(publisher)):
            raise missing
        note = Note(action="publisher-withdraw", project=project, target=publisher_id, details=described(publisher))
        return [Delete(item=item) for item in items[1:] if item is not None], note, None

    keys = [
        Project.key(project),
        Publisher.key(project, publisher_id),
        PublisherEntry.key(found.issuer, found.subject, project, publisher_id),
        PendingEntry.key(found.registered_by, project, publisher_id),
    ]
    journal.amend(keys, decide, by)


def _issuer_of(provider: str, issuer: str | None) -> str:
    of_kind = [address for address, kind in settings.TRUSTED_ISSUERS.items() if kind == provider]
    if issuer is None:
        if not of_kind:
            raise InvalidRequest(
                f"This index trusts no issuer of the kind {provider!r}; its operator can name one in TRUSTED_ISSUERS."
            )
        # A well-known one stands before those that were added.
        if len(of_kind) == 1 or of_kind[0] in settings.WELL_KNOWN_ISSUERS:
            return of_kind[0]
        raise InvalidRequest(f"There are several issuers of the kind {provider!r}; name one of {', '.join(of_kind)}.")
    if issuer not in of_kind:
        known = ", ".join(of_kind) or "none"
        raise InvalidRequest(f"{issuer[:200]!a} is not among the issuers of kind {provider!r} trusted here ({known}).")
    return issuer


def _check_may_register(project: NormalizedName, known: Project | None, owner: str | None, by: Origin) -> str:
    """Refuse who may not register a publisher; gives in whose name it is done."""
    standing = permissions.standing(project, known)
    if standing.taken:
        permissions.check(by.actor, Action.MANAGE_PUBLISHERS, project, known)
        if owner not in {None, by.actor.name}:
            raise InvalidRequest(f"The project {project} is there and has its owners: an owner is not to be named.")
        return by.actor.name
    # By what it publishes later, a pending publisher is a credential; a token that only publishes makes none.
    _check_may_manage(project, None, by.actor)
    permissions.check(by.actor, Action.CREATE, project, known)
    name = by.actor.name if owner is None else owner
    if owner is None and by.actor in (OPERATOR, BUCKET):
        raise InvalidRequest(
            f"There is no project {project} yet: say which account it will belong to when the publisher creates it."
        )
    if name != by.actor.name:
        permissions.check(by.actor, Action.MANAGE_ACCOUNTS)
        if accounts.lookup(name) is None:
            raise NotFound(f"There is no account {name[:64]!a}.")
        why = why_not_create(name, project)
        if why is not None:
            raise InvalidRequest(why)
    return name


def _check_may_manage(project: NormalizedName, known: Project | None, actor: Actor) -> Callable[[PublisherInfo], bool]:
    """Refuse who may not manage publishers of a name; gives whether one of them is theirs to see."""
    if permissions.standing(project, known).taken:
        permissions.check(actor, Action.MANAGE_PUBLISHERS, project, known)
        return lambda info: True
    # Who may create a project is to its name what an owner is to a project, as far as his own publishers go.
    own = Standing(name=project, taken=False, owners=frozenset({actor.name}))
    require(actor, Action.MANAGE_PUBLISHERS, own, permissions.policy())
    anybodys = actor.role is OPERATOR.role
    return lambda info: anybodys or info.registered_by == actor.name


def _stored(project: NormalizedName) -> list[Publisher]:
    found = store().query(project_partition(project), Publisher.PREFIX)
    return [item for item in found if isinstance(item, Publisher)]


def _refuse_second(beside: Sequence[Publisher], issuer: str, subject: str, registrant: str, actor: Actor) -> None:
    """Refuse to register a workload for a name for which another account has registered it: it would be anybody's."""
    for other in beside:
        if other.pending and (other.issuer, other.subject) == (issuer, subject) and other.registered_by != registrant:
            if actor.role is OPERATOR.role:
                raise Conflict(
                    f"The account {other.registered_by!a} has registered this workload for that name already, "
                    f"as {other.id}: withdraw that first."
                )
            raise Conflict("Another account has registered this workload for that name already; ask an administrator.")


def _beside_account(publisher: Publisher, account: Item | None) -> list[Change]:
    """What a new pending publisher changes beside the account whose project it will create."""
    name, project = publisher.registered_by, NormalizedName(publisher.project)
    if not accounts.is_there(name, account):
        raise NotFound(f"There is no account {name[:64]!a}.")
    waiting = [f"{other.project} ({other.id})" for other in pending_of(name)]
    if len(waiting) >= MOST_PENDING:
        raise Conflict(
            f"The account {name!a} has {MOST_PENDING} publishers that wait to create their projects, which are the "
            f"most: publish by one of them, or withdraw one: {', '.join(waiting[:MOST_PENDING])}."
        )
    key = PendingEntry.key(name, project, publisher.id)
    entry = Put(item=PendingEntry(*key, id=publisher.id, project=project))
    # Written anew, so that nobody deletes it at the same time without having seen this publisher.
    return [entry] if account is None else [entry, Put(item=account)]


def _info(publisher: Publisher) -> PublisherInfo:
    return PublisherInfo(
        id=publisher.id,
        project=NormalizedName(publisher.project),
        provider=publisher.provider,
        issuer=publisher.issuer,
        fields=json.loads(publisher.claims),
        registered_by=publisher.registered_by,
        created=publisher.created,
        pending=publisher.pending,
    )
