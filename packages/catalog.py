"""Questions to the index: which projects, which files of a project, one file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from packaging.utils import NormalizedName
from packaging.version import Version

from packages.distributions import DistributionFile, possible_projects, slot_of
from packages.errors import NotFound
from packages.models import (
    FILE_PREFIX,
    PROJECTS,
    SERIAL,
    Counter,
    File,
    Project,
    ProjectEntry,
    SignedUrl,
    project_partition,
)
from packages.simple_api import OFFERS_FILES
from packages.store import store

# What one read of the store can bring.
MOST_AT_ONCE = 100


@dataclass(frozen=True, kw_only=True)
class ProjectList:
    """Every project: ``entries`` gives names and serials in the order of names; ``serial`` is the last change's."""

    serial: int

    def entries(self) -> Iterator[tuple[NormalizedName, int]]:
        """Read the list, page by page, to its end."""
        for entry in store().query(ProjectEntry.PARTITION):
            assert isinstance(entry, ProjectEntry)
            yield NormalizedName(entry.name), int(entry.serial)


def project_list() -> ProjectList:
    """The list of projects, as yet unread."""
    counter = store().get(Counter.key(PROJECTS))
    if counter is None:
        # Nothing was changed since there has been this counter.
        counter = store().get(Counter.key(SERIAL))
    return ProjectList(serial=int(counter.value) if isinstance(counter, Counter) else 0)


def find_project(name: NormalizedName, *, removed_too: bool = False) -> Project:
    """One project. Raises NotFound."""
    project = cast("Project | None", store().get(Project.key(name)))
    if project is None or (project.removed and not removed_too):
        raise NotFound(f"There is no project {name} in this index.")
    return project


def find_projects(names: Sequence[NormalizedName]) -> dict[NormalizedName, Project]:
    """Several projects, a hundred in a read, removed ones too; without those that are not there."""
    found: dict[NormalizedName, Project] = {}
    for start in range(0, len(names), MOST_AT_ONCE):
        for project in store().get_many([Project.key(name) for name in names[start : start + MOST_AT_ONCE]]):
            if isinstance(project, Project):
                found[NormalizedName(project.name)] = project
    return found


def files_of(project: Project) -> list[DistributionFile]:
    """A project's published files, in the order of their releases; none while it is quarantined (PEP 792)."""
    if project.status not in OFFERS_FILES:
        return []
    return in_release_order(file.distribution() for file in published_rows(NormalizedName(project.name)))


def rows_of(name: NormalizedName) -> Iterator[File]:
    """The rows of a project's files, removed ones included."""
    for row in store().query(project_partition(name), FILE_PREFIX):
        assert isinstance(row, File)
        yield row


def published_rows(name: NormalizedName) -> Iterator[File]:
    """The rows of a project's published files."""
    return (row for row in rows_of(name) if not row.removal)


def in_release_order(files: Iterator[DistributionFile]) -> list[DistributionFile]:
    """Oldest release first; within a release by filename."""
    return sorted(files, key=lambda file: (Version(file.version), file.filename))


def find_file(name: NormalizedName, filename: str) -> tuple[DistributionFile, SignedUrl | None]:
    """One published file, by its filename however it is spelled, and the address kept for its downloads.

    Raises NotFound, for the files of a quarantined project too.
    """
    slot = slot_of(filename, name)
    if slot is not None:
        keys = [Project.key(name), File.key(name, slot), SignedUrl.key(name, slot)]
        project, row, address = store().get_many(keys)
        if isinstance(project, Project) and not project.removed and isinstance(row, File) and not row.removal:
            if project.status not in OFFERS_FILES:
                raise NotFound(f"The project {name} is quarantined: none of its files can be downloaded.")
            return row.distribution(), cast("SignedUrl | None", address)
    raise NotFound(f"There is no file {filename!a} in the project {name}.")


def project_of_file(filename: str) -> NormalizedName:
    """Which project a filename without its project belongs to. Raises NotFound."""
    candidates: Sequence[NormalizedName] = possible_projects(filename)
    keys = [File.key(name, cast("str", slot_of(filename, name))) for name in candidates]
    rows = store().get_many(keys) if keys else []
    for name, row in zip(candidates, rows, strict=True):
        if row is not None and not cast("File", row).removal:
            return name
    raise NotFound(f"There is no file {filename!a} in this index.")
