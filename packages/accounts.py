"""Accounts: the ones the settings name, or the first administrator that ``serve`` makes on one machine."""

import functools
import hashlib
import hmac
import json
import os
import secrets
import string
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

FIRST_NAME = "admin"
# No sign that a shell, a URL or a command line would take for something else.
_LETTERS = string.ascii_letters + string.digits

# Compared with when there is no such account, so that asking for one takes as long as for another.
_NOBODY = hashlib.sha256(secrets.token_bytes(32)).hexdigest()


def verify(username: str, password: str) -> bool:
    """Say whether there is such an account with this password, in constant time."""
    expected = digests().get(username, _NOBODY)
    return hmac.compare_digest(_digest(password), expected)


@functools.cache
def digests() -> Mapping[str, str]:
    """The SHA-256 of every account's password, by account name.

    A plain digest is enough: the settings' passwords are in this process's memory anyway, and
    the one kept in a file was made here from 190 random bits.
    """
    if settings.ACCOUNTS:
        return {name: _digest(password) for name, password in settings.ACCOUNTS.items()}
    try:
        kept = json.loads(_path().read_text())
        return {kept["username"]: kept["password_sha256"]}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError) as error:
        raise ImproperlyConfigured(
            f"{_path()} cannot be read; delete it, and the next start makes a new account."
        ) from error


def make_first() -> tuple[str, str] | None:
    """Make the first administrator where there is no account yet; gives name and password, which is kept nowhere.

    Raises OSError if DATA_DIR cannot be written.
    """
    if digests():
        return None
    password = "".join(secrets.choice(_LETTERS) for _ in range(32))
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Under a name of its own until it is whole.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    draft.touch(mode=0o600)
    with draft.open("w") as file:
        json.dump({"username": FIRST_NAME, "password_sha256": _digest(password)}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    digests.cache_clear()
    return FIRST_NAME, password


def _path() -> Path:
    return Path(settings.DATA_DIR, "first-account.json")


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
