"""A project's files as those who manage them see them: release by release, each in its state."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby

from django.conf import settings
from packaging.version import Version

from packages.models import HIDDEN, PURGED, File


class State(StrEnum):
    """What has become of a file. ``OVER``: it was deleted so long ago that nobody can restore it any more."""

    PUBLISHED = "published"
    YANKED = "yanked"
    DELETED = "deleted"
    OVER = "over"
    PURGED = "purged"


IS_PUBLISHED = frozenset({State.PUBLISHED, State.YANKED})


@dataclass(frozen=True, kw_only=True)
class Line:
    """A file, in the words of a page."""

    filename: str
    version: str
    size: int
    upload_time: datetime
    uploader: str
    yanked_reason: str
    state: State
    removed_at: datetime | None

    @property
    def published(self) -> bool:
        """Whether it is published, perhaps yanked."""
        return self.state in IS_PUBLISHED

    @property
    def restorable_until(self) -> datetime | None:
        """When a deletion is for good."""
        return restorable_until(self.removed_at)


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release with those of its files whose bytes are still there."""

    version: str
    lines: tuple[Line, ...]

    @property
    def published(self) -> int:
        """How many of its files are published, yanked ones included."""
        return sum(line.published for line in self.lines)

    @property
    def yanked(self) -> int:
        """How many of its files are yanked."""
        return sum(line.state is State.YANKED for line in self.lines)

    @property
    def deleted(self) -> int:
        """How many of its files are deleted."""
        return len(self.lines) - self.published

    @property
    def size(self) -> int:
        """How many bytes all its files have."""
        return sum(line.size for line in self.lines)

    @property
    def first_upload(self) -> datetime:
        """When its first file was published."""
        return min(line.upload_time for line in self.lines)


def lines_of(rows: Iterable[File], now: datetime) -> list[Line]:
    """The files of rows, newest release first; within a release by filename."""
    lines = [
        Line(
            filename=row.filename,
            version=row.version,
            size=int(row.size),
            upload_time=row.upload_time,
            uploader=row.uploader,
            yanked_reason=row.yanked_reason,
            state=_state(row, now),
            removed_at=row.removed_at,
        )
        for row in rows
    ]
    order = {version: Version(version) for version in {line.version for line in lines}}
    lines.sort(key=lambda line: line.filename)
    return sorted(lines, key=lambda line: order[line.version], reverse=True)


def releases_of(lines: Iterable[Line]) -> list[Release]:
    """The releases of files in their order, without what is purged."""
    kept = (line for line in lines if line.state is not State.PURGED)
    return [Release(version=version, lines=tuple(of)) for version, of in groupby(kept, lambda line: line.version)]


def counted(lines: Sequence[Line]) -> str:
    """Which files, or how many of how many releases: what a title, a button and a message say."""
    versions = {line.version for line in lines}
    if len(lines) == 1:
        return lines[0].filename
    return f"{len(lines)} files of {f'{len(versions)} releases' if len(versions) > 1 else f'release {min(versions)}'}"


def emptied(chosen: Sequence[Line], lines: Iterable[Line]) -> list[str]:
    """The releases of which no file would be left without the chosen ones."""
    going = {line.filename for line in chosen}
    left = {line.version for line in lines if line.state in IS_PUBLISHED and line.filename not in going}
    return list(dict.fromkeys(line.version for line in chosen if line.version not in left))


def restorable_until(removed_at: datetime | None) -> datetime | None:
    """Until when a deletion can be taken back; None if it has no end."""
    return None if removed_at is None else removed_at + timedelta(days=settings.RESTORE_DAYS)


def is_over(removed_at: datetime | None, now: datetime) -> bool:
    """Whether a deletion can no longer be taken back."""
    until = restorable_until(removed_at)
    return until is not None and until < now


def _state(row: File, now: datetime) -> State:
    if row.removal == PURGED:
        return State.PURGED
    if row.removal == HIDDEN:
        return State.OVER if is_over(row.removed_at, now) else State.DELETED
    return State.YANKED if row.yanked else State.PUBLISHED
