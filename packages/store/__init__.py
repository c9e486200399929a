"""The item store's port: the few operations the product needs, over two engines.

Every read is consistent: who reads after a write was answered sees that write, on every machine.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

from django.conf import settings

from packages.models import Item

T = TypeVar("T")
Key = tuple[str, str]

# What one amendment may read and change: DynamoDB's limit on a transaction.
LARGEST_AMENDMENT = 100


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
class Delete:
    """Delete the item at a key; ``item`` is what UNCHANGED compares with."""

    item: Item
    condition: Condition | None = None


Change = Put | Delete
Decide = Callable[[list[Item | None]], tuple[Sequence[Change], T]]


class Store(Protocol):
    """What an engine does. Every method raises Unavailable when the engine does not answer."""

    def get(self, key: Key) -> Item | None:
        """Read one item."""

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read up to 100 items in one call, in the order of the keys."""

    def revisions(self, keys: Sequence[Key]) -> list[str | None]:
        """Read the revisions alone of up to 100 items, in one call; None for one that is not there."""

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Read a partition's items whose sort key begins with the prefix, in its order, to the end."""

    def every(self, *kinds: type[Item]) -> Iterator[Item]:
        """Read all items of one kind or of several, in no order, some at a time.

        It reads everything that there is. What is written meanwhile may be among them, or not.
        """

    def write(self, change: Change) -> None:
        """Make one change. Raises ConditionFailed."""

    def amend(self, keys: Sequence[Key], decide: Decide[T]) -> T:
        """Read items, let ``decide`` say how to change them, and make the changes: all at once, or none.

        They are made only if none of the items that change has changed since it was read; otherwise it is
        all begun again, so ``decide`` may be called several times and must do nothing but
        decide. It is given the items in the order of the keys, and gives changes of some of them,
        and items that are new (on the condition ABSENT), with a result to hand on; without changes
        nothing is written. What it raises, rises.
        """

    def forget_expired(self, now: float) -> int:
        """Delete the tokens, counts and the like that expired before ``now`` (Unix seconds); gives how many.

        Nothing relies on it: whoever reads such an item looks at the time. DynamoDB does it by itself.
        """


@functools.cache
def store() -> Store:
    """The engine that the settings choose: DynamoDB when a table is named, else a file in DATA_DIR."""
    if settings.TABLE:
        from packages.store.dynamodb import DynamoDBStore

        return DynamoDBStore()
    from packages.store.sqlite import SQLiteStore

    return SQLiteStore(settings.DATA_DIR / "index.sqlite3")
