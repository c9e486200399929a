"""The item store in one SQLite file, for one machine: the same items, serialized as for DynamoDB."""

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

from packages.errors import Unavailable
from packages.models import EXPIRING, Item, Unreadable
from packages.store import Change, Condition, ConditionFailed, Decide, Delete, Key, T

# How long a writer waits for the others, in seconds.
PATIENCE = 20
# Rows fetched at once by a query, so that a long partition never lies in memory whole.
PAGE = 1000
# Sorts after every text that a key may hold.
LAST = "\U0010ffff"


class SQLiteStore:
    """A connection per thread; an answered write is on disk (WAL, ``synchronous=FULL``)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        # SQLite lets one writer in; those who find it locked look again after a sleep, in no order.
        # Within a process they queue here instead.
        self._writing = threading.Lock()

    def get(self, key: Key) -> Item | None:
        """Read one item."""
        with self._answering() as connection:
            return _read(connection, key)

    def get_many(self, keys: Sequence[Key]) -> list[Item | None]:
        """Read several items as of one moment."""
        values = ", ".join(["(?, ?)"] * len(keys))
        with self._answering() as connection:
            # A cross join begins with the keys: left to choose, SQLite would read the whole table.
            rows = connection.execute(
                f"WITH wanted (pk, sk) AS (VALUES {values})"
                " SELECT pk, sk, body FROM wanted CROSS JOIN item USING (pk, sk)",
                [part for key in keys for part in key],
            ).fetchall()
        found = {(pk, sk): _readable(_loaded(pk, sk, body)) for pk, sk, body in rows}
        return [found.get(key) for key in keys]

    def revisions(self, keys: Sequence[Key]) -> list[str | None]:
        """Read revisions as of one moment."""
        values = ", ".join(["(?, ?)"] * len(keys))
        with self._answering() as connection:
            rows = connection.execute(
                f"WITH wanted (pk, sk) AS (VALUES {values})"
                " SELECT pk, sk, json_extract(body, '$.revision.S') FROM wanted CROSS JOIN item USING (pk, sk)",
                [part for key in keys for part in key],
            ).fetchall()
        found = {(pk, sk): revision for pk, sk, revision in rows}
        return [found.get(key) for key in keys]

    def query(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Read a partition in the order of its sort keys."""
        after, end = prefix, prefix + LAST
        comparison = ">="
        while True:
            with self._answering() as connection:
                rows = connection.execute(
                    f"SELECT sk, body FROM item WHERE pk = ? AND sk {comparison} ? AND sk < ? ORDER BY sk LIMIT {PAGE}",
                    (pk, after, end),
                ).fetchall()
            for sk, body in rows:
                yield _loaded(pk, sk, body)
            if len(rows) < PAGE:
                return
            after, comparison = rows[-1][0], ">"

    def every(self, *kinds: type[Item]) -> Iterator[Item]:
        """Read the whole table, page after page."""
        names = [Item.kind.serialize(kind) for kind in kinds]
        marks = ", ".join("?" * len(names))
        after = ("", "")
        while True:
            with self._answering() as connection:
                rows = connection.execute(
                    "SELECT pk, sk, body FROM item WHERE (pk, sk) > (?, ?)"
                    # What cannot be read is of no kind.
                    " AND CASE WHEN json_valid(body) THEN json_extract(body, '$.kind.S') END"
                    f" IN ({marks}) ORDER BY pk, sk LIMIT {PAGE}",
                    (*after, *names),
                ).fetchall()
            for pk, sk, body in rows:
                yield _loaded(pk, sk, body)
            if len(rows) < PAGE:
                return
            after = rows[-1][:2]

    def write(self, change: Change) -> None:
        """Make one change."""
        with self._transaction() as connection:
            _apply(connection, change)

    def amend(self, keys: Sequence[Key], decide: Decide[T]) -> T:
        """Read, decide and change inside one transaction: nobody can come between, so nothing is begun again."""
        with self._transaction() as connection:
            read = {key: _read(connection, key) for key in keys}
            changes, result = decide(list(read.values()))
            for change in changes:
                if (change.item.pk, change.item.sk) not in read and change.condition is not Condition.ABSENT:
                    raise ValueError("an amendment changes only what it has read, or adds what is new")
                _apply(connection, change)
        return result

    def forget_expired(self, now: float) -> int:
        """Delete what has expired, where such items lie."""
        deleted = 0
        with self._transaction() as connection:
            for prefix in EXPIRING:
                deleted += connection.execute(
                    "DELETE FROM item WHERE pk >= ? AND pk < ?"
                    " AND CAST(json_extract(body, '$.expires_at.N') AS REAL) < ?",
                    (prefix, prefix + LAST, now),
                ).rowcount
        return deleted

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._writing, self._answering() as connection:
            # Take the write lock at once: a lock taken later can fail in the middle.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _answering(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError) as error:
            raise Unavailable(f"The index file cannot be used right now ({error}); try again in a moment.") from error

    def _connection(self) -> sqlite3.Connection:
        # A connection must not cross a fork, nor threads.
        if getattr(self._local, "process", None) != os.getpid():
            self._local.connection, self._local.process = self._opened(), os.getpid()
        connection = self._local.connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._path.exists():
            # It holds what passwords are checked with; the files that SQLite makes beside it take its mode. Never of
            # one that is there: whoever closes a file loses all the locks that his process has on it.
            with suppress(FileExistsError):
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        connection = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        # macOS answers fsync before the disk has the bytes; elsewhere this does nothing.
        connection.execute("PRAGMA fullfsync = ON")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS item"
            " (pk TEXT NOT NULL, sk TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (pk, sk)) WITHOUT ROWID"
        )
        return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; of several who do it first at once, SQLite lets some fail without a wait."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)


class _Connection(sqlite3.Connection):
    """A connection that is closed when its thread has gone, perhaps by another one."""

    def __del__(self) -> None:
        # One that could not be opened cannot be closed.
        with suppress(sqlite3.ProgrammingError):
            self.close()


def _apply(connection: sqlite3.Connection, change: Change) -> None:
    item = change.item
    key = (item.pk, item.sk)
    stored = _read(connection, key) if change.condition else None
    holds = {
        None: True,
        Condition.ABSENT: stored is None,
        Condition.PRESENT: stored is not None,
        Condition.UNCHANGED: stored is not None and stored.revision == item.revision,
    }
    if not holds[change.condition]:
        raise ConditionFailed(f"{key} is not {change.condition}")
    if isinstance(change, Delete):
        connection.execute("DELETE FROM item WHERE pk = ? AND sk = ?", key)
    else:
        _write(connection, item)


def _read(connection: sqlite3.Connection, key: Key) -> Item | None:
    row = connection.execute("SELECT body FROM item WHERE pk = ? AND sk = ?", key).fetchone()
    return _readable(_loaded(*key, row[0])) if row else None


def _write(connection: sqlite3.Connection, item: Item) -> None:
    item.revision = secrets.token_hex(8)
    # As DynamoDB's engine does, refuse an item that lacks an attribute it needs.
    item.serialize()
    body = json.dumps(item.to_dynamodb_dict(), ensure_ascii=False, separators=(",", ":"))
    connection.execute("INSERT OR REPLACE INTO item (pk, sk, body) VALUES (?, ?, ?)", (item.pk, item.sk, body))


def _loaded(pk: str, sk: str, body: str) -> Item:
    """An item as it lies there, whatever it says of itself; Unreadable if it is none of ours."""
    try:
        attributes = json.loads(body)
        model = cast("type[Item]", Item.kind.deserialize(attributes["kind"]["S"]))
        item = model()
        item.from_dynamodb_dict(attributes)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # Nothing that this program has written.
        return Unreadable(pk, sk)
    item.pk, item.sk = pk, sk
    return item


def _readable(item: Item) -> Item:
    if isinstance(item, Unreadable):
        raise Unavailable(f"The index's item {item.pk!a} {item.sk!a} cannot be read; take it from a backup.")
    return item
