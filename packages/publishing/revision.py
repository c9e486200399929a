"""One change of one project, numbered, noted in the journal, and made visible in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from packaging.utils import NormalizedName

from packages import journal
from packages.journal import Note, Origin
from packages.models import PROJECTS, Counter, File, Item, Project, ProjectEntry
from packages.simple_api import OFFERS_FILES
from packages.store import LARGEST_AMENDMENT, Change, Delete, Key, Put

T = TypeVar("T")

# How many rows one revision may change, beside two counters, the journal's entry, the project, its
# entries in the lists of projects and of removals, a membership and a publisher.
MOST_ROWS = LARGEST_AMENDMENT - 8


@dataclass(frozen=True)
class Revision:
    """The project and those of its rows that are to be stored, what else changes with them, and what to note."""

    project: Project
    note: Note
    rows: Sequence[File] = ()
    also: Sequence[Change] = ()


def revise(
    name: NormalizedName,
    keys: Sequence[Key],
    decide: Callable[[Project | None, list[Item | None]], tuple[Revision | None, T]],
    by: Origin,
) -> T:
    """Change a project and items about it, as ``decide`` says of them as they are now; gives its result.

    ``decide`` is given the project and the items at the keys, and may be called several times.
    None in place of a revision changes nothing. Raises what it raises, or Unavailable.
    """
    entry_key = ProjectEntry.key(name)

    def numbered(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, T]:
        counter = cast("Counter | None", items[0]) or Counter(*Counter.key(PROJECTS))
        revision, result = decide(cast("Project | None", items[1]), items[3:])
        if revision is None:
            return [], None, result
        project = revision.project
        counter.value = project.serial = serial
        listed = not project.removed and project.status in OFFERS_FILES
        entry = ProjectEntry(*entry_key, name=name, serial=serial)
        changes: list[Change] = [Put(item=counter), Put(item=project)]
        changes.append(Put(item=entry) if listed else Delete(item=entry))
        changes.extend(Put(item=row) for row in revision.rows)
        return [*changes, *revision.also], revision.note, result

    return journal.amend([Counter.key(PROJECTS), Project.key(name), entry_key, *keys], numbered, by)
