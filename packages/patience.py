"""How long a request goes on trying what AWS failed to do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# A moment of the monotonic clock; None: as often as the clients of AWS are told to try.
_end: ContextVar[float | None] = ContextVar("end of patience", default=None)


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within the block, nothing is tried again after so many seconds."""
    token = _end.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


def is_over() -> bool:
    """Say whether whatever fails now has failed for good."""
    end = _end.get()
    return end is not None and time.monotonic() >= end
