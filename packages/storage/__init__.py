"""Where the bytes lie: object keys, and the two storages behind Django's storage API.

An object's key carries its sha256, so an object is written once and never changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlsplit

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.core.files.storage import default_storage
from packaging.utils import NormalizedName

from packages.aws import sentence
from packages.errors import Lost, Unavailable
from packages.storage.parts import PartsFile

if TYPE_CHECKING:
    from packages.storage.bucket import BucketStorage
    from packages.storage.folder import FolderStorage

# A year: what lies under a key with a digest in it can never change.
FOREVER = "max-age=31536000, immutable"

PUBLISHED, INCOMING = "files/", "incoming/"
# Everything else in a bucket is a drop zone.
MANAGED = (PUBLISHED, INCOMING, "pages/")

LOST = "The index has this file, and storage has lost its bytes; tell an administrator."

# An upload that goes on for longer is not going on any more; in seconds. S3 counts in days.
UNFINISHED_AFTER = 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object as it is now; size in bytes. ``etag`` and ``version`` tell it from what may replace it."""

    key: str
    size: int
    etag: str = ""
    version: str | None = None
    # What storage itself found the bytes to have, in lower-case hex; None where it was not asked to look.
    sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Listed:
    """An object in a list of them; size in bytes, ``modified`` in Unix seconds."""

    key: str
    size: int
    modified: float


@dataclass(frozen=True, kw_only=True)
class SignedPut:
    """Where outside this program an object may be put, once, and the headers that have to go with it."""

    url: str
    headers: Mapping[str, str]


def key_for(project: NormalizedName, sha256: str, filename: str, *, life: str = "") -> str:
    """The key of a distribution file; ``life`` tells apart the bytes that came back after they were purged."""
    return f"{PUBLISHED}{project}/{sha256}{'.' if life else ''}{life}/{filename}"


def incoming_key_for(project: NormalizedName, sha256: str, filename: str) -> str:
    """The key under which a distribution file waits to be published."""
    return f"{INCOMING}{project}/{sha256}/{filename}"


def save(key: str, content: File[bytes]) -> None:
    """Store an object; when this returns it is durable. Raises Unavailable."""
    with _translated():
        default_storage.save(key, content)


def copy(source: Stored, key: str) -> None:
    """Store the bytes of an object under another key too, without reading them here. Raises Unavailable.

    An object that has been replaced or deleted in the meantime counts as unavailable.
    """
    with _translated():
        _storage().copy(source, key)


def find(key: str) -> Stored | None:
    """An object, or None if there is none. Raises Unavailable."""
    with _translated():
        return _storage().find(key)


def published_objects(after: str = "") -> Iterator[Listed]:
    """Every object below ``files/`` whose key lies behind ``after``, in the order of the keys, some at a time.

    Raises Unavailable.
    """
    with _translated():
        yield from _storage().objects(PUBLISHED, after)


def open_file(key: str) -> IO[bytes]:
    """Open an object for reading; the caller closes it. Raises Unavailable, or Lost if there is none."""
    with _translated(key):
        # Django's wrapper would only be in the way of the server that sends it.
        return cast("IO[bytes]", default_storage.open(key).file)


def open_parts(stored: Stored) -> IO[bytes]:
    """Read an object of any size here and there, in flat memory; its reads raise Unavailable."""

    def fetch(first: int, last: int) -> bytes:
        with _translated():
            return _storage().read_part(stored, first, last)

    return cast("IO[bytes]", PartsFile(stored.size, fetch))


def read(key: str) -> bytes:
    """Read a small object whole. Raises Unavailable, or Lost if there is none."""
    with _translated(key):
        return _storage().read_bytes(key)


def delete(key: str) -> None:
    """Delete an object and every earlier version; one that is gone already is no error. Raises Unavailable."""
    with _translated():
        default_storage.delete(key)


def delete_exactly(stored: Stored) -> None:
    """Delete an object, but not what has replaced it since. Raises Unavailable."""
    with _translated():
        _storage().delete_exactly(stored)


def signed_url(key: str, seconds: int) -> str | None:
    """An address outside this program that serves the object, as a download, for so long; None if there cannot be."""
    with _translated():
        return _storage().signed_url(key, seconds)


def signed_put(key: str, sha256: str, size: int | None, seconds: int) -> SignedPut | None:
    """A way to put these bytes, and no others, past this program; None where there is no such thing."""
    with _translated():
        return _storage().signed_put(key, sha256, size, seconds)


def upload_origin() -> str:
    """The origin of the addresses that ``signed_put`` gives, as browsers want it named; empty if there are none."""
    put = signed_put(f"{INCOMING}any", "0" * 64, None, 1)
    if put is None:
        return ""
    parts = urlsplit(put.url)
    return f"{parts.scheme}://{parts.netloc}"


def largest_put() -> int | None:
    """How many bytes one signed PUT can carry; None if only the index limits it."""
    return _storage().largest_put


def tidy(now: float, *, older_than: float) -> int:
    """Delete what unfinished uploads left more than so many seconds ago; gives how many. Raises Unavailable."""
    with _translated():
        return _storage().tidy(now, older_than=older_than)


def check() -> None:
    """Make sure that the storage answers. Raises Unavailable."""
    with _translated():
        _storage().check()


def provision() -> Iterator[str]:
    """Make the bucket with its safeguards; gives a line about each step. Raises Unavailable."""
    from packages.storage import provisioning

    bucket = cast("BucketStorage", _storage())
    with _translated():
        yield from provisioning.provision(bucket.connection.meta.client, bucket.bucket_name)


def _storage() -> FolderStorage | BucketStorage:
    return cast("FolderStorage | BucketStorage", default_storage)


@contextmanager
def _translated(known: str = "") -> Iterator[None]:
    """Raise our errors in place of a vendor's; ``known`` is the key of an object that should be there."""
    try:
        yield
    except (OSError, BotoCoreError, ClientError, Boto3Error) as error:
        if known and _storage().lacks_it(error):
            raise Lost(LOST, known) from error
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, ClientError):
            reason = error.response.get("Error", {}).get("Code", reason)
        raise Unavailable(sentence("The file storage", reason)) from error
