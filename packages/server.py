"""The server of one machine: waitress, with a few things of ours.

waitress holds connections, half-sent requests and half-fetched files in one loop; a thread is
taken only by a request that is there whole. (Why this server: docs/architecture.md.)
"""

import io
import logging
import resource
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from packages import tickets
from packages.auth import actor_from
from packages.errors import PackagesError, Unavailable
from packages.wsgi import Handler

THREADS = 16
CONNECTIONS = 1000
OTHER_DESCRIPTORS = 100
IDLE_SECONDS = 120
# Ctrl-C waits no longer than this for answers under way.
LAST_WORDS_SECONDS = 1.5


def run(listener: socket.socket) -> None:
    """Serve on a listening socket until interrupted."""
    # Bodies larger than memory should hold wait on the disk that is meant for them; /tmp may be memory.
    tempfile.tempdir = settings.FILE_UPLOAD_TEMP_DIR
    logging.getLogger("waitress").setLevel(logging.ERROR)
    HTTPChannel.task_class = Task
    HTTPChannel.parser_class = Parser
    dispatcher = Dispatcher()
    dispatcher.set_thread_count(THREADS)
    server = create_server(
        Handler(),
        _dispatcher=dispatcher,
        sockets=[listener],
        threads=THREADS,
        connection_limit=_affordable_connections(),
        asyncore_use_poll=True,
        channel_timeout=IDLE_SECONDS,
        # What is too large is refused by us, in a sentence, after it was read; this only bounds the disk.
        max_request_body_size=2 * settings.MAX_UPLOAD_SIZE + 1024**3,
        ident=None,
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()


def _affordable_connections() -> int:
    """How many connections there are descriptors for: each may need one more for a file (macOS begins with 256)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + OTHER_DESCRIPTORS
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, (soft - OTHER_DESCRIPTORS) // 2)


class Parser(HTTPRequestParser):
    """Keeps the body only of a request that somebody answers for: strangers fill no disk."""

    ticket: tickets.Ticket | None = None

    def parse_header(self, header_plus: bytes) -> None:
        """Look at the credentials before the body comes."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            # An address that cannot be one ("http://["); waitress would drop the connection without a word.
            raise ParsingError("Bad request line") from error
        if self.body_rcv is not None:
            self.ticket = _ticket_in(self.path, self.query)
            wanted = _takes(self) if self.ticket else _is_known(self.headers.get("AUTHORIZATION", ""))
            self.body_rcv.buf = Spool(self.body_rcv.buf) if wanted else Nowhere()


class Spool:
    """A buffer whose disk may be full: the rest is read and dropped, and the application is told."""

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer
        self._error: OSError | None = None

    def append(self, content: bytes) -> None:
        """Keep it, while there is room."""
        if self._error is None:
            try:
                self._buffer.append(content)
            except OSError as error:
                self._error = error
                self.close()

    def getfile(self) -> Any:
        """What the application reads."""
        return self._buffer.getfile() if self._error is None else Lost(self._error)

    def close(self) -> None:
        """Give the disk back."""
        with suppress(OSError):
            self._buffer.close()

    def __len__(self) -> int:
        return len(self._buffer)


class Lost(io.RawIOBase):
    """A body that could not be kept: reading it says why."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def read(self, size: int = -1, /) -> bytes:
        """Raise the error that there was."""
        raise OSError(*self._error.args)


class Nowhere:
    """A buffer for what is read only because the client sends it."""

    def append(self, content: bytes) -> None:
        """Forget it."""

    def getfile(self) -> io.BytesIO:
        """What the application gets to read: nothing."""
        return io.BytesIO()

    def close(self) -> None:
        """There is nothing to close."""

    def __len__(self) -> int:
        return 0


def _is_known(authorization: str) -> bool:
    try:
        return not actor_from(authorization).anonymous
    except Unavailable:
        # Who it is will be asked again, and then perhaps answered.
        return True
    except PackagesError:
        return False


def _ticket_in(path: str, query: str) -> tickets.Ticket | None:
    if not path.endswith("/legacy/incoming"):
        return None
    try:
        return tickets.read(dict(parse_qsl(query)).get("ticket", ""))
    except PackagesError:
        return None


def _takes(request: Parser) -> bool:
    """Say whether a request with a ticket sends what the ticket is for, and no more than files may have."""
    assert request.ticket is not None
    if request.chunked:
        return False
    if request.ticket.size is None:
        return bool(request.content_length <= settings.MAX_UPLOAD_SIZE)
    return bool(request.content_length == request.ticket.size)


class Task(WSGITask):
    """Keeps the connection after an answer that has no body (304), which waitress would close."""

    def get_environment(self) -> dict[str, Any]:
        """Give the application the ticket that was read when the request began."""
        environ: dict[str, Any] = super().get_environment()
        environ[tickets.SEEN] = self.request.ticket
        return environ

    def set_close_on_finish(self) -> None:
        """Close only where the answer's end could not be seen otherwise, or the client wants it."""
        wanted = self.version == "1.0" or self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or wanted:
            super().set_close_on_finish()


class Dispatcher(ThreadedTaskDispatcher):
    """Waits a bounded time for its threads."""

    def shutdown(self, cancel_pending: bool = True, timeout: float = LAST_WORDS_SECONDS) -> bool:
        """Let the answers under way finish, but not for long."""
        return bool(super().shutdown(cancel_pending, timeout))
