"""The rows of the lists: plain values, moments in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """A project, as its published files make it; a removed one, as it would be if it were restored.

    ``version`` and ``summary`` are those of the release that a person wants. ``latest`` is the version
    of the file that was uploaded last, and ``changed`` is when; ``created`` is when the first one was.
    ``size`` is in bytes.
    """

    name: str
    display_name: str
    summary: str
    version: str | None
    latest: str | None
    changed: datetime | None
    created: datetime | None
    files: int
    releases: int
    size: int
    status: str
    owners: tuple[str, ...]
    removed: bool
    serial: int


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file, published or (``removal``, as in its item) not any more."""

    project: str
    filename: str
    version: str
    packagetype: str
    size: int
    sha256: str
    upload_time: datetime
    uploader: str
    yanked: bool
    yanked_reason: str
    removal: str
    removed_at: datetime | None
    requires_python: str | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account; ``fixed`` if the settings name it. ``tokens`` are those that have not expired."""

    name: str
    role: str
    disabled: bool
    fixed: bool
    created: datetime | None
    tokens: int
    projects: int


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token that can be used; ``projects`` None means every one.

    ``last_used`` is not in the journal, and is as it was when the row was read: a page that shows
    it reads the tokens that it shows.
    """

    id: str
    account: str
    publisher: str
    description: str
    scopes: tuple[str, ...]
    projects: tuple[str, ...] | None
    created: datetime
    expires_at: datetime | None
    last_used: datetime | None


@dataclass(frozen=True, slots=True)
class PublisherRow:
    """A trusted publisher; ``claims`` is the JSON text of what its tokens must say."""

    project: str
    id: str
    provider: str
    issuer: str
    subject: str
    claims: str
    registered_by: str
    created: datetime
    pending: bool


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """Everything of a kind, in the order of its names or keys, as it was at a serial of the journal, or later."""

    serial: int
    rows: Sequence[R]


@dataclass(frozen=True, slots=True)
class Totals:
    """How much is published; ``size`` is in bytes."""

    projects: int = 0
    releases: int = 0
    files: int = 0
    size: int = 0
