"""Accounts: the ones the settings name, or the first administrator, which the index keeps."""

import hashlib
import hmac
import secrets
import string

from django.conf import settings

from packages.models import Account, Item
from packages.store import Change, Put, store

FIRST_NAME = "admin"
LONGEST_NAME = 255
# No sign that a shell, a URL or a command line would take for something else.
_LETTERS = string.ascii_letters + string.digits

# Compared with when there is no such account, so that asking for one takes as long as for another.
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


def verify(username: str, password: str) -> bool:
    """Say whether there is such an account with this password, in constant time. Raises Unavailable."""
    return hmac.compare_digest(_digest(password), _expected(username) or _NOBODY)


def make_first(*, reset: bool = False) -> tuple[str, str] | None:
    """Make the first administrator where there is no account yet; gives name and password, which is kept nowhere.

    With ``reset`` one that is there gets a new password. Raises Unavailable.
    """
    if settings.ACCOUNTS:
        return None
    password = "".join(secrets.choice(_LETTERS) for _ in range(32))
    account = Account(*Account.key(FIRST_NAME), name=FIRST_NAME, password_sha256=_digest(password))

    def decide(items: list[Item | None]) -> tuple[list[Change], bool]:
        make = reset or items == [None]
        return ([Put(item=account)] if make else []), make

    # An amendment, because AWS knows one that it is given again: an account whose making was answered
    # by nothing would be taken for somebody else's.
    return (FIRST_NAME, password) if store().amend([Account.key(FIRST_NAME)], decide) else None


def _expected(username: str) -> str | None:
    """The digest of an account's password.

    A plain SHA-256 is enough: the settings' passwords are in this process's memory anyway, and
    the one in the index was made here from 190 random bits.
    """
    if settings.ACCOUNTS:
        password = settings.ACCOUNTS.get(username)
        return None if password is None else _digest(password)
    if len(username) > LONGEST_NAME:
        return None
    account = store().get(Account.key(username))
    return account.password_sha256 if isinstance(account, Account) else None


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
