"""What was deleted together is restored together: it is known by the moment at which it was deleted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.conf import settings

from packages.views.web.manage.ends import end_of
from packages.views.web.manage.lists import Table

R = TypeVar("R")

# In a list's address: when was deleted what it offers to restore.
DELETED = "deleted"


@dataclass(frozen=True, kw_only=True)
class Undo(Generic[R]):
    """Which rows were deleted at a moment, and are deleted still; by the changes of these names."""

    of: Callable[[datetime], Sequence[R]]
    takes_back: str = "delete"
    by: str = "restore"

    def is_for(self, change: str) -> bool:
        """Whether a change can be taken back."""
        return change == self.takes_back and settings.RESTORE_DAYS > 0

    def rows(self, moment: str, now: datetime) -> tuple[Sequence[R], datetime | None]:
        """What was deleted at a moment, as an address or a form names it, and until when it can be restored."""
        try:
            deleted_at = datetime.fromisoformat(moment)
        except ValueError:
            return [], None
        rows = self.of(deleted_at)
        end = end_of(deleted_at, now) if rows else None
        return ([], None) if end is None or end.over else (rows, end.until)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An undo as a page offers it."""

    moment: str
    what: str
    until: datetime | None


def offer(undo: Undo[R] | None, table: Table[R], moment: str, now: datetime) -> Offer | None:
    """The undo of what was deleted at a moment; None if nothing is left to restore."""
    rows, until = undo.rows(moment, now) if undo and moment else ([], None)
    return Offer(moment=moment, what=table.named(rows), until=until) if rows else None
