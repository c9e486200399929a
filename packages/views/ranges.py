"""A part of a file: the Range and If-Range headers (RFC 9110, section 14)."""

import io
import re
from dataclasses import dataclass
from typing import IO

from django.http import HttpRequest
from django.utils.http import parse_http_date_safe

_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Bytes from ``first`` to ``last``, both included; ``last`` < ``first`` means that nothing of it exists."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last - self.first + 1


def requested_part(request: HttpRequest, size: int, *, etag: str, modified: int) -> Part | None:
    """The part that is asked for; None for the whole file (also where the header is not one we serve).

    ``modified`` is in Unix seconds. A part with no bytes cannot be served (416).
    """
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or request.method != "GET":
        return None
    only_if = request.headers.get("If-Range", "").strip()
    if only_if and only_if != etag and (only_if.startswith('"') or parse_http_date_safe(only_if) != modified):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        return Part(max(size - int(last), 0), size - 1) if int(last) else Part(size, size - 1)
    if last and int(last) < int(first):
        return None
    return Part(int(first), min(int(last), size - 1) if last else size - 1)


class Window(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, file: IO[bytes], part: Part) -> None:
        self._file = file
        self._part = part
        file.seek(part.first)

    def read(self, size: int = -1, /) -> bytes:
        """Read up to so many bytes, or all that is left."""
        left = self._part.length - self.tell()
        return self._file.read(left if size < 0 else min(size, left))

    def seekable(self) -> bool:
        """True: servers that see it let go of their thread while a slow client fetches."""
        return True

    def tell(self) -> int:
        """The position in the part."""
        return self._file.tell() - self._part.first

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move within the part."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._part.length}[whence]
        self._file.seek(self._part.first + min(max(start + offset, 0), self._part.length))
        return self.tell()

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
