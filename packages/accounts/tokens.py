"""Tokens: credentials for programs, each for some scopes, perhaps for some projects, perhaps for a while."""

import hmac
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from django.conf import settings
from packaging.utils import NormalizedName

from packages import journal, permissions
from packages.access import Action, Actor, Limits, Registration, Role, Scope, Standing, why_not
from packages.accounts import secret
from packages.accounts.memory import memory
from packages.accounts.passwords import INVALID
from packages.accounts.people import lookup
from packages.errors import InvalidRequest, NotAuthenticated, NotFound, Unavailable
from packages.journal import Note, Origin
from packages.models import Account, Item, Publisher, Token, TokenEntry, account_partition
from packages.store import Change, Condition, ConditionFailed, Delete, Put, store

_KIND = "token"
LONGEST_DESCRIPTION = 200
MOST_PROJECTS = 100
# When it was used is written at most so often.
USE_NOTED_EVERY = timedelta(hours=1)
LONGEST_LIFE = timedelta(days=3660)
# What a trusted publisher gets (PyPI's 15 minutes).
PUBLISHER_LIFE = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """A token without its secret; ``projects`` None means every one, ``expires`` None never."""

    id: str
    account: str
    description: str
    scopes: frozenset[Scope]
    projects: frozenset[NormalizedName] | None
    created: datetime
    expires: datetime | None
    last_used: datetime | None


def authenticate(text: str, by: Origin) -> Actor:
    """Whom a token acts for, as things are now. Raises NotAuthenticated or Unavailable."""
    actor = memory.recall(by.time, _KIND, text)
    if actor is not None:
        return actor
    if not secret.is_whole(text):
        raise NotAuthenticated("This is not a whole token of this index: it may have been cut off or mistyped.")
    digest = secret.digest(text)
    token_id = digest[: secret.ID_LENGTH]
    token = store().get(Token.key(token_id))
    if not isinstance(token, Token) or not hmac.compare_digest(token.sha256, digest):
        raise NotAuthenticated(INVALID)
    # Whatever the table's own expiry may do, and when.
    ends = None if token.expires_at is None else _moment(token.expires_at)
    if ends is not None and ends <= by.time:
        raise NotAuthenticated(f"The token {token_id} expired on {ends:%Y-%m-%d at %H:%M} UTC.")
    principals = _principals(token)
    actor = _for_publishers(token, principals) if token.publisher else _for_account(token, principals)
    _note_use(token, by.time)
    if not any(registration.creates_for for registration in actor.registrations):
        # Else more than these items decides.
        memory.keep(actor, _KIND, text, items=[token, *principals], ends=ends)
    return actor


def issue(
    account: str,
    *,
    scopes: Collection[Scope],
    by: Origin,
    description: str = "",
    projects: Collection[NormalizedName] | None = None,
    expires: datetime | None = None,
) -> tuple[str, TokenInfo]:
    """Make a token; gives its secret, which is kept nowhere, and what it is. Raises InvalidRequest, NotFound, ….

    For an account of one's own; administrators also for others'.
    """
    _check_account(account, by.actor)
    if not scopes:
        raise InvalidRequest(f"A token needs a scope, or several: {', '.join(Scope)}.")
    if projects is not None and not 0 < len(projects) <= MOST_PROJECTS:
        raise InvalidRequest(f"A token is for 1 to {MOST_PROJECTS} projects, or without a list for all of them.")
    if expires is not None and not by.time < expires <= by.time + LONGEST_LIFE:
        raise InvalidRequest("A token expires in the future, and within ten years.")
    if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise InvalidRequest(f"A description is one line of up to {LONGEST_DESCRIPTION} characters.")
    text, token = _new(scopes, projects, expires, by, account=account, description=description)
    fixed = account in settings.ACCOUNTS

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        if not fixed and items[0] is None:
            raise NotFound(f"There is no account {account!a}.")
        entry = TokenEntry(*TokenEntry.key(account, token.id), id=token.id)
        made = [Put(item=token, condition=Condition.ABSENT), Put(item=entry, condition=Condition.ABSENT)]
        return made, Note(action="token-create", target=token.id, details=_described(token)), None

    journal.amend([Account.key(account)], decide, by)
    return text, _info(token)


def issue_for_publisher(
    publishers: Mapping[NormalizedName, str], *, by: Origin, claims: Mapping[str, str], also: Sequence[Change] = ()
) -> tuple[str, TokenInfo]:
    """Make a token with which a trusted publisher publishes to its projects for a quarter of an hour.

    ``publishers`` are the ids under which it is registered, by project; ``claims`` go into the
    journal. ``also`` is what must become true with it (that the identity token is spent): items
    that are not there yet. Raises ConditionFailed if one is.
    """
    expires = by.time + PUBLISHER_LIFE
    names = sorted(publishers)
    # In the order of the projects' names: so it is read again.
    ids = " ".join(publishers[name] for name in names)
    text, token = _new({Scope.PUBLISH}, names, expires, by, publisher=ids, description=by.actor.name)

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        if any(item is not None for item in items):
            raise ConditionFailed("an identity token is used once")
        project = names[0] if len(names) == 1 else ""
        details = {**_described(token), "claims": dict(claims)}
        note = Note(action="token-mint", project=project, target=token.id, details=details)
        return [Put(item=token, condition=Condition.ABSENT), *also], note, None

    journal.amend([(change.item.pk, change.item.sk) for change in also], decide, by)
    return text, _info(token)


def why_not_create(account: str, project: NormalizedName) -> str | None:
    """None if an account may create a project of a name that nobody has, as things are now, else why not."""
    person = lookup(account)
    if person is None or person.disabled:
        return f"The account {account!a} is {'disabled' if person else 'gone'}."
    standing = Standing(name=project, taken=False)
    return why_not(Actor(name=account, role=person.role), Action.CREATE, standing, permissions.policy())


def tokens_of(account: str, by: Actor) -> Iterator[TokenInfo]:
    """An account's tokens. Raises NotAllowed."""
    _check_account(account, by)
    for entry in store().query(account_partition(account), TokenEntry.PREFIX):
        token = store().get(Token.key(cast("TokenEntry", entry).id))
        # What has expired may be gone: the table deletes it in its own time.
        if isinstance(token, Token):
            yield _info(token)


def token_of(actor: Actor) -> TokenInfo | None:
    """The token by which somebody is known, if it is one."""
    kind, _, token_id = actor.credential.partition(" ")
    token = store().get(Token.key(token_id)) if kind == "token" else None
    return _info(token) if isinstance(token, Token) else None


def revoke(token_id: str, *, by: Origin) -> None:
    """End a token at once: of one's own, for administrators any. Raises NotFound or NotAllowed."""
    token = store().get(Token.key(token_id))
    own = isinstance(token, Token) and token.account == by.actor.name and by.actor.role is not None
    # Whose it is, or whether there is one at all, is not told to others.
    permissions.check(by.actor, Action.MANAGE_TOKENS if own else Action.MANAGE_ACCOUNTS)
    if not isinstance(token, Token) or not _end(token, "token-revoke", by):
        raise NotFound(f"There is no token {token_id[:64]!a}.")


def burn(text: str, *, by: Origin) -> bool:
    """End a token that a trusted publisher got, before its time; says whether there was one."""
    if not secret.is_whole(text):
        return False
    digest = secret.digest(text)
    token = store().get(Token.key(digest[: secret.ID_LENGTH]))
    if not isinstance(token, Token) or not token.publisher or not hmac.compare_digest(token.sha256, digest):
        return False
    # Who holds its secret is whom it was made for.
    actor = Actor(name=token.description, credential=f"token {token.id}", publisher=token.publisher)
    return _end(token, "token-burn", replace(by, actor=actor))


def _end(token: Token, action: str, by: Origin) -> bool:
    keys = [Token.key(token.id), *([TokenEntry.key(token.account, token.id)] if token.account else [])]

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, bool]:
        if items[0] is None:
            return [], None, False
        ended = [Delete(item=item) for item in items if item is not None]
        return ended, Note(action=action, target=token.id, details=_described(token)), True

    return journal.amend(keys, decide, by)


def _check_account(account: str, actor: Actor) -> None:
    own = account == actor.name and actor.role is not None
    permissions.check(actor, Action.MANAGE_TOKENS if own else Action.MANAGE_ACCOUNTS)
    if lookup(account) is None:
        raise NotFound(f"There is no account {account!a}.")


def _principals(token: Token) -> list[Item]:
    """What a token acts for, as far as it is there; an account of the settings is not in the index."""
    if token.publisher:
        registered = zip(sorted(_projects(token) or ()), token.publisher.split(), strict=True)
        found = store().get_many([Publisher.key(project, publisher_id) for project, publisher_id in registered])
    else:
        found = [] if token.account in settings.ACCOUNTS else [store().get(Account.key(token.account))]
    return [item for item in found if item is not None]


def _for_publishers(token: Token, publishers: Sequence[Item]) -> Actor:
    """A trusted publisher, for those of the token's projects that it is still registered for."""
    registrations = [_registration(cast("Publisher", item)) for item in publishers]
    kept = tuple(registration for registration in registrations if registration is not None)
    if not kept:
        raise NotAuthenticated("The trusted publisher that this token was made for is no longer registered.")
    limits = replace(_limits(token), projects=frozenset(registration.project for registration in kept))
    return Actor(
        name=token.description,
        credential=f"token {token.id}",
        limits=limits,
        publisher=token.publisher,
        registrations=kept,
    )


def _registration(publisher: Publisher) -> Registration | None:
    project = NormalizedName(publisher.project)
    if not publisher.pending:
        return Registration(project=project, id=publisher.id)
    # Whoever may not create projects any more does not do it in this way either.
    if why_not_create(publisher.registered_by, project) is not None:
        return None
    return Registration(project=project, id=publisher.id, creates_for=publisher.registered_by)


def _for_account(token: Token, accounts: Sequence[Item]) -> Actor:
    credential, limits = f"token {token.id}", _limits(token)
    fixed = settings.ACCOUNTS.get(token.account)
    if fixed is not None:
        return Actor(name=token.account, role=Role(fixed.role), credential=credential, limits=limits)
    account = accounts[0] if accounts else None
    # One that was made anew under an old name has nothing to do with the old one's tokens.
    if not isinstance(account, Account) or (account.created is not None and account.created > token.created):
        raise NotAuthenticated(INVALID)
    if account.disabled:
        raise NotAuthenticated(f"The account {account.name!a} of this token is disabled; ask an administrator.")
    return Actor(name=token.account, role=Role(account.role), credential=credential, limits=limits)


def _limits(token: Token) -> Limits:
    return Limits(
        scopes=frozenset(Scope(scope) for scope in token.scopes),
        projects=_projects(token),
        expires=token.expires_at is not None,
    )


def _note_use(token: Token, now: datetime) -> None:
    if token.last_used is not None and now - token.last_used < USE_NOTED_EVERY:
        return
    token.last_used, revision = now, token.revision
    try:
        store().write(Put(item=token, condition=Condition.UNCHANGED))
    except (ConditionFailed, Unavailable):
        # Who may only read a full disk, or a busy table, may still read; a token that was just revoked stays so.
        # It is remembered as it is stored.
        token.revision = revision


def _new(
    scopes: Collection[Scope],
    projects: Collection[NormalizedName] | None,
    expires: datetime | None,
    by: Origin,
    *,
    account: str = "",
    publisher: str = "",
    description: str = "",
) -> tuple[str, Token]:
    text = secret.new()
    digest = secret.digest(text)
    token_id = digest[: secret.ID_LENGTH]
    token = Token(
        *Token.key(token_id),
        id=token_id,
        sha256=digest,
        account=account,
        publisher=publisher,
        description=description,
        scopes={scope.value for scope in scopes},
        projects=None if projects is None else set(projects),
        created=by.time,
        expires_at=None if expires is None else math.floor(expires.timestamp()),
    )
    return text, token


def _info(token: Token) -> TokenInfo:
    return TokenInfo(
        id=token.id,
        account=token.account,
        description=token.description,
        scopes=frozenset(Scope(scope) for scope in token.scopes),
        projects=_projects(token),
        created=token.created,
        expires=None if token.expires_at is None else _moment(token.expires_at),
        last_used=token.last_used,
    )


def _projects(token: Token) -> frozenset[NormalizedName] | None:
    return None if token.projects is None else frozenset(NormalizedName(name) for name in token.projects)


def _described(token: Token) -> dict[str, object]:
    info = _info(token)
    described: dict[str, object] = {
        "account": token.account,
        "publisher": token.publisher,
        "description": token.description,
        "scopes": sorted(info.scopes),
        "projects": None if info.projects is None else sorted(info.projects),
        "expires": None if info.expires is None else info.expires.isoformat(),
    }
    return {name: value for name, value in described.items() if value not in ("", None)}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), tz=UTC)
