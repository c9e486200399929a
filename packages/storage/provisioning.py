"""Make the bucket with its safeguards; every step can be repeated."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from packages.storage import INCOMING


def provision(client: Any, name: str) -> Iterator[str]:
    """Make the bucket private, encrypted and versioned, and ready for uploads; gives a line about each step."""
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
    client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": _LIFECYCLE})
    yield f"bucket {name}: unfinished uploads vanish after a day"
    client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [_from_our_pages()]})
    yield f"bucket {name}: takes signed uploads from web pages"


_LIFECYCLE = [
    {
        "ID": "unfinished-uploads",
        "Status": "Enabled",
        "Filter": {"Prefix": INCOMING},
        "Expiration": {"Days": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    },
    {
        "ID": "unfinished-parts",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
    },
]


def _from_our_pages() -> dict[str, Any]:
    # Until the index has an address of its own, any page may try: what lets in is the signature.
    parts = urlsplit(settings.PUBLIC_URL)
    origin = f"{parts.scheme}://{parts.netloc}" if settings.PUBLIC_URL else "*"
    return {
        "AllowedMethods": ["PUT"],
        "AllowedOrigins": [origin],
        "AllowedHeaders": ["content-type", "if-none-match", "x-amz-checksum-sha256"],
        "MaxAgeSeconds": 3600,
    }
