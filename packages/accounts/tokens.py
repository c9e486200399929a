"""Tokens: credentials for programs, each for some scopes, perhaps for some projects, perhaps for a while."""

import hmac
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from django.conf import settings
from packaging.utils import NormalizedName

from packages import journal, permissions
from packages.access import Action, Actor, Role, Scope
from packages.accounts import secret, stored, workloads
from packages.accounts.lookups import lookup
from packages.accounts.memory import memory
from packages.accounts.passwords import INVALID
from packages.accounts.stored import TokenInfo
from packages.errors import InvalidRequest, NotAuthenticated, NotFound, Unavailable
from packages.journal import Note, Origin
from packages.models import Account, Item, Token, TokenEntry, account_partition
from packages.store import Change, Condition, ConditionFailed, Put, store

_KIND = "token"
LONGEST_DESCRIPTION = 200
MOST_PROJECTS = 100
# What the store reads in one call.
MOST_AT_ONCE = 100
# When it was used is written at most so often.
USE_NOTED_EVERY = timedelta(hours=1)
LONGEST_LIFE = timedelta(days=3660)


def authenticate(text: str, by: Origin) -> Actor:
    """Whom a token acts for, as things are now. Raises NotAuthenticated or Unavailable."""
    actor = memory.recall(by.time, _KIND, text)
    if actor is not None:
        return actor
    if not secret.is_whole(text):
        raise NotAuthenticated("This is not a whole token of this index: it may have been cut off or mistyped.")
    token = stored.find(text)
    if token is None:
        raise NotAuthenticated(INVALID)
    # Whatever the table's own expiry may do, and when.
    ends = stored.expiry(token)
    if ends is not None and ends <= by.time:
        raise NotAuthenticated(f"The token {token.id} expired on {ends:%Y-%m-%d at %H:%M} UTC.")
    principals = workloads.principals(token) if token.publisher else _account(token)
    actor = workloads.actor_of(token, principals) if token.publisher else _actor_of(text, token, principals)
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
    _check_may_manage(account, by.actor)
    if lookup(account) is None:
        raise NotFound(f"There is no account {account!a}.")
    if not scopes:
        raise InvalidRequest(f"A token needs a scope, or several: {', '.join(Scope)}.")
    if projects is not None and not 0 < len(projects) <= MOST_PROJECTS:
        raise InvalidRequest(f"A token is for 1 to {MOST_PROJECTS} projects, or without a list for all of them.")
    if expires is not None and not by.time < expires <= by.time + LONGEST_LIFE:
        raise InvalidRequest("A token expires in the future, and within ten years.")
    if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise InvalidRequest(f"A description is one line of up to {LONGEST_DESCRIPTION} characters.")
    text, token = stored.make(scopes, projects, expires, by, account=account, description=description)
    fixed = account in settings.ACCOUNTS

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        if not fixed and items[0] is None:
            raise NotFound(f"There is no account {account!a}.")
        entry = TokenEntry(*TokenEntry.key(account, token.id), id=token.id)
        made = [Put(item=token, condition=Condition.ABSENT), Put(item=entry, condition=Condition.ABSENT)]
        return made, Note(action="token-create", target=token.id, details=stored.described(token)), None

    journal.amend([Account.key(account)], decide, by)
    return text, stored.info(token)


def tokens_of(account: str, by: Actor) -> Iterator[TokenInfo]:
    """An account's tokens; for administrators also those that are left of one that is gone.

    Raises NotFound or NotAllowed.
    """
    _check_may_manage(account, by)
    entries = list(store().query(account_partition(account), TokenEntry.PREFIX))
    if not entries and lookup(account) is None:
        raise NotFound(f"There is no account {account!a}.")
    yield from _shown([cast("TokenEntry", entry).id for entry in entries])


def tokens_shown(ids: Sequence[str], by: Actor) -> dict[str, TokenInfo]:
    """Those of some tokens that are there, by their ids, as they are now; for administrators. Raises NotAllowed."""
    permissions.check(by, Action.MANAGE_ACCOUNTS)
    return {token.id: token for token in _shown(ids)}


def _shown(ids: Sequence[str]) -> Iterator[TokenInfo]:
    keys = [Token.key(token_id) for token_id in ids]
    for start in range(0, len(keys), MOST_AT_ONCE):
        for token in store().get_many(keys[start : start + MOST_AT_ONCE]):
            # What has expired may be gone: the table deletes it in its own time.
            if isinstance(token, Token):
                yield stored.info(token)


def token_of(actor: Actor) -> TokenInfo | None:
    """The token by which somebody is known, if it is one."""
    kind, _, token_id = actor.credential.partition(" ")
    token = store().get(Token.key(token_id)) if kind == "token" else None
    return stored.info(token) if isinstance(token, Token) else None


def revoke(token_id: str, *, by: Origin) -> None:
    """End a token at once: of one's own, for administrators any. Raises NotFound or NotAllowed."""
    token = store().get(Token.key(token_id))
    own = isinstance(token, Token) and token.account == by.actor.name and by.actor.role is not None
    # Whose it is, or whether there is one at all, is not told to others.
    permissions.check(by.actor, Action.MANAGE_TOKENS if own else Action.MANAGE_ACCOUNTS)
    if not isinstance(token, Token) or not stored.end(token, "token-revoke", by):
        raise NotFound(f"There is no token {token_id[:64]!a}.")


def _check_may_manage(account: str, actor: Actor) -> None:
    own = account == actor.name and actor.role is not None
    permissions.check(actor, Action.MANAGE_TOKENS if own else Action.MANAGE_ACCOUNTS)


def _account(token: Token) -> list[Item]:
    """What a token acts for, as far as it is there; an account of the settings is not in the index."""
    found = None if token.account in settings.ACCOUNTS else store().get(Account.key(token.account))
    return [] if found is None else [found]


def _actor_of(text: str, token: Token, accounts: Sequence[Item]) -> Actor:
    """An account, if it is the one that the token was made for, and not merely called so.

    A token from before this was kept counts as one of an account of the index: so none rises to an
    account of the settings, and those of the index need to be older than it anyway.
    """
    name, credential, limits = token.account, f"token {token.id}", stored.limits_of(token)
    fixed = settings.ACCOUNTS.get(name)
    account = accounts[0] if accounts else None
    # One that was made anew under an old name has nothing to do with the old one's tokens.
    if fixed is None and (
        not isinstance(account, Account) or (account.created is not None and account.created > token.created)
    ):
        raise NotAuthenticated(INVALID)
    if not hmac.compare_digest(token.fixed or "", stored.bound(text, name) or ""):
        raise NotAuthenticated(
            f"The token {token.id} was made for another account of the name {name!a}, "
            "or before its password in the settings was changed; make a new one."
        )
    if fixed is not None:
        return Actor(name=name, role=Role(fixed.role), credential=credential, limits=limits)
    assert isinstance(account, Account)
    if account.disabled:
        raise NotAuthenticated(f"The account {name!a} of this token is disabled; ask an administrator.")
    return Actor(name=name, role=Role(account.role), credential=credential, limits=limits)


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
