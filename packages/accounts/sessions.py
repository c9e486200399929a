"""Sessions of people who logged in by a browser: what a cookie may keep of them, and whom it still stands for."""

import hmac
from collections.abc import Sequence
from typing import cast

from django.conf import settings
from django.utils.crypto import salted_hmac

from packages import journal, permissions
from packages.access import Action, Actor, Role
from packages.accounts.passwords import INVALID, LONGEST_NAME, identify
from packages.errors import NotAuthenticated, NotFound
from packages.journal import Note, Origin
from packages.models import Account, Item, Sessions
from packages.store import Change, Put, store

# How the journal names the credential of a session.
SESSION = "session"


def log_in(name: str, password: str, by: Origin) -> tuple[Actor, str]:
    """Begin a session; gives the actor, and the key by which ``resume`` knows the session.

    Raises NotAuthenticated, TooManyAttempts or Unavailable.
    """
    if not 0 < len(name) <= LONGEST_NAME:
        raise NotAuthenticated(INVALID)
    # Read before the password is checked: one that is changed meanwhile ends the session that begins here.
    account, sessions = _read(name)
    actor = identify(name, password, by)
    return actor, _key(name, account, sessions)


def resume(name: str, key: str) -> Actor | None:
    """Whom a session stands for now; None if it is over. Raises Unavailable."""
    account, sessions = _read(name)
    fixed = settings.ACCOUNTS.get(name)
    if fixed is None and (account is None or account.disabled):
        return None
    if not hmac.compare_digest(key.encode(), _key(name, account, sessions).encode()):
        return None
    role = Role(fixed.role) if fixed is not None else Role(cast("Account", account).role)
    return Actor(name=name, role=role, credential=SESSION)


def session_key(name: str) -> str:
    """The key of sessions that begin now. Raises Unavailable."""
    return _key(name, *_read(name))


def end_sessions(name: str, *, by: Origin) -> None:
    """End every session of an account: one's own, or for administrators anybody's. Raises NotFound or NotAllowed."""
    if name != by.actor.name or by.actor.limits is not None or by.actor.role is None:
        permissions.check(by.actor, Action.MANAGE_ACCOUNTS)

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        account, sessions = cast("Account | None", items[0]), cast("Sessions | None", items[1])
        note = Note(action="account-sessions", target=name)
        if name in settings.ACCOUNTS:
            sessions = sessions or Sessions(*Sessions.key(name))
            sessions.version = int(sessions.version) + 1
            return [Put(item=sessions)], note, None
        if account is None:
            raise NotFound(f"There is no account {name[:64]!a}.")
        account.session_version = int(account.session_version) + 1
        return [Put(item=account)], note, None

    journal.amend([Account.key(name), Sessions.key(name)], decide, by)


def _read(name: str) -> tuple[Account | None, Sessions | None]:
    account, sessions = store().get_many([Account.key(name), Sessions.key(name)])
    return cast("Account | None", account), cast("Sessions | None", sessions)


def _key(name: str, account: Account | None, sessions: Sessions | None) -> str:
    """Changes whenever the sessions of an account are to end; tells nothing of a password to who reads the cookie."""
    fixed = settings.ACCOUNTS.get(name)
    if fixed is not None:
        parts = ["fixed", fixed.password, "0" if sessions is None else str(int(sessions.version))]
    elif account is not None:
        # An account of the same name that was made later is another one.
        parts = ["own", str(account.created), str(int(account.session_version))]
    else:
        parts = ["nobody"]
    return salted_hmac("packages.accounts.sessions", "\0".join([name, *parts]), algorithm="sha256").hexdigest()
