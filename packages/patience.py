"""How long a request goes on trying what AWS failed to do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

# A moment of the monotonic clock; None: as often as the clients of AWS are told to try. It is the whole
# process's, and so also of the threads that carry files: a Lambda has one request at a time.
_end: float | None = None


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within the block, nothing is tried again after so many seconds."""
    global _end
    before, _end = _end, time.monotonic() + seconds
    try:
        yield
    finally:
        _end = before


def is_over() -> bool:
    """Say whether whatever fails now has failed for good."""
    return _end is not None and time.monotonic() >= _end
