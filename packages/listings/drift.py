"""Whether storage holds what the rows say: what is missing, changed, or nobody's."""

import hashlib
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from packaging.utils import NormalizedName

from packages import storage
from packages.archives import LARGEST_METADATA
from packages.catalog import rows_of
from packages.errors import Unavailable
from packages.listings.rows import FileRow
from packages.models import PURGED, File
from packages.storage import PUBLISHED, Listed, Stored

# Objects are stored before the row that names them, and in between nobody tells them from what is nobody's. In seconds.
YOUNG = 24 * 60 * 60
# Of each kind of fault.
MOST_NAMED = 50
# Behind every key of a project's folder.
_LAST = "~"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is not as it should be: an object, the project and file that it is of, if any, and what is wrong."""

    key: str
    project: str = ""
    filename: str = ""
    says: str = ""


@dataclass
class Faults:
    """How many faults of a kind there are, and the first of them."""

    number: int = 0
    named: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """Count one more."""
        self.number += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(fault)


@dataclass
class Drift:
    """What a comparison has found; unless ``whole``, it can go on behind the key ``reached``."""

    objects: int = 0
    size: int = 0
    missing: Faults = field(default_factory=Faults)
    wrong: Faults = field(default_factory=Faults)
    orphans: Faults = field(default_factory=Faults)
    reached: str = ""
    whole: bool = False

    @property
    def faults(self) -> int:
        """How many there are, of all kinds."""
        return self.missing.number + self.wrong.number + self.orphans.number

    @property
    def place(self) -> str:
        """How far it came, as people say it: the folder or the object that it ended with."""
        return self.reached.removesuffix(_LAST)


def drift(rows: Sequence[FileRow], now: datetime, *, seconds: float, after: str = "") -> Drift:
    """Compare the list of files with what lies in storage, for so many seconds. Raises Unavailable.

    It goes through storage project by project. Of files it compares how long they are; their metadata, by
    which installers choose, it reads. The rows of a project are read when it is its turn: it may have changed
    since it was listed.
    """
    end, found = time.monotonic() + seconds, Drift(reached=after)
    known = {row.project for row in rows if row.removal != PURGED}
    expected = {project for project in known if _folder(project) + _LAST > after}
    for number, (project, objects) in enumerate(_in_turn(sorted(expected, key=_folder), after)):
        if number and time.monotonic() >= end:
            return found
        if not _compare(project, objects, now, end, found, known):
            return found
    found.whole = True
    return found


def _in_turn(names: Sequence[str], after: str) -> Iterator[tuple[str, list[Listed]]]:
    """Projects with their objects, in the order of storage: those that are expected, and those that it alone has."""
    place = 0
    for project, objects in groupby(storage.published_objects(after), _project_of):
        while place < len(names) and _folder(names[place]) < _folder(project):
            yield names[place], []
            place += 1
        yield project, list(objects)
        place += place < len(names) and names[place] == project
    yield from ((name, []) for name in names[place:])


def _compare(
    project: str, objects: Sequence[Listed], now: datetime, end: float, found: Drift, known: Collection[str]
) -> bool:
    """Compare a project; whether it came to its end in time. A file at least is compared."""
    rows = rows_of(NormalizedName(project)) if project else ()
    # Where it goes on within a project, the files before that were compared already.
    files = [row for row in rows if row.removal != PURGED and row.object_key > found.reached]
    there, wanted = {one.key: one for one in objects}, set[str]()
    reached = _folder(project) + _LAST if project else objects[-1].key
    done, compared = True, ""
    for file in sorted(files, key=lambda file: file.object_key):
        if compared and time.monotonic() >= end:
            done, reached = False, compared
            break
        compared = file.distribution().metadata_key
        wanted |= {file.object_key, compared}
        _compare_file(file, there, now, found)
    for one in objects:
        if one.key > reached:
            continue
        found.objects += 1
        found.size += one.size
        if one.key not in wanted and now.timestamp() - one.modified > YOUNG:
            found.orphans.add(Fault(key=one.key, project=project if project in known else ""))
    found.reached = reached
    return done


def _compare_file(file: File, there: dict[str, Listed], now: datetime, found: Drift) -> None:
    key, metadata_key = file.object_key, file.distribution().metadata_key
    stored = _stored(key, file, there, now)
    if stored is None:
        found.missing.add(_fault(key, file, "the file itself is not there"))
    elif stored.size != file.size:
        found.wrong.add(_fault(key, file, f"it has {stored.size} bytes, and should have {int(file.size)}"))
    metadata = _stored(metadata_key, file, there, now)
    if metadata is None:
        found.missing.add(_fault(metadata_key, file, "its metadata is not there"))
    elif _is_changed(metadata, file.metadata_sha256):
        found.wrong.add(_fault(metadata_key, file, "its metadata has another digest than the index says"))


def _stored(key: str, file: File, there: dict[str, Listed], now: datetime) -> Listed | Stored | None:
    stored = there.get(key)
    if stored is None and now.timestamp() - file.upload_time.timestamp() < YOUNG:
        # It may have been published since the objects were listed.
        return storage.find(key)
    return stored


def _is_changed(metadata: Listed | Stored, sha256: str) -> bool:
    if metadata.size > LARGEST_METADATA:
        return True
    try:
        return hashlib.sha256(storage.read(metadata.key)).hexdigest() != sha256
    except Unavailable:
        if storage.find(metadata.key) is not None:
            raise
        # Purged since it was listed.
        return False


def _fault(key: str, file: File, says: str) -> Fault:
    return Fault(key=key, project=file.project, filename=file.filename, says=says)


def _folder(project: str) -> str:
    return f"{PUBLISHED}{project}/"


def _project_of(one: Listed) -> str:
    """Of whom an object is; empty if it lies in no project's folder."""
    project, slash, _ = one.key.removeprefix(PUBLISHED).partition("/")
    return project if slash else ""
