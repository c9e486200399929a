"""Where the bytes lie: object keys, and the two storages behind Django's storage API.

An object's key carries its sha256, so an object is written once and never changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import File
from django.core.files.storage import default_storage
from packaging.utils import NormalizedName

from packages.errors import Unavailable

if TYPE_CHECKING:
    from packages.storage.bucket import BucketStorage
    from packages.storage.folder import FolderStorage

# A year: what lies under a key with a digest in it can never change.
FOREVER = "max-age=31536000, immutable"


def key_for(project: NormalizedName, sha256: str, filename: str, *, life: str = "") -> str:
    """The key of a distribution file; ``life`` tells apart the bytes that came back after they were purged."""
    return f"files/{project}/{sha256}{'.' if life else ''}{life}/{filename}"


def save(key: str, content: File[bytes]) -> None:
    """Store an object; when this returns it is durable. Raises Unavailable."""
    with _translated():
        default_storage.save(key, content)


def open_file(key: str) -> IO[bytes]:
    """Open an object for reading; the caller closes it. Raises Unavailable."""
    with _translated():
        # Django's wrapper would only be in the way of the server that sends it.
        return cast("IO[bytes]", default_storage.open(key).file)


def read(key: str) -> bytes:
    """Read a small object whole. Raises Unavailable."""
    with _translated():
        return _storage().read_bytes(key)


def delete(key: str) -> None:
    """Delete an object; one that is gone already is no error. Raises Unavailable."""
    with _translated():
        default_storage.delete(key)


def signed_url(key: str, seconds: int) -> str | None:
    """An address outside this program that serves the object for so long; None where there is no such thing."""
    with _translated():
        return _storage().signed_url(key, seconds)


def check() -> None:
    """Make sure that the storage answers. Raises Unavailable."""
    with _translated():
        _storage().check()


def provision() -> Iterator[str]:
    """Make the bucket with its safeguards; gives a line about each step. Raises Unavailable."""
    bucket = cast("BucketStorage", _storage())
    with _translated():
        yield from bucket.provision()


def _storage() -> FolderStorage | BucketStorage:
    return cast("FolderStorage | BucketStorage", default_storage)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OSError, BotoCoreError, ClientError, Boto3Error) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        if isinstance(error, ClientError):
            reason = error.response.get("Error", {}).get("Code", reason)
        raise Unavailable(f"The file storage cannot be used right now ({reason}); try again in a moment.") from error
