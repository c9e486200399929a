"""The item store's port: the few operations the product needs, over two engines.

Every read is consistent: who reads after a write was answered sees that write, on every machine.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from django.conf import settings

from packages.models import Item

Key = tuple[str, str]


class Condition(Enum):
    """What must be true of the stored item for a change to happen."""

    ABSENT = "absent"
    PRESENT = "present"
    # The stored item is the one that was read into the item at hand.
    UNCHANGED = "unchanged"


class ConditionFailed(Exception):
    """The condition of a change did not hold; nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Put:
    """Store a whole item, in place of the one at its key."""

    item: Item
    condition: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Update:
    """Change named attributes of the item at a key, making the item if it is absent.

    ``assign`` sets values, ``add`` adds to numbers (absent counts as 0), ``raise_to`` sets a
    number unless it is that high already. The condition may be PRESENT or None; with
    ``raise_to`` only None, for DynamoDB has room for one reason to refuse.
    """

    model: type[Item]
    key: Key
    assign: Mapping[str, Any] = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    raise_to: Mapping[str, int] = field(default_factory=dict)
    condition: Condition | None = None

    def __post_init__(self) -> None:
        allowed = {None} if self.raise_to else {None, Condition.PRESENT}
        if self.condition not in allowed:
            raise ValueError(f"an update cannot be conditional on {self.condition}")


@dataclass(frozen=True, kw_only=True)
class Delete:
    """Delete the item at a key; ``item`` is what UNCHANGED compares with."""

    item: Item
    condition: Condition | None = None


Change = Put | Update | Delete


class Store(Protocol):
    """What an engine does. Every method raises Unavailable when the engine does not answer."""

    def get(self, key: Key) -> Item | None:
        """Read one item."""

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read up to 100 items in one call, in the order of the keys."""

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Read a partition's items whose sort key begins with the prefix, in its order, to the end."""

    def write(self, change: Change) -> Item | None:
        """Make one change; an update gives the item as it then is. Raises ConditionFailed."""

    def transact(self, changes: Sequence[Change]) -> None:
        """Make several changes to different items, all or none. Raises ConditionFailed."""


@functools.cache
def store() -> Store:
    """The engine that the settings choose: DynamoDB when a table is named, else a file in DATA_DIR."""
    if settings.TABLE:
        from packages.store.dynamodb import DynamoDBStore

        return DynamoDBStore()
    from packages.store.sqlite import SQLiteStore

    return SQLiteStore(settings.DATA_DIR / "index.sqlite3")
