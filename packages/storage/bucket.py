"""Objects in a private S3 bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from django.conf import settings
from django.core.files.base import ContentFile, File
from storages.backends.s3 import S3Storage

from packages.storage import FOREVER


class BucketStorage(S3Storage):
    """django-storages' S3Storage, with what immutable objects need."""

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
