"""Make the bucket with its safeguards; every step can be repeated."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError
from django.conf import settings

from packages.storage import INCOMING

_USUAL_PORTS = {"http": 80, "https": 443}


def provision(client: Any, name: str) -> Iterator[str]:
    """Make the bucket private, encrypted and versioned, and ready for uploads; gives a line about each step."""
    yield f"bucket {name}: {'exists' if _is_there(client, name) else _create(client, name)}"
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


def _is_there(client: Any, name: str) -> bool:
    """Look for the bucket. Names are everybody's, and somebody else's bucket of this name may be open to us: 403."""
    # Other makes of S3 have no accounts to ask for.
    owner = (
        {} if settings.S3_ENDPOINT else {"ExpectedBucketOwner": boto3.client("sts").get_caller_identity()["Account"]}
    )
    try:
        client.head_bucket(Bucket=name, **owner)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def _create(client: Any, name: str) -> str:
    region = client.meta.region_name
    # us-east-1 is the one region that must not be named.
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **where)
    return f"created in {region}"


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
    origin = _origin_of(settings.PUBLIC_URL) if settings.PUBLIC_URL else "*"
    return {
        "AllowedMethods": ["PUT"],
        "AllowedOrigins": [origin],
        "AllowedHeaders": ["content-type", "if-none-match", "x-amz-checksum-sha256"],
        "MaxAgeSeconds": 3600,
    }


def _origin_of(url: str) -> str:
    """An address's origin as browsers write it: in lower case, without the usual port."""
    parts = urlsplit(url)
    usual = parts.port in {None, _USUAL_PORTS[parts.scheme]}
    return f"{parts.scheme}://{parts.hostname}{'' if usual else f':{parts.port}'}"
