"""Changes to the index: publish, yank, remove, set a project's status.

The row is the publication. Every change is first made visible in the rows; only then is the next
number of the index taken and the project's serial raised to it. So whoever reads serial *s* and
afterwards the rows sees every change numbered up to *s*, and a page kept for *s* is never short.
A crash in between leaves either an object that nobody sees or a change that the client's retry
announces; the client was told of neither.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.core.files.base import ContentFile
from django.core.files.base import File as Content
from packaging.utils import NormalizedName
from packaging.version import Version

from packages import storage
from packages.archives import read_core_metadata
from packages.catalog import PROJECT_LIST, SERIAL, find_project, published_rows, rows_of
from packages.distributions import DistributionFile, check_filename, packagetype_of, slot_of, version_or_none
from packages.errors import FileAlreadyExists, NotAllowed, NotFound, Unavailable
from packages.metadata import CoreMetadata, parse_metadata
from packages.models import Counter, File, Project, ProjectEntry
from packages.simple_api import ACCEPTS_UPLOADS, OFFERS_FILES, STATUSES
from packages.store import Condition, ConditionFailed, Delete, Put, Update, store

logger = logging.getLogger(__name__)

HIDDEN, PURGING, PURGED = "hidden", "purging", "purged"

# How often a change is begun again because somebody else changed the same row meanwhile.
ATTEMPTS = 50


@dataclass(frozen=True, kw_only=True)
class Received:
    """A distribution file as it arrived: its claimed name, its bytes, and their digests in lower-case hex."""

    filename: str
    content: Content[bytes]
    size: int
    digests: Mapping[str, str]


def publish(
    received: Received,
    *,
    uploader: str,
    now: datetime,
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
    metadata = parse_metadata(metadata_bytes)
    check_filename(received.filename, metadata.name, metadata.version)
    expect(metadata)
    _refuse_closed_project(metadata.name)
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
        metadata_sha256=hashlib.sha256(metadata_bytes).hexdigest(),
        upload_time=now,
        uploader=uploader,
        key=storage.key_for(metadata.name, sha256, received.filename),
    )

    def save_bytes() -> None:
        storage.save(file.metadata_key, ContentFile(metadata_bytes))
        storage.save(file.key, received.content)

    save_bytes()
    published = _put_row(file, overwrite=overwrite, save_again=save_bytes)
    _announce(file.project, assign={"name": file.project, "display_name": metadata.display_name, "removed": False})
    logger.info("%s published %s (%s %s)", uploader, published.filename, published.project, published.version)
    return published


def yank(project: NormalizedName, version: str, *, reason: str = "", filename: str | None = None) -> list[str]:
    """Mark a release, or one file of it, as yanked (PEP 592); gives the filenames. Raises NotFound."""
    return _set_yanked(project, version, filename, yanked=True, reason=" ".join(reason.split()))


def unyank(project: NormalizedName, version: str, *, filename: str | None = None) -> list[str]:
    """Take a yank back; gives the filenames. Raises NotFound."""
    return _set_yanked(project, version, filename, yanked=False, reason="")


def remove(
    project: NormalizedName, version: str | None = None, *, filename: str | None = None, purge: bool = False
) -> list[str]:
    """Remove a file, a release or (without a version) a project; gives the filenames.

    Their names stay taken: only the same bytes can be published under them again. The bytes are
    kept unless ``purge`` is given, which may also be asked for later. Raises NotFound.
    """
    if version is None:
        rows = _hide_project(project, again=purge)
    else:
        rows = _matching(project, version, filename, among=rows_of if purge else published_rows)
        for row in rows:
            _rewrite(row, _hide)
        _announce(project, listed=_is_listed(project))
    if purge:
        for row in rows:
            _purge(row)
    names = [row.filename for row in rows]
    logger.info("removed %s of %s%s", ", ".join(names) or "no file", project, " with the bytes" if purge else "")
    return names


def set_status(project: NormalizedName, status: str, *, reason: str = "") -> None:
    """Set a project's status (PEP 792): active, archived, quarantined or deprecated. Raises NotFound."""
    if status not in STATUSES:
        raise ValueError(f"{status!r} is not one of {', '.join(STATUSES)}")
    find_project(project)
    assign = {"status": status, "status_reason": " ".join(reason.split())}
    store().write(Update(model=Project, key=Project.key(project), assign=assign))
    _announce(project, listed=status in OFFERS_FILES)


def _refuse_closed_project(name: NormalizedName) -> None:
    project = cast("Project | None", store().get(Project.key(name)))
    if project is not None and project.status not in ACCEPTS_UPLOADS:
        why = f": {project.status_reason}" if project.status_reason else ""
        raise NotAllowed(f"Project {name} is {project.status} and takes no new files{why}")


def _put_row(file: DistributionFile, *, overwrite: bool, save_again: Callable[[], None]) -> DistributionFile:
    """Let the store decide who owns the filename; never look first, then write."""
    stored: File | None = None
    for _ in range(ATTEMPTS):
        row = File.of(file)
        try:
            if stored is None:
                store().write(Put(item=row, condition=Condition.ABSENT))
            else:
                row.revision = stored.revision
                store().write(Put(item=row, condition=Condition.UNCHANGED))
            return file
        except ConditionFailed:
            stored = cast("File | None", store().get((row.pk, row.sk)))
        if stored is None:
            continue
        if stored.removal == PURGING:
            raise Unavailable(f"The bytes of {file.filename} are just being deleted; try again in a moment.")
        if stored.removal:
            if stored.sha256 != file.sha256 and not overwrite:
                raise FileAlreadyExists(
                    f"File already exists: {file.filename} was used by a file that has since been deleted, "
                    "and cannot be used for other content. Publish a new version instead."
                )
            # Whoever removed the file may have deleted its bytes since ours were saved.
            save_again()
        elif stored.sha256 == file.sha256:
            return stored.distribution()
        elif not overwrite:
            raise FileAlreadyExists(
                f"File already exists ({stored.filename!r}, with sha256 hash {stored.sha256!r}). "
                "Published files never change: publish a new version or build number instead."
            )
    raise _too_busy(file.project)


def _announce(name: NormalizedName, *, assign: Mapping[str, Any] | None = None, listed: bool = True) -> None:
    """Number a change whose rows are visible already, and raise the project's serial to that number."""
    number = _next_number()
    entry_key = ProjectEntry.key(name)
    entry: Update | Delete = Delete(item=ProjectEntry(*entry_key))
    if listed:
        entry = Update(model=ProjectEntry, key=entry_key, assign={"name": name}, raise_to={"serial": number})
    project = Update(model=Project, key=Project.key(name), assign=assign or {}, raise_to={"serial": number})
    store().transact([project, entry])
    _announce_list()


def _next_number() -> int:
    counter = store().write(Update(model=Counter, key=Counter.key(SERIAL), add={"value": 1}))
    assert isinstance(counter, Counter)
    return int(counter.value)


def _announce_list() -> None:
    # After the entry is visible, for the same reason as above.
    store().write(Update(model=Counter, key=Counter.key(PROJECT_LIST), add={"value": 1}))


def _is_listed(name: NormalizedName) -> bool:
    return find_project(name).status in OFFERS_FILES


def _set_yanked(project: NormalizedName, version: str, filename: str | None, *, yanked: bool, reason: str) -> list[str]:
    def change(row: File) -> bool:
        if (row.yanked, row.yanked_reason) == (yanked, reason):
            return False
        row.yanked, row.yanked_reason = yanked, reason
        return True

    rows = _matching(project, version, filename, among=published_rows)
    for row in rows:
        _rewrite(row, change)
    _announce(project, listed=_is_listed(project))
    names = [row.filename for row in rows]
    logger.info("%s %s of %s", "yanked" if yanked else "unyanked", ", ".join(names), project)
    return names


def _matching(
    project: NormalizedName,
    version: str,
    filename: str | None,
    *,
    among: Callable[[NormalizedName], Iterator[File]],
) -> list[File]:
    find_project(project)
    wanted = version_or_none(version)
    if wanted is None:
        raise NotFound(f"{version!a} is not a version (PEP 440).")
    rows = [row for row in among(project) if Version(row.version) == wanted]
    if not rows:
        raise NotFound(f"There is no release {wanted} of the project {project}.")
    if filename is not None:
        key = File.key(project, slot_of(filename, project) or "")
        rows = [row for row in rows if (row.pk, row.sk) == key]
        if not rows:
            raise NotFound(f"There is no file {filename!a} in release {wanted} of the project {project}.")
    return rows


def _rewrite(row: File, change: Callable[[File], bool]) -> File | None:
    """Change a row as it is now, begun again when somebody else was faster; ``change`` says whether there was need."""
    current: File | None = row
    for _ in range(ATTEMPTS):
        if current is None or not change(current):
            return current
        try:
            store().write(Put(item=current, condition=Condition.UNCHANGED))
            return current
        except ConditionFailed:
            current = cast("File | None", store().get((row.pk, row.sk)))
    raise _too_busy(row.project)


def _hide(row: File) -> bool:
    needed = not row.removal
    if needed:
        row.removal = HIDDEN
    return needed


def _hide_project(name: NormalizedName, *, again: bool) -> list[File]:
    for _ in range(ATTEMPTS):
        project = cast("Project | None", store().get(Project.key(name)))
        if project is None or (project.removed and not again):
            raise NotFound(f"There is no project {name} in this index.")
        rows = list(rows_of(name))
        for row in rows:
            _rewrite(row, _hide)
        project.removed = True
        entry = ProjectEntry(*ProjectEntry.key(name))
        try:
            # Somebody who published meanwhile has changed the project: then his file is to be removed too.
            store().transact([Put(item=project, condition=Condition.UNCHANGED), Delete(item=entry)])
        except ConditionFailed:
            continue
        store().write(Update(model=Project, key=Project.key(name), raise_to={"serial": _next_number()}))
        _announce_list()
        return rows
    raise _too_busy(name)


def _purge(row: File) -> None:
    """Delete a removed file's bytes. While that goes on nobody can publish the file again and lose it."""

    def begin(row: File) -> bool:
        if row.removal == HIDDEN:
            row.removal = PURGING
            return True
        return False

    def end(row: File) -> bool:
        row.removal = PURGED
        return True

    claimed = _rewrite(row, begin)
    if claimed is not None and claimed.removal == PURGING:
        storage.delete(claimed.object_key)
        storage.delete(claimed.distribution().metadata_key)
        _rewrite(claimed, end)


def _too_busy(project: str) -> Unavailable:
    return Unavailable(f"The project {project} is being changed by many at once; try again in a moment.")
