"""Publish a distribution file whose bytes go to storage by themselves: reserve, put, finalize."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from django.conf import settings
from packaging.utils import NormalizedName
from packaging.version import Version

from packages import storage
from packages.access import Actor
from packages.distributions import DistributionFile, check_filename, slot_of
from packages.errors import FileAlreadyExists, InvalidDistribution, InvalidUpload, Unavailable, UploadTooLarge
from packages.journal import Origin
from packages.metadata import CoreMetadata
from packages.models import File, Project
from packages.publishing.publication import Arrived, publish, published_already, too_large
from packages.storage.parts import PART
from packages.store import store

# How long an address may be used to begin putting bytes; in seconds.
RESERVED_FOR = 60 * 60


@dataclass(frozen=True, kw_only=True)
class Announced:
    """A distribution file that is to come, as its publisher describes it.

    ``sha256`` is in lower-case hex, ``size`` in bytes; None if it was not said. Raises
    InvalidDistribution for a filename that is not this project's and version's.
    """

    project: NormalizedName
    version: Version
    filename: str
    sha256: str
    size: int | None = None

    def __post_init__(self) -> None:
        """Check the filename, for it becomes a part of an object's key."""
        check_filename(self.filename, self.project, self.version)

    @property
    def key(self) -> str:
        """Where its bytes wait to be published."""
        return storage.incoming_key_for(self.project, self.sha256, self.filename)


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """What is left to do for an announced file.

    ``arrived``: nothing but to finalize. Otherwise its bytes are to be put: past this program
    if there is a ``put``, else through it.
    """

    arrived: bool
    put: storage.SignedPut | None = None


def reserve(announced: Announced, *, by: Origin, overwrite: bool) -> Reservation | None:
    """Say where the bytes of an announced file go; None if it is published already.

    Raises UploadTooLarge, FileAlreadyExists, NotAllowed or Unavailable.
    """
    if announced.size is not None:
        _check_size(announced, announced.size)
    if _published(announced, by.actor, overwrite):
        return None
    if storage.find(announced.key) is not None:
        return Reservation(arrived=True)
    put = storage.signed_put(announced.key, announced.sha256, announced.size, RESERVED_FOR)
    return Reservation(arrived=False, put=put)


def finalize(
    announced: Announced,
    *,
    by: Origin,
    overwrite: bool,
    expect: Callable[[CoreMetadata], None],
) -> DistributionFile:
    """Publish an announced file whose bytes have arrived; gives the file as it is published.

    Safe to repeat: a file that is published already is a success, whoever finalized it. Raises
    what ``publish`` raises, and InvalidUpload if the bytes are not there.
    """
    if announced.size is not None:
        _check_size(announced, announced.size)
    arrived = storage.find(announced.key)
    if arrived is None:
        published = _published(announced, by.actor, overwrite)
        if published is None:
            raise InvalidUpload(
                f"The bytes of {announced.filename} have not arrived: put them to the address that reserve gives, "
                "then finalize."
            )
        return published
    if announced.size not in {None, arrived.size}:
        raise InvalidUpload(f"{announced.filename} has {arrived.size} bytes, not {announced.size} as was said.")
    try:
        _check_size(announced, arrived.size)
        sha256 = arrived.sha256 or _sha256_of(arrived)
        if sha256 != announced.sha256:
            raise InvalidUpload(f"The sha256 of the bytes that arrived is {sha256}, not {announced.sha256}.")
        with storage.open_parts(arrived) as content:
            received = Arrived(
                filename=announced.filename,
                content=content,
                size=arrived.size,
                digests={"sha256": announced.sha256},
                stored=arrived,
            )
            file = publish(received, by=by, overwrite=overwrite, expect=expect)
    except Unavailable:
        # Somebody else may have finalized it meanwhile, and taken away the bytes.
        published = _published(announced, by.actor, overwrite) if storage.find(announced.key) is None else None
        if published is None:
            raise
        return published
    except (InvalidDistribution, InvalidUpload, FileAlreadyExists, UploadTooLarge):
        # These bytes will never be published; after any other refusal the next try needs no other ones.
        storage.delete_exactly(arrived)
        raise
    storage.delete_exactly(arrived)
    return file


def _sha256_of(stored: storage.Stored) -> str:
    """The digest of an object of which storage, unlike S3 itself, has kept none."""
    digest = hashlib.sha256()
    with storage.open_parts(stored) as content:
        while part := content.read(PART):
            digest.update(part)
    return digest.hexdigest()


def _published(announced: Announced, actor: Actor, overwrite: bool) -> DistributionFile | None:
    slot = cast("str", slot_of(announced.filename, announced.project))
    project, row = store().get_many([Project.key(announced.project), File.key(announced.project, slot)])
    published = published_already(
        announced.project,
        announced.filename,
        announced.sha256,
        cast("Project | None", project),
        cast("File | None", row),
        actor,
        overwrite=overwrite,
    )
    # Without its bytes, which were deleted in the bucket, it is to be published anew.
    return published if published and storage.find(published.key) else None


def _check_size(announced: Announced, size: int) -> None:
    largest = storage.largest_put()
    if largest is not None and size > largest:
        raise UploadTooLarge(
            f"File too large. {announced.filename} has {size} bytes; S3 takes {largest} (5 GB) in one piece, "
            "and this index does not take files in several."
        )
    if size > settings.MAX_UPLOAD_SIZE:
        raise UploadTooLarge(too_large())
