"""Checking a name and password; what was right is remembered for a while."""

import hashlib
import hmac
import threading
from typing import cast

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password

from packages.access import Actor, Role
from packages.accounts import attempts
from packages.accounts.memory import memory
from packages.errors import NotAuthenticated
from packages.journal import Origin
from packages.models import Account
from packages.store import store

# A longer one is never looked at, so that it costs nothing; in characters.
LONGEST_PASSWORD = 1024
LONGEST_NAME = 255

INVALID = "Invalid or non-existent authentication information."
_KIND = "password"


# Held while passwords for a name are checked: of fifty connections that come at once, one checks for all.
_turns = [threading.Lock() for _ in range(16)]


def identify(name: str, password: str, by: Origin) -> Actor:
    """Whom a name and password belong to; ``by`` is as yet nobody, from somewhere.

    A wrong one takes as long whether there is such an account or not. Raises NotAuthenticated,
    TooManyAttempts or Unavailable.
    """
    if not password or len(password) > LONGEST_PASSWORD or not name or len(name) > LONGEST_NAME:
        raise NotAuthenticated(INVALID)
    actor = memory.recall(by.time, _KIND, name, password)
    if actor is not None:
        return actor
    with _turns[hash(name) % len(_turns)]:
        return memory.recall(by.time, _KIND, name, password) or _checked(name, password, by)


def _checked(name: str, password: str, by: Origin) -> Actor:
    # The account is read for those of the settings too, so that they answer no sooner than others.
    item, *counts = store().get_many([Account.key(name), *attempts.keys(name, by.address)])
    failed_before = attempts.check(counts, by.time)
    account = None if name in settings.ACCOUNTS else cast("Account | None", item)
    if not _is_right(password, _reference(name, account)):
        attempts.note_failure(name, by, known=account is not None or name in settings.ACCOUNTS)
        raise NotAuthenticated(INVALID)
    if failed_before:
        attempts.forget_failures(name, by)
    actor = _actor(name, account)
    memory.keep(actor, _KIND, name, password, items=[] if account is None else [account])
    return actor


def _reference(name: str, account: Account | None) -> str:
    """What a password is checked with: Django's hash; or a plain SHA-256, in hex; empty where there is nothing."""
    fixed = settings.ACCOUNTS.get(name)
    if fixed is not None:
        # It lies in this process's memory in plain text anyway.
        return _sha256(fixed.password)
    return "" if account is None else account.password or account.password_sha256 or ""


def _is_right(password: str, reference: str) -> bool:
    if "$" in reference:
        return check_password(password, reference)
    if reference and hmac.compare_digest(reference, _sha256(password)):
        return True
    # A wrong password costs as much as where it is checked with Django's hash.
    make_password(password)
    return False


def _actor(name: str, account: Account | None) -> Actor:
    fixed = settings.ACCOUNTS.get(name)
    if fixed is not None:
        return Actor(name=name, role=Role(fixed.role))
    assert account is not None
    if account.disabled:
        raise NotAuthenticated(f"The account {name!a} is disabled; ask an administrator.")
    return Actor(name=name, role=Role(account.role))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
