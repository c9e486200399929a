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
    """The next ``length`` bytes of a file, as a file; servers that can will send it by sendfile."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file = file
        self._left = length

    def read(self, size: int = -1, /) -> bytes:
        """Read up to so many bytes, or all that is left."""
        content = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move within the file: what sends a part by its descriptor sets the position after it."""
        return self._file.seek(offset, whence)

    def fileno(self) -> int:
        """The file's descriptor, whose position is where the window begins."""
        return self._file.fileno()

    def close(self) -> None:
        """Close the file too."""
        self._file.close()
        super().close()
