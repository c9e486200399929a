"""The item store in one DynamoDB table, by PynamoDB."""

import random
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition as Expression
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from packages.errors import Unavailable
from packages.models import Item
from packages.store import Change, Condition, ConditionFailed, Delete, Key, Put, Update

# DynamoDB refuses a transaction that meets another one on an item; it is made again after a pause.
ATTEMPTS = 12
LONGEST_PAUSE = 0.5

_CONDITION_FAILED = "ConditionalCheckFailed"
_MAKE_AGAIN = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class DynamoDBStore:
    """Consistent reads, conditional writes; PynamoDB retries what throttling and lost connections spoil."""

    def __init__(self) -> None:
        # Made on the base class first, the connection is shared by every kind of item.
        self._connection = Item._get_connection().connection

    def get(self, key: Key) -> Item | None:
        """Read one item."""
        with _translated():
            try:
                return Item.get(*key, consistent_read=True)
            except Item.DoesNotExist:
                return None

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read several items in one call."""
        with _translated():
            found = {(item.pk, item.sk): item for item in Item.batch_get(list(keys), consistent_read=True)}
        return [found.get(key) for key in keys]

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Read a partition in the order of its sort keys, page after page."""
        with _translated():
            yield from Item.query(pk, Item.sk.startswith(prefix) if prefix else None, consistent_read=True)

    def write(self, change: Change) -> Item | None:
        """Make one change."""
        with _translated():
            if isinstance(change, Update):
                return _update(change)
            condition = _expression(change)
            if isinstance(change, Delete):
                change.item.delete(condition=condition)
                return None
            change.item.revision = secrets.token_hex(8)
            change.item.save(condition=condition)
            return change.item

    def transact(self, changes: Sequence[Change]) -> None:
        """Make several changes, all or none."""
        changes = _in_reported_order(changes)
        with _translated():
            for attempt in range(ATTEMPTS):
                try:
                    _commit(changes, self._connection)
                    return
                except TransactWriteError as error:
                    reasons = _reasons(error)
                    if not any(reasons) or not set(filter(None, reasons)) <= {_CONDITION_FAILED, *_MAKE_AGAIN}:
                        raise
                    if _CONDITION_FAILED in reasons:
                        changes = _without_spent_raises(changes, reasons)
                        if not changes:
                            return
                    else:
                        time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.02 * 2**attempt)))
        raise Unavailable("The index is being changed by many at once; try again in a moment.")


def provision() -> Iterator[str]:
    """Make the table with its safeguards; gives a line about each step. Raises Unavailable."""
    name = Item.Meta.table_name
    with _translated():
        if Item.exists():
            yield f"table {name}: exists"
        else:
            Item.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
            yield f"table {name}: created, billed on demand"
        client = Item._get_connection().connection.client
        if not client.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled"):
            client.update_table(TableName=name, DeletionProtectionEnabled=True)
            client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        yield f"table {name}: protected from deletion"
        client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        yield f"table {name}: can be restored to any second of the last 35 days"


def _update(change: Update) -> Item | None:
    item = change.model(*change.key)
    try:
        item.update(_actions(change), condition=_expression(change))
    except PynamoDBException as error:
        if not change.raise_to or error.cause_response_code != "ConditionalCheckFailedException":
            raise
        # The number is that high already; what else was asked for is still to be done.
        item.update(_actions(_without_raise(change)))
    return item


def _commit(changes: Sequence[Change], connection: Connection) -> None:
    with TransactWrite(connection=connection) as transaction:
        for change in changes:
            condition = _expression(change)
            match change:
                case Put():
                    change.item.revision = secrets.token_hex(8)
                    transaction.save(change.item, condition=condition)
                case Delete():
                    transaction.delete(change.item, condition=condition)
                case Update():
                    transaction.update(change.model(*change.key), _actions(change), condition=condition)


def _expression(change: Change) -> Expression | None:
    match change:
        case Update() if change.raise_to:
            expression = None
            for name, number in change.raise_to.items():
                attribute = getattr(change.model, name)
                expression &= attribute.does_not_exist() | (attribute < number)
            return expression
        case Put(item=item, condition=Condition.UNCHANGED) | Delete(item=item, condition=Condition.UNCHANGED):
            return Item.revision == item.revision
    match change.condition:
        case Condition.ABSENT:
            return Item.pk.does_not_exist()
        case Condition.PRESENT:
            return Item.pk.exists()
    return None


def _actions(change: Update) -> list[Action]:
    # An update may make the item, so it says of which kind it is.
    actions: list[Action] = [Item.kind.set(change.model), Item.revision.set(secrets.token_hex(8))]
    for name, value in {**change.assign, **change.raise_to}.items():
        attribute = getattr(change.model, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    for name, amount in change.add.items():
        actions.append(getattr(change.model, name).add(amount))
    return actions


def _without_raise(change: Update) -> Update:
    return replace(change, raise_to={})


def _in_reported_order(changes: Sequence[Change]) -> list[Change]:
    # PynamoDB sends a transaction's changes by their kind, and DynamoDB gives its reasons in that order.
    order = (Delete, Put, Update)
    return sorted(changes, key=lambda change: order.index(type(change)))


def _reasons(error: TransactWriteError) -> list[str]:
    return [reason.code if reason else "" for reason in error.cancellation_reasons]


def _without_spent_raises(changes: Sequence[Change], reasons: Sequence[str]) -> list[Change]:
    """The transaction without the numbers that are high enough already; raises ConditionFailed for any other reason."""
    left: list[Change] = []
    for change, reason in zip(changes, reasons, strict=True):
        if reason != _CONDITION_FAILED:
            left.append(change)
        elif isinstance(change, Update) and change.raise_to:
            if change.assign or change.add:
                left.append(_without_raise(change))
        else:
            raise ConditionFailed(f"{change} does not hold")
    return left


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        code = getattr(error, "cause_response_code", None)
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed(str(error)) from error
        raise Unavailable(
            f"The index's table cannot be used right now ({code or type(error).__name__}); try again in a moment."
        ) from error
