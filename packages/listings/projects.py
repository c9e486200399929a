"""Lists of projects and of files: read from their items, and what changes them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from packaging.utils import NormalizedName

from packages.distributions import WHEEL, latest_version
from packages.listings.rows import FileRow, ProjectRow
from packages.listings.source import Entry, Groups, Source, many, named
from packages.models import FILE_PREFIX, HIDDEN, File, Project, project_partition
from packages.permissions import standing
from packages.store import Key, store

# They name a project, and change neither it nor a file of it.
_ABOUT_PEOPLE = {"token-mint", "publisher-register", "publisher-withdraw"}
# They change a project, and no file of it.
_ABOUT_PROJECTS = {"status", "role", "remove-project", "purge-project"}


class _Seen(NamedTuple):
    """What a project's row takes from one of its files: of all files at once, whole items would be many."""

    filename: str
    version: str
    packagetype: str
    size: int
    summary: str
    upload_time: datetime
    yanked: bool
    removal: str


def _every_project() -> dict[str, tuple[ProjectRow, ...]]:
    projects = list[Project]()
    files = defaultdict[str, list[_Seen]](list)
    for item in store().every(Project, File):
        if isinstance(item, Project):
            projects.append(item)
        else:
            file = cast("File", item)
            files[file.project].append(_seen(file))
    found = ((project.name, _project(project, files.pop(project.name, []))) for project in projects)
    return {name: group for name, group in found if group}


def _read_projects(names: Sequence[str]) -> Groups[ProjectRow]:
    found = dict[str, tuple[ProjectRow, ...]]()
    # Not the whole partitions: beside the rows lies what is larger than all of them.
    projects = {cast("Project", item).name: cast("Project", item) for item in many(_keys(names))}
    for name in names:
        project = projects.get(name)
        found[name] = () if project is None else _project(project, [_seen(file) for file in _rows_of(name)])
    return found


def _keys(names: Sequence[str]) -> list[Key]:
    return [Project.key(NormalizedName(name)) for name in names]


def _touched_projects(entry: Entry, groups: Groups[ProjectRow]) -> list[str]:
    return [] if entry.action in _ABOUT_PEOPLE else named(entry.project)


def _every_file() -> dict[str, tuple[FileRow, ...]]:
    rows = defaultdict[str, list[FileRow]](list)
    for item in store().every(File):
        row = _file(cast("File", item))
        rows[row.project].append(row)
    return {name: _by_filename(files) for name, files in rows.items()}


def _read_files(names: Sequence[str]) -> Groups[FileRow]:
    return {name: _by_filename(_file(file) for file in _rows_of(name)) for name in names}


def _touched_files(entry: Entry, groups: Groups[FileRow]) -> list[str]:
    return [] if entry.action in _ABOUT_PEOPLE | _ABOUT_PROJECTS else named(entry.project)


def _rows_of(name: str) -> Iterator[File]:
    for item in store().query(project_partition(NormalizedName(name)), FILE_PREFIX):
        yield cast("File", item)


def _seen(file: File) -> _Seen:
    return _Seen(
        filename=file.filename,
        version=file.version,
        packagetype=file.packagetype,
        size=int(file.size),
        summary=file.summary,
        upload_time=file.upload_time,
        yanked=file.yanked,
        removal=file.removal,
    )


def _project(project: Project, seen: Sequence[_Seen]) -> tuple[ProjectRow, ...]:
    """A project's row; none for a name that is anybody's again, and has nothing that could be restored."""
    hidden = [file for file in seen if file.removal == HIDDEN]
    if project.removed and not hidden and not standing(NormalizedName(project.name), project).taken:
        return ()
    files = hidden if project.removed else [file for file in seen if not file.removal]
    version = latest_version(files)
    # As on the project's page, a wheel speaks for its release before an sdist does.
    speakers = sorted(
        (file for file in files if file.version == version), key=lambda file: (file.packagetype != WHEEL, file.filename)
    )
    newest = max(files, key=lambda file: (file.upload_time, file.filename), default=None)
    row = ProjectRow(
        name=project.name,
        display_name=project.display_name or project.name,
        summary=next((file.summary for file in speakers if file.summary), ""),
        version=version,
        latest=None if newest is None else newest.version,
        changed=None if newest is None else newest.upload_time,
        created=min((file.upload_time for file in files), default=None),
        files=len(files),
        releases=len({file.version for file in files}),
        size=sum(file.size for file in files),
        status=project.status,
        owners=tuple(sorted(project.owners or ())),
        removed=project.removed,
        serial=int(project.serial),
    )
    return (row,)


def _file(file: File) -> FileRow:
    return FileRow(
        project=file.project,
        filename=file.filename,
        version=file.version,
        packagetype=file.packagetype,
        size=int(file.size),
        sha256=file.sha256,
        upload_time=file.upload_time,
        uploader=file.uploader,
        yanked=file.yanked,
        yanked_reason=file.yanked_reason,
        removal=file.removal,
        removed_at=file.removed_at,
        requires_python=file.requires_python,
    )


def _by_filename(rows: Iterable[FileRow]) -> tuple[FileRow, ...]:
    return tuple(sorted(rows, key=lambda row: row.filename))


PROJECTS = Source(
    kind="projects",
    record=ProjectRow,
    key=lambda row: row.name,
    every=_every_project,
    read=_read_projects,
    touched=_touched_projects,
)
FILES = Source(
    kind="files",
    record=FileRow,
    key=lambda row: row.project,
    every=_every_file,
    read=_read_files,
    touched=_touched_files,
)
