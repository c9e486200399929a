"""Take files out of the index, in two steps: removed, and for a while restored; then purged."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from packaging.utils import NormalizedName

from packages import details, journal, permissions, storage
from packages.access import Action
from packages.catalog import published_rows, rows_of
from packages.distributions import slot_of
from packages.errors import Conflict, NotAllowed, NotFound, Unavailable
from packages.journal import Note, Origin
from packages.models import (
    HIDDEN,
    PURGED,
    File,
    Item,
    Membership,
    Project,
    Publisher,
    PublisherEntry,
    RemovalEntry,
    project_partition,
)
from packages.publishing.curation import Filenames, change_rows, matching
from packages.publishing.revision import Revision, revise
from packages.publishing.roles import memberships, roles_of
from packages.simple_api import ACTIVE, QUARANTINED
from packages.store import Change, Condition, ConditionFailed, Delete, Put, store

logger = logging.getLogger(__name__)

# How often a removal looks again for files that were published while it went on.
ATTEMPTS = 50


def remove(project: NormalizedName, version: str | None = None, *, by: Origin, filename: Filenames = None) -> list[str]:
    """Remove a file or several, a release or (without either) a project; gives the filenames.

    Their names stay taken: only the same bytes can be published under them again. The bytes are
    kept, and for RESTORE_DAYS it can all be restored. Raises NotFound or NotAllowed.
    """

    def hide(row: File) -> None:
        if not row.removal:
            row.removal = HIDDEN
            _note_time(row, by)

    permissions.check_beforehand(by.actor, Action.CURATE, project)
    entry = RemovalEntry(*RemovalEntry.key(project), name=project)
    if version is None and filename is None:
        for _ in range(ATTEMPTS):
            known = _project(project)
            if known.removed:
                raise NotFound(f"There is no project {project} in this index.")
            permissions.check(by.actor, Action.CURATE, project, known)
            rows = list(published_rows(project))
            # First its files, then the project: what is cut off in between is a project with fewer files.
            change_rows(project, rows, hide, Note(action="remove"), by, along=entry)
            if _close(project, by):
                return [row.filename for row in rows_of(project) if row.removed_at == by.time]
        raise Unavailable(f"The project {project} is being published to all the while; try again in a moment.")
    rows = matching(project, version, filename, among=published_rows)
    change_rows(project, rows, hide, Note(action="remove"), by, along=entry)
    return [row.filename for row in rows]


def restore(
    project: NormalizedName, version: str | None = None, *, by: Origin, filename: Filenames = None
) -> list[str]:
    """Take a removal back; of a project, all of that removal. Raises NotFound, Conflict or NotAllowed."""
    permissions.check_beforehand(by.actor, Action.CURATE, project)
    known = _project(project)
    whole = version is None and filename is None
    _check(by, Action.CURATE, project, known)
    if whole and not known.removed:
        raise Conflict(f"The project {project} is not removed; restore a release of it, or a file.")
    rows = [row for row in matching(project, version, filename, among=rows_of) if row.removal]
    if whole:
        rows = [row for row in rows if row.removal != PURGED and row.removed_at == known.removed_at]
    kept = [row for row in rows if row.removal == HIDDEN and not _is_over(row, by.time)]
    if rows and not kept:
        raise Conflict("The time to restore it is over, or it was purged.")
    if not kept and not whole:
        raise Conflict("It is not removed, so that there is nothing to restore.")

    def show(row: File) -> None:
        if row.removal == HIDDEN:
            row.removal = ""
            _forget_time(row)

    if kept:
        return change_rows(project, kept, show, Note(action="restore"), by, touch=reopen)

    # A project that had no files when it was removed.
    def decide(project_now: Project | None, items: list[Item | None]) -> tuple[Revision | None, None]:
        if project_now is None or not project_now.removed:
            return None, None
        permissions.check(by.actor, Action.CURATE, project, project_now)
        reopen(project_now)
        return Revision(project_now, Note(action="restore", project=project, target=project)), None

    revise(project, [], decide, by)
    return []


def purge(project: NormalizedName, version: str | None = None, *, by: Origin, filename: Filenames = None) -> list[str]:
    """Delete the bytes of what was removed, for good; gives the filenames. Safe to repeat.

    Of a whole project: its name is anybody's again, the names of its files are not. Raises NotFound, Conflict
    if it is still published, or NotAllowed.
    """
    permissions.check_beforehand(by.actor, Action.PURGE, project)
    known = _project(project)
    _check(by, _purging(known), project, known)
    whole = version is None and filename is None
    if whole and not known.removed:
        raise Conflict(f"The project {project} is published: remove it first, then purge it.")
    rows = matching(project, version, filename, among=rows_of)
    if any(not row.removal for row in rows):
        raise Conflict(
            f"{'It' if isinstance(filename, str) else 'A file of it'} is published: remove it first, then purge it."
        )
    _purge_rows(project, rows, by, _purging)
    if whole:
        _free(project, by)
    return [row.filename for row in rows]


def purge_overdue(by: Origin) -> int:
    """Purge what can no longer be restored, of every project; gives how many files."""
    purged = 0
    for entry in store().query(RemovalEntry.PARTITION):
        assert isinstance(entry, RemovalEntry)
        name = NormalizedName(entry.name)
        known = store().get(Project.key(name))
        if isinstance(known, Project) and known.status == QUARANTINED:
            # It is kept until somebody has looked at it.
            continue
        removed = known if isinstance(known, Project) and known.removed else None
        ended = removed is not None and _is_over(removed, by.time)
        hidden = [row for row in rows_of(name) if row.removal == HIDDEN]
        # Nothing of a project outlives it, for whoever has its name next to restore.
        overdue = [row for row in hidden if ended or _is_over(row, by.time)]
        _purge_rows(name, overdue, by, _purging_unasked)
        purged += len(overdue)
        if ended:
            _free(name, by, unasked=True)
        if len(overdue) == len(hidden) and (ended or removed is None or removed.removed_at is None):
            # Unless something was removed meanwhile.
            with suppress(ConditionFailed):
                store().write(Delete(item=entry, condition=Condition.UNCHANGED))
    return purged


def forget(project: NormalizedName, filename: str, key: str, *, by: Origin) -> bool:
    """Mark a file as purged because its bytes were deleted from storage; says whether it was published.

    Only the bytes under ``key`` count: those of a file that was overwritten, or published anew
    after a purge, are not the file's any more; nor is anything forgotten if they are there
    again. Raises Unavailable.
    """
    slot = slot_of(filename, project)
    if slot is None:
        return False

    def decide(known: Project | None, items: list[Item | None]) -> tuple[Revision | None, bool]:
        (row,) = items
        if known is None or not isinstance(row, File) or row.object_key != key or row.removal == PURGED:
            return None, False
        # Looked at after the row was read: who publishes stores the bytes before the row, and then it has changed.
        if storage.find(key) is not None:
            return None, False
        row.removal = PURGED
        return Revision(known, Note(action="forget", project=project, target=row.filename), [row]), True

    forgotten = revise(project, [File.key(project, slot)], decide, by)
    if forgotten:
        logger.info("forgot %s of %s: its bytes were deleted", filename, project)
    return forgotten


def _purging(project: Project) -> Action:
    # What is purged is forgotten: that is for those to decide who quarantined it.
    return Action.QUARANTINE if project.status == QUARANTINED else Action.PURGE


def _purging_unasked(project: Project) -> Action | None:
    return None if project.status == QUARANTINED else Action.PURGE


def _check(by: Origin, action: Action, name: NormalizedName, project: Project) -> None:
    """Ask whether something may be done to a project; that one is there that was removed, others do not learn."""
    try:
        permissions.check(by.actor, Action.CURATE, name, project)
    except NotAllowed:
        if project.removed:
            raise NotFound(f"There is no project {name} in this index.") from None
        raise
    permissions.check(by.actor, action, name, project)


def _purge_rows(
    project: NormalizedName, rows: Sequence[File], by: Origin, action_on: Callable[[Project], Action | None]
) -> None:
    def mark(row: File) -> None:
        if row.removal:
            row.removal = PURGED

    change_rows(project, list(rows), mark, Note(action="purge"), by, action_on=action_on)
    # As they are now: one that was restored or published again meanwhile keeps its bytes.
    now = list(rows_of(project))
    purged = {(row.pk, row.sk): row.object_key for row in now if row.removal == PURGED}
    for row in rows:
        # The rows say so already: from here on nobody publishes under these keys.
        if purged.get((row.pk, row.sk)) == row.object_key:
            storage.delete(row.object_key)
            storage.delete(row.distribution().metadata_key)
    # One that is published just now with the same metadata has it made anew.
    needed = {row.metadata_sha256 for row in now if row.removal != PURGED}
    for metadata_sha256 in {row.metadata_sha256 for row in rows} - needed:
        details.forget(project, metadata_sha256)


def _project(name: NormalizedName) -> Project:
    project = store().get(Project.key(name))
    if not isinstance(project, Project):
        raise NotFound(f"There is no project {name} in this index.")
    return project


def _close(name: NormalizedName, by: Origin) -> bool:
    """Mark a project as removed, unless a file of it is published, or is being published."""
    # Every publication changes the project too: if it is still the same at the end, the rows are as they were read.
    seen = store().get(Project.key(name))
    if any(published_rows(name)):
        return False

    entry = RemovalEntry(*RemovalEntry.key(name), name=name)

    def decide(project: Project | None, items: list[Item | None]) -> tuple[Revision | None, bool]:
        if project is None or seen is None or project.revision != seen.revision:
            return None, False
        if project.removed:
            return None, True
        permissions.check(by.actor, Action.CURATE, name, project)
        project.removed = True
        _note_time(project, by)
        note = Note(action="remove-project", project=name, target=name)
        # That the time will be over concerns its name too, even if it has no files any more.
        return Revision(project, note, also=[Put(item=entry)]), True

    return revise(name, [RemovalEntry.key(name)], decide, by)


def reopen(project: Project) -> None:
    """Take a project's own removal back, if it is removed."""
    project.removed = False
    _forget_time(project)


def _free(name: NormalizedName, by: Origin, *, unasked: bool = False) -> None:
    """Give up the name of a removed project: who uses it again begins anew, without its roles and publishers."""
    for _ in range(ATTEMPTS):
        # Whoever gives a role, or registers a publisher, changes the project: then what is given up is looked at again.
        seen = _project(name)
        if not seen.removed or (unasked and seen.status == QUARANTINED):
            # Somebody has taken it back meanwhile, or wants to look at it.
            return
        if not permissions.standing(name, seen).taken:
            # It is free already: the publishers that wait for it are those of others.
            return
        for publisher in _publishers(name):
            _withdraw(publisher, by)
        details.forget_all(name)
        if _freed(seen, by):
            return
    raise Unavailable(f"The project {name} is being changed all the while; try again in a moment.")


def _withdraw(publisher: Publisher, by: Origin) -> None:
    name = NormalizedName(publisher.project)
    keys = [
        Publisher.key(name, publisher.id),
        PublisherEntry.key(publisher.issuer, publisher.subject, name, publisher.id),
    ]

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, None]:
        there = [Delete(item=item) for item in items if item is not None]
        note = Note(action="publisher-withdraw", project=name, target=publisher.id, details={"why": "purge-project"})
        return there, note if there else None, None

    journal.amend(keys, decide, by)


def _freed(seen: Project, by: Origin) -> bool:
    name, before = NormalizedName(seen.name), roles_of(seen)

    def decide(project: Project | None, items: list[Item | None]) -> tuple[Revision | None, bool]:
        if project is None or project.revision != seen.revision:
            return None, False
        also = memberships(project)
        project.owners = project.maintainers = None
        _forget_time(project)
        project.status, project.status_reason = ACTIVE, ""
        note = Note(action="purge-project", project=name, target=name, details={"before": before})
        return Revision(project, note, also=also), True

    return revise(name, [Membership.key(account, name) for account in before], decide, by)


def _publishers(name: NormalizedName) -> Iterator[Publisher]:
    for item in list(store().query(project_partition(name), Publisher.PREFIX)):
        assert isinstance(item, Publisher)
        yield item


def restorable_until(removed: File | Project) -> datetime | None:
    """Until when a removal can be taken back; None if it has no end."""
    if removed.restorable_until is not None:
        return removed.restorable_until
    # What was removed before ends were kept; or even before times were: until somebody purges it.
    return None if removed.removed_at is None else removed.removed_at + timedelta(days=settings.RESTORE_DAYS)


def _is_over(removed: File | Project, now: datetime) -> bool:
    until = restorable_until(removed)
    return until is not None and now > until


def _note_time(removed: File | Project, by: Origin) -> None:
    # What was promised then holds, whatever the settings are of who asks later, or purges.
    removed.removed_at, removed.restorable_until = by.time, by.time + timedelta(days=settings.RESTORE_DAYS)


def _forget_time(removed: File | Project) -> None:
    removed.removed_at = removed.restorable_until = None
