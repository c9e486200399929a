"""Objects in a private S3 bucket."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, TypeVar, cast

from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ReadTimeoutError,
)
from django.conf import settings
from django.core.files.base import ContentFile, File
from django.utils.http import content_disposition_header
from s3transfer.subscribers import BaseSubscriber
from storages.backends.s3 import S3Storage

from packages.aws import give_up_in_time
from packages.patience import is_over
from packages.storage import FOREVER, Listed, SignedPut, Stored

T = TypeVar("T")

# What one PUT can carry; more would have to come in parts.
LARGEST_PUT = 5 * 1024**3

# Left to itself, S3Storage would mark every .tar.gz as gzip-encoded, and clients would unpack it.
DESCRIPTION = {"ContentType": "application/octet-stream", "CacheControl": f"private, {FOREVER}"}

# Of a copy nothing stays of what the publisher may have said of the object; its tags need no rights then.
COPY_DESCRIPTION = {
    **DESCRIPTION,
    "MetadataDirective": "REPLACE",
    "TaggingDirective": "REPLACE",
    "AnnotationDirective": "EXCLUDE",
}
# While S3 copies it says nothing: parts are small enough to be copied long before a time limit, and ten go at once.
COPY = TransferConfig(multipart_threshold=32 * 1024**2, multipart_chunksize=32 * 1024**2, max_concurrency=10)

# What can befall a body on its way: botocore has answered by then, and tries no more.
_SPOILT = (FlexibleChecksumError, HTTPClientError, IncompleteReadError)
READS = 3
CHUNK = 256 * 1024
# Of one body, in seconds; it counts only where a request's patience is over, too.
SLOWEST_BODY = 8.0


class BucketStorage(S3Storage):
    """django-storages' S3Storage, with what immutable objects need."""

    largest_put = LARGEST_PUT

    def get_default_settings(self) -> dict[str, Any]:
        """S3Storage's settings, with ours in place of those it would take from Django's."""
        return {
            **super().get_default_settings(),
            "object_parameters": DESCRIPTION,
            # Bounds what an upload holds in memory: parts of 8 MB, two at a time.
            "transfer_config": TransferConfig(multipart_chunksize=8 * 1024**2, max_concurrency=2),
            "client_config": Config(
                signature_version="s3v4",
                # With the bucket in the host a signed address names the bucket's region; left to itself,
                # botocore signs for the global endpoint, which newer regions refuse.
                s3={"addressing_style": "path" if settings.S3_ENDPOINT else "virtual"},
                # Two tries that S3 does not answer end before API Gateway gives up.
                connect_timeout=2,
                read_timeout=8,
                retries={"mode": "standard", "total_max_attempts": 4},
            ),
        }

    def _create_session(self) -> Any:
        session = super()._create_session()
        give_up_in_time(session.events, "s3")
        return session

    @property
    def _client(self) -> Any:
        return self.connection.meta.client

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """The object in memory, by one call: what is larger than STREAM_LIMIT is never opened here."""
        return ContentFile(self.read_bytes(name))

    def find(self, name: str) -> Stored | None:
        """The object, with the checksum that S3 keeps of it if the upload named one."""
        try:
            head = self._client.head_object(Bucket=self.bucket_name, Key=name, ChecksumMode="ENABLED")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        checksum = head.get("ChecksumSHA256", "")
        # Of an upload in parts S3 keeps the digest of digests, which is marked by a hyphen.
        sha256 = base64.b64decode(checksum).hex() if checksum and "-" not in checksum else None
        # A proxy may drop the length of an answer that has no body.
        size = head["ContentLength"] if "ContentLength" in head else self._size_of(name, head["ETag"])
        return Stored(key=name, size=size, etag=head["ETag"], version=head.get("VersionId"), sha256=sha256)

    def _size_of(self, name: str, etag: str) -> int:
        first = self._client.get_object(Bucket=self.bucket_name, Key=name, IfMatch=etag, Range="bytes=0-0")
        first["Body"].close()
        return int(first["ContentRange"].rpartition("/")[2])

    def objects(self, prefix: str, after: str) -> Iterator[Listed]:
        """The objects below a prefix whose keys lie behind ``after``, a thousand by a call."""
        start = {"StartAfter": after} if after else {}
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket_name, Prefix=prefix, **start)
        for page in pages:
            for each in page.get("Contents", []):
                yield Listed(key=each["Key"], size=each["Size"], modified=each["LastModified"].timestamp())

    def read_bytes(self, name: str) -> bytes:
        """The whole object, in one call."""
        return self._read(lambda: self._client.get_object(Bucket=self.bucket_name, Key=name))

    def read_part(self, stored: Stored, first: int, last: int) -> bytes:
        """A part of the object, as it was found."""
        return self._read(
            lambda: self._client.get_object(
                Bucket=self.bucket_name, Key=stored.key, IfMatch=stored.etag, Range=f"bytes={first}-{last}"
            )
        )

    def lacks_it(self, error: Exception) -> bool:
        """Say whether it is this one object that is not there."""
        return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") == "NoSuchKey"

    def copy(self, source: Stored, name: str) -> None:
        """Let S3 copy the object as it was found; our description replaces what its publisher may have sent."""
        with create_transfer_manager(self._client, COPY) as manager:
            manager.copy(
                copy_source={"Bucket": self.bucket_name, "Key": source.key},
                bucket=self.bucket_name,
                key=name,
                extra_args={**COPY_DESCRIPTION, "CopySourceIfMatch": source.etag},
                subscribers=[_Known(source)],
            ).result()

    def delete(self, name: str) -> None:
        """Delete every version of the object: the bucket would keep them."""
        for version in self.bucket.object_versions.filter(Prefix=name):
            if version.object_key == name:
                version.delete()

    def delete_exactly(self, stored: Stored) -> None:
        """Delete the version that was found and those beneath it, which would come to light again."""
        for version in self._versions_from(stored) if stored.version else [None]:
            which = {"VersionId": version} if version else {}
            self._client.delete_object(Bucket=self.bucket_name, Key=stored.key, **which)

    def _versions_from(self, stored: Stored) -> list[str]:
        """The version that was found and every earlier one, oldest first."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self.bucket_name, Prefix=stored.key)
        # S3 lists the versions of a key from the newest on.
        every = [each for page in pages for each in page.get("Versions", []) if each["Key"] == stored.key]
        ids = [each["VersionId"] for each in every]
        return ids[ids.index(stored.version) :][::-1] if stored.version in ids else []

    def signed_url(self, name: str, seconds: int) -> str | None:
        """An address in S3 that anyone may read the object at for so many seconds; browsers keep it as a file."""
        disposition = content_disposition_header(True, name.rpartition("/")[2])
        return cast("str", self.url(name, {"ResponseContentDisposition": disposition}, expire=seconds))

    def signed_put(self, name: str, sha256: str, size: int | None, seconds: int) -> SignedPut | None:
        """A PUT of exactly these bytes where nothing is yet: S3 checks digest, length and absence itself."""
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        bound: dict[str, Any] = {"ChecksumSHA256": checksum, "IfNoneMatch": "*"}
        if size is not None:
            bound["ContentLength"] = size
        url = self._client.generate_presigned_url(
            "put_object", Params={"Bucket": self.bucket_name, "Key": name, **bound}, ExpiresIn=seconds
        )
        return SignedPut(url=url, headers={"x-amz-checksum-sha256": checksum, "If-None-Match": "*"})

    def tidy(self, now: float, *, older_than: float) -> int:
        """Nothing: the bucket's lifecycle does it."""
        return 0

    def check(self) -> None:
        """Make sure that the bucket answers."""
        self._client.head_bucket(Bucket=self.bucket_name)

    @staticmethod
    def _read(get: Callable[[], Any]) -> bytes:
        """The body of an answer, asked for again if it was spoilt on its way."""
        for left in reversed(range(READS)):
            answer, begun = get(), time.monotonic()
            try:
                # Not entered itself: that would give the stream beneath, which does not check its length.
                with closing(answer["Body"]) as body:
                    return b"".join(_in_time(body.iter_chunks(CHUNK), begun))
            except _SPOILT:
                if not left or is_over():
                    raise
        raise AssertionError("the last try returns or raises")


class _Known(BaseSubscriber):
    """Tells s3transfer of the object that it copies what it would ask S3 for."""

    def __init__(self, source: Stored) -> None:
        self._source = source

    def on_queued(self, future: Any, **_: Any) -> None:
        """Say it before the copying begins."""
        future.meta.provide_transfer_size(self._source.size)
        future.meta.provide_object_etag(self._source.etag)


def _in_time(chunks: Iterator[bytes], begun: float) -> Iterator[bytes]:
    """The parts of a body, unless they trickle. Raises ReadTimeoutError."""
    for chunk in chunks:
        yield chunk
        if is_over() and time.monotonic() - begun > SLOWEST_BODY:
            raise ReadTimeoutError(endpoint_url="the bucket")
