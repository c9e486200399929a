"""Lists as they are kept between processes: packed, in a few items, and never trusted over the rows."""

import gzip
import hashlib
import json
import logging
import secrets
import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from packages.errors import Unavailable
from packages.listings.source import Snapshot, Source
from packages.models import ListChunk
from packages.store import Delete, Put, store

logger = logging.getLogger(__name__)

R = TypeVar("R")

# To be raised when rows of the same fields come to mean something else.
FORMAT = 1
# Bytes of one piece: an item of DynamoDB holds 400 KB.
CHUNK = 300_000
# Rows are much alike: more effort makes little of them less.
EFFORT = 3


def load(source: Source[R], most: int) -> Snapshot[R] | None:
    """The newest list that is kept whole, of a serial up to ``most``; None if there is none. Raises Unavailable."""
    sets = _sets(source)
    for chunks in sorted(sets.values(), key=lambda chunks: int(chunks[0].serial), reverse=True):
        if not _is_whole(source, chunks) or chunks[0].serial > most:
            continue
        try:
            packed = b"".join(chunk.body for chunk in chunks)
            groups = _grouped(source, _unpacked(source.record, json.loads(gzip.decompress(packed))))
        except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError, AttributeError) as error:
            logger.warning("the kept list of %s cannot be read, and is made anew: %r", source.kind, error)
            continue
        return Snapshot(int(chunks[0].serial), source.basis(), groups)
    return None


def save(source: Source[R], snapshot: Snapshot[R], *, unless_since: int | None = None) -> int:
    """Keep a list in place of older ones; gives the serial of the one that is kept then. Never raises Unavailable.

    With ``unless_since`` nothing is written if somebody keeps one of such a serial, or a later one.
    """
    try:
        before = _sets(source)
        whole = [int(chunks[0].serial) for chunks in before.values() if _is_whole(source, chunks)]
        if unless_since is not None and max(whole, default=-1) >= unless_since:
            return max(whole)
        _write(source, snapshot)
        # Only what was there before ours was begun: of several who do this at once, one is left.
        for chunk in (chunk for chunks in before.values() for chunk in chunks):
            if chunk.serial <= snapshot.serial:
                store().write(Delete(item=chunk))
    except Unavailable as error:
        logger.warning("the list of %s could not be kept: %s", source.kind, error)
    return snapshot.serial


def _write(source: Source[R], snapshot: Snapshot[R]) -> None:
    columns = _packed(source.record, snapshot.records())
    body = gzip.compress(json.dumps(columns, separators=(",", ":")).encode(), EFFORT, mtime=0)
    pieces = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
    tag, written_as = secrets.token_hex(8), _format(source)
    for number, piece in enumerate(pieces):
        chunk = ListChunk(
            *ListChunk.key(source.kind, tag, number),
            tag=tag,
            serial=snapshot.serial,
            format=written_as,
            number=number,
            pieces=len(pieces),
            body=piece,
        )
        store().write(Put(item=chunk))


def _sets(source: Source[R]) -> Mapping[str, list[ListChunk]]:
    """The pieces that are there, by what they say that they belong to, in the order of their keys."""
    sets = defaultdict[str, list[ListChunk]](list)
    for item in store().query(ListChunk.partition(source.kind)):
        chunk = cast("ListChunk", item)
        sets[chunk.tag].append(chunk)
    return sets


def _is_whole(source: Source[R], chunks: Sequence[ListChunk]) -> bool:
    first = chunks[0]
    return (
        first.format == _format(source)
        and [int(chunk.number) for chunk in chunks] == list(range(int(first.pieces)))
        and {(chunk.serial, chunk.format, chunk.pieces) for chunk in chunks}
        == {(first.serial, first.format, first.pieces)}
    )


def _format(source: Source[R]) -> str:
    made_of = [FORMAT, [name for name, _ in _columns(source.record)], source.basis()]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]


def _packed(record: type[R], records: Sequence[R]) -> dict[str, list[Any]]:
    """The records, column by column: so they pack best, and are read fastest."""
    columns = dict[str, list[Any]]()
    for name, kind in _columns(record):
        values = [getattr(one, name) for one in records]
        columns[name] = [value and value.isoformat() for value in values] if kind is datetime else values
    return columns


def _unpacked(record: type[R], columns: Mapping[str, Any]) -> Sequence[R]:
    made = []
    for name, kind in _columns(record):
        values = columns[name]
        if kind is datetime:
            values = [value and datetime.fromisoformat(value) for value in values]
        elif kind is tuple:
            # JSON makes lists of them.
            values = [None if value is None else tuple(value) for value in values]
        made.append(values)
    make = cast("Callable[..., R]", record)
    return [make(*values) for values in zip(*made, strict=True)]


def _grouped(source: Source[R], records: Sequence[R]) -> dict[str, tuple[R, ...]]:
    groups = defaultdict[str, list[R]](list)
    for record in records:
        groups[source.key(record)].append(record)
    return {key: tuple(group) for key, group in groups.items()}


def _columns(record: type[R]) -> list[tuple[str, type | None]]:
    """The fields, and which of them are no plain values of JSON: ``datetime`` or ``tuple``."""
    found = list[tuple[str, type | None]]()
    for name, hint in get_type_hints(record).items():
        kinds = {get_origin(part) or part for part in (hint, *get_args(hint))}
        found.append((name, next((kind for kind in (datetime, tuple) if kind in kinds), None)))
    return found
