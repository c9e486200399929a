"""Publish a distribution file."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import IO, cast

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.base import File as Content
from packaging.utils import NormalizedName

from packages import accounts, details, permissions, storage
from packages.access import BUCKET, OPERATOR, Action, Actor, ProjectRole
from packages.archives import read_core_metadata
from packages.distributions import LONGEST_SUMMARY, DistributionFile, check_filename, packagetype_of
from packages.errors import FileAlreadyExists, NotAllowed
from packages.journal import Note, Origin
from packages.metadata import CoreMetadata, parse_metadata
from packages.models import PURGED, Account, File, Item, Membership, Project, Publisher
from packages.publishing.removal import forget, reopen
from packages.publishing.revision import Revision, revise
from packages.simple_api import ACCEPTS_UPLOADS, ACTIVE
from packages.store import Change, Key, Put, store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Received:
    """A distribution file as it arrived: its claimed name, its bytes, and those of its digests that are known.

    Digests are in lower-case hex; ``sha256`` is always there.
    """

    filename: str
    content: Content[bytes] | IO[bytes]
    size: int
    digests: Mapping[str, str]

    def store(self, key: str) -> None:
        """Keep the bytes under a key. Raises Unavailable."""
        storage.save(key, cast("Content[bytes]", self.content))


@dataclass(frozen=True, kw_only=True)
class Arrived(Received):
    """A distribution file whose bytes storage has already, under another key."""

    stored: storage.Stored

    def store(self, key: str) -> None:
        """Keep the bytes under a key. Raises Unavailable."""
        storage.copy(self.stored, key)


def publish(
    received: Received,
    *,
    by: Origin,
    overwrite: bool,
    expect: Callable[[CoreMetadata], None] = lambda metadata: None,
) -> DistributionFile:
    """Validate a distribution file and publish it; gives the file as it is published.

    The same bytes under the same name again are a success. ``expect`` may refuse what the
    archive turns out to be, before anything is stored. Raises InvalidDistribution,
    FileAlreadyExists, NotAllowed or Unavailable.
    """
    packagetype = packagetype_of(received.filename)
    metadata_bytes = read_core_metadata(received.content, received.filename)
    metadata = parse_metadata(metadata_bytes, packagetype)
    check_filename(received.filename, metadata.name, metadata.version)
    expect(metadata)
    sha256 = received.digests["sha256"]
    file = DistributionFile(
        project=metadata.name,
        filename=received.filename,
        version=str(metadata.version),
        packagetype=packagetype,
        size=received.size,
        sha256=sha256,
        md5=received.digests.get("md5"),
        blake2b_256=received.digests.get("blake2b_256"),
        requires_python=metadata.requires_python,
        summary=metadata.summary[:LONGEST_SUMMARY],
        metadata_sha256=hashlib.sha256(metadata_bytes).hexdigest(),
        upload_time=by.time,
        uploader=by.actor.name,
        key=storage.key_for(metadata.name, sha256, received.filename),
    )
    row_key = File.key(file.project, file.slot)
    # A look beforehand saves storing bytes in vain; only the transaction decides.
    project, row = store().get_many([Project.key(file.project), row_key])
    while True:
        file, published = _settle(file, cast("Project | None", project), cast("File | None", row), by.actor, overwrite)
        if published is not None:
            if storage.find(published.key) is not None:
                return published
            # Deleted in the bucket, which has not told us yet.
            forget(published.project, published.filename, published.key, by=by)
            project, row = store().get_many([Project.key(file.project), row_key])
            continue
        storage.save(file.metadata_key, ContentFile(metadata_bytes))
        received.store(file.key)
        stored_under, project, row = _put_row(file, metadata.display_name, by, overwrite)
        if stored_under == file.key:
            logger.info("%s published %s (%s %s)", by.actor.name, file.filename, file.project, file.version)
            details.keep(file, metadata)
            return file


def _put_row(
    file: DistributionFile, display_name: str, by: Origin, overwrite: bool
) -> tuple[str | None, Project | None, File | None]:
    """Make the row; gives the key it names, or None with what is there instead."""
    actor, keys = by.actor.at(file.project), list[Key]()
    owner = owner_of_new(actor)
    if owner is not None:
        keys += [Membership.key(owner, file.project), Account.key(owner)]
    if actor.publisher is not None:
        keys.append(Publisher.key(file.project, actor.publisher))

    def decide(
        project: Project | None, items: list[Item | None]
    ) -> tuple[Revision | None, tuple[str | None, Project | None, File | None]]:
        row = cast("File | None", items[0])
        wanted, published = _settle(file, project, row, by.actor, overwrite)
        if published is not None or wanted.key != file.key:
            return None, (None, project, row)
        details: dict[str, object] = {"version": file.version, "size": file.size, "sha256": file.sha256}
        if row is not None:
            details["before"] = {"sha256": row.sha256, "removal": row.removal}
        also: list[Change] = []
        if project is None or not permissions.standing(file.project, project).taken:
            project, also = _created(project, file.project, owner, items[1:])
            details["created_for"] = owner
        project.display_name = display_name
        reopen(project)
        note = Note(action="publish", project=file.project, target=file.filename, details=details)
        return Revision(project, note, [File.of(file)], also), (file.key, None, None)

    return revise(file.project, [File.key(file.project, file.slot), *keys], decide, by)


def owner_of_new(actor: Actor) -> str | None:
    """The account that a project belongs to which the actor creates; None: only administrators publish to it."""
    if actor.publisher is not None:
        return actor.creates_for
    return None if actor.credential in {OPERATOR.credential, BUCKET.credential} else actor.name


def _created(
    project: Project | None, name: NormalizedName, owner: str | None, items: list[Item | None]
) -> tuple[Project, list[Change]]:
    """A new project of this name, and what else is new with it."""
    # One that was purged goes on with its serial.
    project = project or Project(*Project.key(name), name=name)
    project.owners = None if owner is None else {owner}
    project.maintainers = None
    project.status, project.status_reason = ACTIVE, ""
    also: list[Change] = []
    if owner is not None:
        account = next((item for item in items if isinstance(item, Account)), None)
        if not accounts.is_there(owner, account):
            raise NotAllowed(f"User {owner!a} may not create project {name!r}: the account is gone.")
        if account is not None:
            # Written anew, so that nobody deletes it at the same time without having seen this role.
            also.append(Put(item=account))
        role = ProjectRole.OWNER.value
        also.append(Put(item=Membership(*Membership.key(owner, name), account=owner, project=name, role=role)))
    for item in items:
        if isinstance(item, Publisher):
            item.pending = False
            also.append(Put(item=item))
    return project, also


def too_large() -> str:
    """What there is to say of a file beyond MAX_UPLOAD_SIZE."""
    return (
        f"File too large. The limit of this index is {settings.MAX_UPLOAD_SIZE} bytes; "
        "its operator can raise it (MAX_UPLOAD_SIZE)."
    )


def published_already(
    name: NormalizedName,
    filename: str,
    sha256: str,
    project: Project | None,
    row: File | None,
    actor: Actor,
    *,
    overwrite: bool,
) -> DistributionFile | None:
    """The published file, if these are its bytes; None if the actor may publish them beside what is there.

    Raises NotAllowed or FileAlreadyExists.
    """
    permissions.check(actor, Action.PUBLISH, name, project)
    # A removed project keeps its status: removing one is no way around a quarantine.
    taken = permissions.standing(name, project).taken
    if project is not None and taken and project.status not in ACCEPTS_UPLOADS:
        why = f": {project.status_reason}" if project.status_reason else "."
        raise NotAllowed(f"Project {name} is {project.status} and takes no new files{why}")
    if row is None:
        return None
    same = row.sha256 == sha256
    if not row.removal:
        if same:
            return row.distribution()
        if not overwrite:
            raise FileAlreadyExists(
                f"File already exists ({row.filename!r}, with sha256 hash {row.sha256!r}). "
                "Published files never change: publish a new version or build number instead."
            )
    elif not same and not overwrite:
        raise FileAlreadyExists(
            f"File already exists: {filename} was used by a file that has since been deleted, "
            "and cannot be used for other content. Publish a new version instead."
        )
    return None


def _settle(
    file: DistributionFile, project: Project | None, row: File | None, actor: Actor, overwrite: bool
) -> tuple[DistributionFile, DistributionFile | None]:
    """What publishing the file means beside what is there.

    Gives the file with the key its bytes must have, and the published file if it is the same.
    Raises NotAllowed or FileAlreadyExists.
    """
    published = published_already(file.project, file.filename, file.sha256, project, row, actor, overwrite=overwrite)
    if published is None and row is not None and row.removal == PURGED:
        # Somebody may just be deleting the purged bytes: the new ones must not lie where he is.
        file = replace(file, key=storage.key_for(file.project, file.sha256, file.filename, life=row.revision))
    return file, published
