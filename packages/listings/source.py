"""What a list is made of: how it is read, and what of it an entry of the journal touches."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from packages.models import Item
from packages.store import Key, store

R = TypeVar("R")

# Records by what is read at once: a project, an account, a token.
Groups = Mapping[str, tuple[R, ...]]

# A project's name, an account's, a token's id: none is longer. An action that is not known here may
# have any text as its target.
LONGEST_KEY = 255
READ_AT_ONCE = 100

# Actions that change files or a project, and no account, token or publisher.
ABOUT_FILES = frozenset(
    {"yank", "unyank", "remove", "remove-project", "restore", "purge", "forget", "status", "drop-refused"}
)


@dataclass(frozen=True)
class Entry:
    """An entry of the journal, as far as lists are concerned."""

    action: str
    project: str
    target: str
    details: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Source(Generic[R]):
    """A list of records of one kind, in groups.

    ``every`` reads everything; ``read`` reads some groups anew, and gives an empty one for what is
    gone; ``touched`` names the groups that an entry may have changed. An action that a list does
    not know touches whatever the entry names: to read in vain costs little. ``over`` tells which
    records are of no use any more by themselves. ``basis`` is what else the records depend on: when it
    is another one, they are all read anew.
    """

    kind: str
    record: type[R]
    key: Callable[[R], str]
    every: Callable[[], dict[str, tuple[R, ...]]]
    read: Callable[[Sequence[str]], Groups[R]]
    touched: Callable[[Entry, Groups[R]], Iterable[str]]
    over: Callable[[R, datetime], bool] | None = None
    basis: Callable[[], str] = str


@dataclass(frozen=True)
class Snapshot(Generic[R]):
    """The records as they were at a serial of the journal, or later; made from ``basis``."""

    serial: int
    basis: str
    groups: dict[str, tuple[R, ...]]

    def records(self) -> tuple[R, ...]:
        """All of them, in the order of the groups' names."""
        return tuple(record for key in sorted(self.groups) for record in self.groups[key])


def named(text: str) -> list[str]:
    """What an entry names, if it can be the name of anything."""
    return [text] if 0 < len(text) <= LONGEST_KEY else []


def many(keys: Iterable[Key]) -> Iterator[Item]:
    """Those of the items that are there."""
    wanted = list(keys)
    for start in range(0, len(wanted), READ_AT_ONCE):
        for item in store().get_many(wanted[start : start + READ_AT_ONCE]):
            if item is not None:
                yield item
