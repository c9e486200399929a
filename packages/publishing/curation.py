"""Change what is published: yank, set a project's status."""

import logging
from collections.abc import Callable, Collection, Iterator

from packaging.utils import NormalizedName
from packaging.version import Version

from packages import permissions
from packages.access import Action
from packages.catalog import find_project, published_rows
from packages.distributions import slot_of, version_or_none
from packages.errors import InvalidRequest, NotFound
from packages.journal import Note, Origin
from packages.models import File, Item, Project
from packages.publishing.revision import MOST_ROWS, Revision, revise
from packages.simple_api import QUARANTINED, STATUSES
from packages.store import Put

logger = logging.getLogger(__name__)

# One file, several of them, or (None) all.
Filenames = str | Collection[str] | None

# Of a yank or a status, in characters.
LONGEST_REASON = 1000


def yank(
    project: NormalizedName, version: str | None, *, by: Origin, reason: str = "", filename: Filenames = None
) -> list[str]:
    """Mark a release, or files of it, as yanked (PEP 592); gives the filenames. Raises NotFound or NotAllowed."""
    reason = one_line(reason)

    def mark(row: File) -> None:
        row.yanked, row.yanked_reason = True, reason

    permissions.check_beforehand(by.actor, Action.CURATE, project)
    rows = matching(project, version, filename, among=published_rows)
    change_rows(project, rows, mark, Note(action="yank", details={"reason": reason} if reason else {}), by)
    return [row.filename for row in rows]


def unyank(project: NormalizedName, version: str | None, *, by: Origin, filename: Filenames = None) -> list[str]:
    """Take a yank back; gives the filenames. Raises NotFound or NotAllowed."""

    def unmark(row: File) -> None:
        row.yanked, row.yanked_reason = False, ""

    permissions.check_beforehand(by.actor, Action.CURATE, project)
    rows = matching(project, version, filename, among=published_rows)
    change_rows(project, rows, unmark, Note(action="unyank"), by)
    return [row.filename for row in rows]


def set_status(name: NormalizedName, status: str, *, by: Origin, reason: str = "") -> None:
    """Set a project's status (PEP 792): active, archived, quarantined or deprecated. Raises NotFound or NotAllowed."""
    if status not in STATUSES:
        raise InvalidRequest(f"{status!a} is not a status: use {', '.join(STATUSES)}.")
    reason = one_line(reason)
    permissions.check_beforehand(by.actor, Action.SET_STATUS, name)

    def decide(project: Project | None, items: list[Item | None]) -> tuple[Revision | None, None]:
        quarantine = project is not None and QUARANTINED in {status, project.status}
        # What is removed can be quarantined, too: removing it is no way around.
        there = permissions.standing(name, project).taken if quarantine else project is not None and not project.removed
        if project is None or not there:
            raise NotFound(f"There is no project {name} in this index.")
        before = {"status": project.status, "reason": project.status_reason}
        after = {"status": status, "reason": reason}
        permissions.check(by.actor, Action.QUARANTINE if quarantine else Action.SET_STATUS, name, project)
        if before == after:
            return None, None
        project.status, project.status_reason = status, reason
        note = Note(action="status", project=name, target=name, details={"before": before, "after": after})
        return Revision(project, note), None

    revise(name, [], decide, by)
    logger.info("%s is %s", name, status)


def matching(
    project: NormalizedName,
    version: str | None,
    filename: Filenames,
    *,
    among: Callable[[NormalizedName], Iterator[File]],
) -> list[File]:
    """The rows of a release, of files of it, or of files whatever their releases. Raises NotFound if one is not there.

    No filenames are no files: only None stands for all.
    """
    if among is published_rows:
        find_project(project)
    wanted = None if version is None else version_or_none(version)
    if version is not None and wanted is None:
        raise NotFound(f"{version[:100]!a} is not a version (PEP 440).")
    rows = [row for row in among(project) if wanted is None or Version(row.version) == wanted]
    if not rows and wanted is not None:
        raise NotFound(f"There is no release {wanted} of the project {project}.")
    if filename is not None:
        there, found = {(row.pk, row.sk): row for row in rows}, {}
        where = f"release {wanted} of the project {project}" if wanted else f"the project {project}"
        for one in [filename] if isinstance(filename, str) else filename:
            key = File.key(project, slot_of(one, project) or "")
            if key not in there:
                raise NotFound(f"There is no file {one[:200]!a} in {where}.")
            found[key] = there[key]
        rows = list(found.values())
    return rows


def change_rows(
    name: NormalizedName,
    rows: list[File],
    change: Callable[[File], None],
    note: Note,
    by: Origin,
    *,
    action_on: Callable[[Project], Action | None] = lambda project: Action.CURATE,
    touch: Callable[[Project], None] = lambda project: None,
    along: Item | None = None,
) -> list[str]:
    """Change rows as they are now; of very many, some at a time. Gives the filenames of those that changed.

    ``action_on`` says what changing them is, as the project is now; None leaves them alone. With them ``touch``
    changes the project, and the item ``along`` is stored. Raises NotAllowed.
    """
    done: list[str] = []
    keys_along = [] if along is None else [(along.pk, along.sk)]

    def decide(project: Project | None, items: list[Item | None]) -> tuple[Revision | None, list[str]]:
        action = None if project is None else action_on(project)
        if project is None or action is None:
            return None, []
        permissions.check(by.actor, action, name, project)
        there = [row for row in items if isinstance(row, File)]
        before = [row.serialize() for row in there]
        for row in there:
            change(row)
        changed = [row for row, was in zip(there, before, strict=True) if row.serialize() != was]
        if not changed:
            return None, []
        touch(project)
        versions = sorted({row.version for row in changed}, key=Version)
        filenames = [row.filename for row in changed]
        target = filenames[0] if len(changed) == 1 else f"{name} {', '.join(versions[:5])}"
        details = {**note.details, "files": filenames, "versions": versions}
        new = Note(action=note.action, project=name, target=target, details=details)
        return Revision(project, new, changed, also=[Put(item=along)] if along else []), filenames

    for start in range(0, len(rows), MOST_ROWS):
        keys = [(row.pk, row.sk) for row in rows[start : start + MOST_ROWS]]
        done += revise(name, keys + keys_along, decide, by)
    logger.info("%s: %s of %s", note.action, ", ".join(done) or "no file", name)
    return done


def one_line(text: str) -> str:
    """A reason as it is stored. Raises InvalidRequest."""
    line = " ".join(text.split())
    if len(line) > LONGEST_REASON:
        raise InvalidRequest(f"The reason is too long: {LONGEST_REASON} characters are the most.")
    return line
