"""One change of one project, numbered and made visible in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from packaging.utils import NormalizedName

from packages.models import SERIAL, Counter, File, Item, Project, ProjectEntry
from packages.simple_api import OFFERS_FILES
from packages.store import LARGEST_AMENDMENT, Change, Delete, Key, Put, store

T = TypeVar("T")

# How many rows one revision may change, beside the counter, the project and its entry.
MOST_ROWS = LARGEST_AMENDMENT - 3


@dataclass(frozen=True)
class Revision:
    """The project and those of its rows that are to be stored."""

    project: Project
    rows: Sequence[File] = ()


def revise(
    name: NormalizedName,
    keys: Sequence[Key],
    decide: Callable[[Project | None, list[File | None]], tuple[Revision | None, T]],
) -> T:
    """Change a project and rows of it, as ``decide`` says of them as they are now; gives its result.

    ``decide`` is given the project and the rows at the keys, and may be called several times.
    None in place of a revision changes nothing. Raises what it raises, or Unavailable.
    """
    entry_key = ProjectEntry.key(name)

    def numbered(items: list[Item | None]) -> tuple[Sequence[Change], T]:
        counter = cast("Counter | None", items[0]) or Counter(*Counter.key(SERIAL))
        revision, result = decide(cast("Project | None", items[1]), cast("list[File | None]", items[3:]))
        if revision is None:
            return [], result
        counter.value = number = int(counter.value) + 1
        project = revision.project
        project.serial = number
        listed = not project.removed and project.status in OFFERS_FILES
        entry = ProjectEntry(*entry_key, name=name, serial=number)
        changes: list[Change] = [Put(item=counter), Put(item=project)]
        changes.append(Put(item=entry) if listed else Delete(item=entry))
        changes.extend(Put(item=row) for row in revision.rows)
        return changes, result

    return store().amend([Counter.key(SERIAL), Project.key(name), entry_key, *keys], numbered)
