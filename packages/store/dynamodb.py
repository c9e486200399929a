"""The item store in one DynamoDB table, by PynamoDB."""

import random
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition as Expression
from pynamodb.transactions import TransactWrite

from packages.aws import give_up_in_time, sentence
from packages.errors import Unavailable
from packages.models import Item
from packages.patience import is_over
from packages.store import Change, Condition, ConditionFailed, Decide, Delete, Key, T

# A change that meets another one is begun again after a pause; in seconds, about 10 in all.
ATTEMPTS = 40
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.5

_BEGIN_AGAIN = {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}


class DynamoDBStore:
    """Consistent reads, conditional writes; PynamoDB retries what throttling and lost connections spoil."""

    def __init__(self) -> None:
        # Made on the base class first, the connection is shared by every kind of item.
        self._connection = Item._get_connection().connection
        with _translated():
            give_up_in_time(self._connection.client.meta.events, "dynamodb")

    def get(self, key: Key) -> Item | None:
        """Read one item."""
        with _translated():
            try:
                return Item.get(*key, consistent_read=True)
            except Item.DoesNotExist:
                return None

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read several items in one call."""
        items = (Item.from_raw_data(data) for data in self._batch(keys))
        found = {(item.pk, item.sk): item for item in items}
        return [found.get(key) for key in keys]

    def revisions(self, keys: Sequence[Key]) -> list[str | None]:
        """Read revisions in one call."""
        rows = self._batch(keys, attributes=["pk", "sk", "revision"])
        found = {(row["pk"]["S"], row["sk"]["S"]): str(row["revision"]["S"]) for row in rows}
        return [found.get(key) for key in keys]

    def _batch(self, keys: Sequence[Key], attributes: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
        """Read raw items, or some attributes of them, in any order."""
        wanted = [{"pk": pk, "sk": sk} for pk, sk in keys]
        # A busy table may leave some out; PynamoDB would ask for them at once and without end.
        for pause in _pauses():
            with _translated():
                answer = Item._get_connection().batch_get_item(
                    cast("Sequence[str]", wanted), consistent_read=True, attributes_to_get=attributes
                )
            yield from answer["Responses"].get(Item.Meta.table_name, [])
            left = answer.get("UnprocessedKeys", {}).get(Item.Meta.table_name, {}).get("Keys", [])
            if not left:
                return
            wanted = [{name: value["S"] for name, value in key.items()} for key in left]
            time.sleep(pause)
        raise _too_busy()

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Read a partition in the order of its sort keys, page after page."""
        with _translated():
            yield from Item.query(pk, Item.sk.startswith(prefix) if prefix else None, consistent_read=True)

    def every(self, *kinds: type[Item]) -> Iterator[Item]:
        """Read the whole table, page after page; only the items of these kinds travel."""
        with _translated():
            yield from Item.scan(Item.kind.is_in(*kinds), consistent_read=True)

    def write(self, change: Change) -> None:
        """Make one change."""
        condition = _expression(change)
        for pause in _pauses():
            with _translated():
                try:
                    if isinstance(change, Delete):
                        change.item.delete(condition=condition)
                    else:
                        change.item.revision = secrets.token_hex(8)
                        change.item.save(condition=condition)
                    return
                except PynamoDBException as error:
                    # A transaction is just changing this item.
                    if error.cause_response_code != "TransactionConflictException":
                        raise
            time.sleep(pause)
        raise _too_busy()

    def amend(self, keys: Sequence[Key], decide: Decide[T]) -> T:
        """Read, decide, and change on condition that nothing has changed since; begun again if something has."""
        for pause in _pauses():
            items = self.get_many(keys)
            changes, result = decide(items)
            if not changes:
                return result
            as_read = dict(zip(keys, items, strict=True))
            with _translated():
                try:
                    self._commit([_if_unchanged(change, as_read) for change in changes])
                    return result
                except TransactWriteError as error:
                    reasons = {reason.code for reason in error.cancellation_reasons if reason}
                    if not reasons or not reasons <= _BEGIN_AGAIN:
                        raise
            time.sleep(pause)
        raise _too_busy()

    def forget_expired(self, now: float) -> int:
        """Leave it to the table, which deletes what has expired (``provision`` has told it how to know)."""
        return 0

    def _commit(self, changes: Sequence[Change]) -> None:
        with TransactWrite(connection=self._connection) as transaction:
            for change in changes:
                condition = _expression(change)
                if isinstance(change, Delete):
                    transaction.delete(change.item, condition=condition)
                else:
                    change.item.revision = secrets.token_hex(8)
                    transaction.save(change.item, condition=condition)


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
        _let_expire(client, name)
        yield f"table {name}: forgets what has expired"
        _keep_backups(client, name)
        yield f"table {name}: can be restored to any second of the last 35 days"


def _let_expire(client: Any, name: str) -> None:
    known = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if known["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
        enabled = {"Enabled": True, "AttributeName": "expires_at"}
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=enabled)


def _keep_backups(client: Any, name: str) -> None:
    # A table that has just been made takes a while before it can be backed up.
    for pause in _pauses():
        try:
            client.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
            )
            return
        except client.exceptions.ContinuousBackupsUnavailableException:
            time.sleep(pause + 1)
    raise Unavailable(f"The table {name} cannot be backed up yet; run provision again in a minute.")


def _if_unchanged(change: Change, as_read: Mapping[Key, Item | None]) -> Change:
    key = (change.item.pk, change.item.sk)
    if key not in as_read:
        if change.condition is Condition.ABSENT:
            return change
        raise ValueError("an amendment changes only what it has read, or adds what is new")
    item = as_read[key]
    if item is None:
        return replace(change, condition=Condition.ABSENT)
    change.item.revision = item.revision
    return replace(change, condition=Condition.UNCHANGED)


def _expression(change: Change) -> Expression | None:
    match change.condition:
        case Condition.ABSENT:
            return Item.pk.does_not_exist()
        case Condition.PRESENT:
            return Item.pk.exists()
        case Condition.UNCHANGED:
            return Item.revision == change.item.revision
    return None


def _pauses() -> Iterator[float]:
    """How long to wait after each try, in seconds: longer and longer, and never in step with others."""
    for attempt in range(ATTEMPTS):
        yield random.uniform(0, min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**attempt))
        if is_over():
            return


def _too_busy() -> Unavailable:
    return Unavailable("The index is asked for too much at once; try again in a moment.")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        code = getattr(error, "cause_response_code", None)
        if code == "ConditionalCheckFailedException":
            raise ConditionFailed(str(error)) from error
        if isinstance(error, ClientError):
            code = error.response.get("Error", {}).get("Code")
        cause = getattr(error, "cause", None) or error
        reason = code or type(cause).__name__
        raise Unavailable(sentence("The index's table", reason)) from error
