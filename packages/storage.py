"""Where the bytes lie: object keys, and the two storages behind Django's storage API.

An object's key carries its sha256, so an object is written once and never changes.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, default_storage
from packaging.utils import NormalizedName
from storages.backends.s3 import S3Storage

from packages.errors import Unavailable

# A year: what lies under a key with a digest in it can never change.
FOREVER = "max-age=31536000, immutable"
COPY_BUFFER = 1024 * 1024


class FolderStorage(FileSystemStorage):
    """Files in a folder of this machine: whole or absent after a crash, and on disk before ``save`` returns."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Keep the name: an object of the same name holds the same bytes."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        self._make_directory(target.parent)
        draft = target.with_name(f".{secrets.token_hex(8)}")
        try:
            received = getattr(content, "temporary_file_path", None)
            if received is None or not self._linked(received(), draft):
                self._copy(content, draft)
            self._sync(draft)
            # Taking the final name last, and atomically, means that nobody ever finds half a file under it.
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        self._sync_directory(target.parent)
        return name

    def read_bytes(self, name: str) -> bytes:
        """The whole object."""
        return Path(self.path(name)).read_bytes()

    def signed_url(self, name: str, seconds: int) -> str | None:
        """None: a folder has no address of its own, the index streams its files."""
        return None

    def check(self) -> None:
        """Make sure that files can be written here; raises OSError."""
        Path(self.location).mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(self.location, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied", self.location)

    @staticmethod
    def _linked(source: str, target: Path) -> bool:
        try:
            os.link(source, target)
        except OSError:
            # Another file system, or one without links.
            return False
        return True

    @staticmethod
    def _copy(content: File[bytes], target: Path) -> None:
        content.seek(0)
        with target.open("xb") as copy:
            for chunk in content.chunks(COPY_BUFFER):
                copy.write(chunk)

    def _make_directory(self, directory: Path) -> None:
        missing = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        for path in missing:
            self._sync_directory(path.parent)

    @classmethod
    def _sync_directory(cls, path: Path) -> None:
        # Network file systems may not know how; they do not need it either.
        with suppress(OSError):
            cls._sync(path)

    @staticmethod
    def _sync(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            # macOS answers fsync before the disk has the bytes; this waits for them.
            full_sync = getattr(fcntl, "F_FULLFSYNC", None)
            if full_sync is None:
                os.fsync(descriptor)
            else:
                fcntl.fcntl(descriptor, full_sync)
        finally:
            os.close(descriptor)


class BucketStorage(S3Storage):
    """Objects in a private S3 bucket."""

    def get_default_settings(self) -> dict[str, Any]:
        """S3Storage's settings, with ours in place of those it would take from Django's."""
        return {
            **super().get_default_settings(),
            # Left to itself, S3Storage would mark every .tar.gz as gzip-encoded, and clients would unpack it.
            "object_parameters": {
                "ContentType": "application/octet-stream",
                "CacheControl": f"private, {FOREVER}",
            },
            # Bounds what an upload holds in memory: parts of 8 MB, two at a time.
            "transfer_config": TransferConfig(multipart_chunksize=8 * 1024**2, max_concurrency=2),
            "client_config": Config(
                signature_version="s3v4",
                # With the bucket in the host a signed address names the bucket's region; left to itself,
                # botocore signs for the global endpoint, which newer regions refuse.
                s3={"addressing_style": "path" if settings.S3_ENDPOINT else "virtual"},
                connect_timeout=3,
                read_timeout=20,
                retries={"mode": "standard", "max_attempts": 4},
            ),
        }

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """The object in memory, by one call: what is larger than STREAM_LIMIT is never opened here."""
        return ContentFile(self.read_bytes(name))

    def delete(self, name: str) -> None:
        """Delete every version of the object: the bucket would keep them."""
        for version in self.bucket.object_versions.filter(Prefix=name):
            if version.object_key == name:
                version.delete()

    def read_bytes(self, name: str) -> bytes:
        """The whole object, in one call."""
        return cast("bytes", self.bucket.Object(name).get()["Body"].read())

    def signed_url(self, name: str, seconds: int) -> str | None:
        """An address in S3 that anyone may read the object at for so many seconds."""
        return cast("str", self.url(name, expire=seconds))

    def check(self) -> None:
        """Make sure that the bucket answers."""
        self.connection.meta.client.head_bucket(Bucket=self.bucket_name)

    def provision(self) -> Iterator[str]:
        """Make the bucket private, encrypted and versioned; gives a line about each step."""
        client, name = self.connection.meta.client, self.bucket_name
        region = client.meta.region_name
        # us-east-1 is the one region that must not be named.
        where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            client.create_bucket(Bucket=name, **where)
            yield f"bucket {name}: created in {region}"
        except (client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
            # Another account's bucket would refuse what follows.
            client.head_bucket(Bucket=name)
            yield f"bucket {name}: exists"
        client.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration=dict.fromkeys(
                ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
            ),
        )
        client.put_bucket_ownership_controls(
            Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )
        yield f"bucket {name}: closed to the public"
        client.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )
        yield f"bucket {name}: encrypted at rest"
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        yield f"bucket {name}: versioned"


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
