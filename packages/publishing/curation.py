"""Change what is published: yank, remove, set a project's status."""

import logging
from collections.abc import Callable, Iterator

from packaging.utils import NormalizedName
from packaging.version import Version

from packages import storage
from packages.catalog import find_project, published_rows, rows_of
from packages.distributions import slot_of, version_or_none
from packages.errors import NotFound, Unavailable
from packages.models import HIDDEN, PURGED, File, Project
from packages.publishing.revision import MOST_ROWS, Revision, revise
from packages.simple_api import ACTIVE, STATUSES
from packages.store import store

logger = logging.getLogger(__name__)

# How often a removal looks again for files that were published while it went on.
ATTEMPTS = 50


def yank(project: NormalizedName, version: str, *, reason: str = "", filename: str | None = None) -> list[str]:
    """Mark a release, or one file of it, as yanked (PEP 592); gives the filenames. Raises NotFound."""
    reason = " ".join(reason.split())

    def mark(row: File) -> None:
        row.yanked, row.yanked_reason = True, reason

    return _change(project, _matching(project, version, filename, among=published_rows), mark, "yanked")


def unyank(project: NormalizedName, version: str, *, filename: str | None = None) -> list[str]:
    """Take a yank back; gives the filenames. Raises NotFound."""

    def unmark(row: File) -> None:
        row.yanked, row.yanked_reason = False, ""

    return _change(project, _matching(project, version, filename, among=published_rows), unmark, "unyanked")


def remove(
    project: NormalizedName, version: str | None = None, *, filename: str | None = None, purge: bool = False
) -> list[str]:
    """Remove a file, a release or (without a version) a project; gives the filenames.

    Their names stay taken: only the same bytes can be published under them again. The bytes are
    kept unless ``purge`` is given, which may also be asked for later, and again. Raises NotFound.
    """

    def hide(row: File) -> None:
        if purge:
            row.removal = PURGED
        elif not row.removal:
            row.removal = HIDDEN

    if version is None:
        rows = _remove_project(project, hide, again=purge)
    else:
        rows = _matching(project, version, filename, among=rows_of if purge else published_rows)
        _change(project, rows, hide, "purged" if purge else "removed")
    if purge:
        # The rows say so already: from here on nobody publishes under these keys.
        for row in rows:
            storage.delete(row.object_key)
            storage.delete(row.distribution().metadata_key)
    return [row.filename for row in rows]


def forget(project: NormalizedName, filename: str, key: str) -> bool:
    """Mark a file as purged because its bytes were deleted from storage; says whether it was published.

    Only the bytes under ``key`` count: those of a file that was overwritten, or published anew
    after a purge, are not the file's any more; nor is anything forgotten if they are there
    again. Raises Unavailable.
    """
    slot = slot_of(filename, project)
    if slot is None:
        return False

    def decide(known: Project | None, rows: list[File | None]) -> tuple[Revision | None, bool]:
        (row,) = rows
        if known is None or row is None or row.object_key != key or row.removal == PURGED:
            return None, False
        # Looked at after the row was read: who publishes stores the bytes before the row, and then it has changed.
        if storage.find(key) is not None:
            return None, False
        row.removal = PURGED
        return Revision(known, [row]), True

    forgotten = revise(project, [File.key(project, slot)], decide)
    if forgotten:
        logger.info("forgot %s of %s: its bytes were deleted", filename, project)
    return forgotten


def set_status(name: NormalizedName, status: str, *, reason: str = "") -> None:
    """Set a project's status (PEP 792): active, archived, quarantined or deprecated. Raises NotFound."""
    if status not in STATUSES:
        raise ValueError(f"{status!r} is not one of {', '.join(STATUSES)}")

    def decide(project: Project | None, rows: list[File | None]) -> tuple[Revision, None]:
        if project is None or project.removed:
            raise NotFound(f"There is no project {name} in this index.")
        project.status, project.status_reason = status, " ".join(reason.split())
        return Revision(project), None

    revise(name, [], decide)
    logger.info("%s is %s", name, status)


def _matching(
    project: NormalizedName,
    version: str,
    filename: str | None,
    *,
    among: Callable[[NormalizedName], Iterator[File]],
) -> list[File]:
    if among is published_rows:
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


def _change(name: NormalizedName, rows: list[File], change: Callable[[File], None], done: str) -> list[str]:
    """Change rows as they are now; of very many, some at a time."""

    def decide(project: Project | None, now: list[File | None]) -> tuple[Revision | None, None]:
        if project is None:
            return None, None
        there = [row for row in now if row is not None]
        before = [row.serialize() for row in there]
        for row in there:
            change(row)
        changed = [row for row, was in zip(there, before, strict=True) if row.serialize() != was]
        return (Revision(project, changed) if changed else None), None

    for start in range(0, len(rows), MOST_ROWS):
        revise(name, [(row.pk, row.sk) for row in rows[start : start + MOST_ROWS]], decide)
    filenames = [row.filename for row in rows]
    logger.info("%s %s of %s", done, ", ".join(filenames) or "no file", name)
    return filenames


def _remove_project(name: NormalizedName, hide: Callable[[File], None], *, again: bool) -> list[File]:
    for _ in range(ATTEMPTS):
        project = store().get(Project.key(name))
        if not isinstance(project, Project) or (project.removed and not again):
            raise NotFound(f"There is no project {name} in this index.")
        rows = list(rows_of(name))
        # First its files, then the project: what is cut off in between is a project with fewer files.
        _change(name, rows, hide, "removed")
        if _close(name):
            return rows
    raise Unavailable(f"The project {name} is being published to all the while; try again in a moment.")


def _close(name: NormalizedName) -> bool:
    """Mark a project as removed, unless a file of it is published, or is being published."""
    # Every publication changes the project too: if it is still the same at the end, the rows are as they were read.
    seen = store().get(Project.key(name))
    if any(published_rows(name)):
        return False

    def decide(project: Project | None, _: list[File | None]) -> tuple[Revision | None, bool]:
        if project is None or seen is None or project.revision != seen.revision:
            return None, False
        if project.removed:
            return None, True
        project.removed = True
        # Who uses the name again begins anew.
        project.status, project.status_reason = ACTIVE, ""
        return Revision(project), True

    return revise(name, [], decide)
