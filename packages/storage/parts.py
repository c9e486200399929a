"""A file of any size that is read by parts, wherever it lies."""

import errno
import io
from collections.abc import Callable

# One request for each: large enough to stream through, small enough to hold.
PART = 4 * 1024 * 1024
# What is read at the end of a file is a wheel's directory of members; most are smaller than this.
TAIL = 256 * 1024


class PartsFile(io.RawIOBase):
    """A seekable file over ``fetch(first, last)``, which gives those bytes, both included.

    It holds one part in memory. A reader that goes straight on is given parts of full size;
    one that jumps is given little, because it will jump again.
    """

    def __init__(self, size: int, fetch: Callable[[int, int], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._position = 0
        self._start = 0
        self._held = b""

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move; nothing is fetched until it is read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            # As files do, which is what zipfile counts on.
            raise OSError(errno.EINVAL, "a position before the file's beginning")
        self._position = start + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read up to so many bytes, or all that is left."""
        end = self._size if size < 0 else min(self._size, self._position + size)
        pieces = []
        while self._position < end:
            piece = self._piece(end)
            pieces.append(piece)
            self._position += len(piece)
        return b"".join(pieces)

    def _piece(self, end: int) -> bytes:
        """Some of what lies between the position and ``end``."""
        if not self._start <= self._position < self._start + len(self._held):
            goes_on = self._held and self._position == self._start + len(self._held)
            # A jump to the very end brings the directory that lies before it, too.
            self._start = self._position if goes_on else min(self._position, max(self._size - TAIL, 0))
            last = min(self._start + (PART if goes_on else TAIL), self._size) - 1
            self._held = self._fetch(self._start, last)
            assert len(self._held) == last - self._start + 1, "a fetch gives what was asked for"
        offset = self._position - self._start
        return self._held[offset : offset + end - self._position]
