"""Lists of everything, for searching and for administration: projects, files, accounts, tokens, publishers.

A list is read whole once; after that the journal tells what has changed, and only that is read
again. So a list is never older than the last change that was answered, and to ask for one that
has not changed costs one small read. Lists are kept between processes too (``keeping``); a list that is not
there, or not whole, is made anew.
"""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar
from weakref import WeakKeyDictionary

from django.utils import timezone

from packages.listings.current import Current
from packages.listings.people import (
    ACCOUNTS,
    TOKENS,
    AccountRecord,
    shown_accounts,
    shown_tokens,
)
from packages.listings.projects import FILES, PROJECTS
from packages.listings.publishers import PUBLISHERS
from packages.listings.rows import AccountRow, FileRow, Listing, ProjectRow, PublisherRow, TokenRow, Totals
from packages.listings.searching import ProjectListing, shown_projects
from packages.listings.source import Snapshot
from packages.store import Store, store

__all__ = [
    "AccountRow",
    "FileRow",
    "Listing",
    "ProjectListing",
    "ProjectRow",
    "PublisherRow",
    "TokenRow",
    "Totals",
    "accounts",
    "files",
    "projects",
    "publishers",
    "search",
    "tokens",
]

R = TypeVar("R")


def projects() -> ProjectListing:
    """Every project, removed ones that can be restored and quarantined ones included. Raises Unavailable."""
    return _lists().projects.get(timezone.now())


def search(
    query: str, *, limit: int, offset: int = 0, quarantined_too: bool = False
) -> tuple[Sequence[ProjectRow], int]:
    """Some of the projects that match, best first, and how many there are. Raises Unavailable.

    Quarantined ones are for administrators, removed ones are never found.
    """
    return projects().search(query, limit=limit, offset=offset, quarantined_too=quarantined_too)


def files() -> Listing[FileRow]:
    """Every file, removed ones included. Raises Unavailable."""
    return _lists().files.get(timezone.now())


def accounts(now: datetime | None = None) -> Listing[AccountRow]:
    """Every account, those of the settings included. Raises Unavailable."""
    return _lists().accounts.get(now or timezone.now())


def tokens(now: datetime | None = None) -> Listing[TokenRow]:
    """Every token that has not expired, and whose account is there. Raises Unavailable."""
    return _lists().tokens.get(now or timezone.now())


def publishers() -> Listing[PublisherRow]:
    """Every trusted publisher. Raises Unavailable."""
    return _lists().publishers.get(timezone.now())


class _Lists:
    """The lists of one index, in this process."""

    def __init__(self) -> None:
        self.projects = Current(PROJECTS, shown_projects)
        self.files = Current(FILES, _as_they_are)
        self.accounts = Current(ACCOUNTS, _accounts)
        self.tokens = Current(TOKENS, _tokens)
        self.publishers = Current(PUBLISHERS, _as_they_are)


_known: WeakKeyDictionary[Store, _Lists] = WeakKeyDictionary()
_making = threading.Lock()


def _lists() -> _Lists:
    with _making:
        return _known.setdefault(store(), _Lists())


def _as_they_are(snapshot: Snapshot[R], now: datetime, before: Listing[R] | None) -> tuple[Listing[R], None]:
    return Listing(snapshot.serial, snapshot.records()), None


def _accounts(
    snapshot: Snapshot[AccountRecord], now: datetime, before: Listing[AccountRow] | None
) -> tuple[Listing[AccountRow], datetime | None]:
    return shown_accounts(snapshot, now)


def _tokens(
    snapshot: Snapshot[TokenRow], now: datetime, before: Listing[TokenRow] | None
) -> tuple[Listing[TokenRow], datetime | None]:
    return shown_tokens(snapshot, now)
