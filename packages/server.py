"""The server of one machine: waitress, with a few things of ours.

waitress holds connections, half-sent requests and half-fetched files in one loop; a thread is
taken only by a request that is there whole. (Why this server: docs/architecture.md.)
"""

import errno
import io
import logging
import resource
import signal
import socket
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from django.conf import settings
from django.utils import timezone
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from packages import sessions, tickets
from packages.access import ANONYMOUS, Actor
from packages.auth import VERDICT, actor_from, address_of
from packages.errors import NotAuthenticated, PackagesError, Unavailable
from packages.journal import Origin
from packages.wsgi import Handler

THREADS = 16
CONNECTIONS = 1000
OTHER_DESCRIPTORS = 100
IDLE_SECONDS = 120
# Ctrl-C waits no longer than this for answers under way.
LAST_WORDS_SECONDS = 1.5
# What a request of nobody may send (a form, an identity token), in bytes; it lies in memory.
STRANGERS_BODY = 64 * 1024
# Looking at a password takes a good part of a second of one core: not in the loop that serves all connections.
_looking = ThreadPoolExecutor(max_workers=2, thread_name_prefix="credentials")


def run(listener: socket.socket) -> None:
    """Serve on a listening socket until interrupted."""
    # Bodies larger than memory should hold wait on the disk that is meant for them; /tmp may be memory.
    tempfile.tempdir = settings.FILE_UPLOAD_TEMP_DIR
    logging.getLogger("waitress").setLevel(logging.ERROR)
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
        # Whom to believe, TRUSTED_PROXIES says (packages.auth).
        clear_untrusted_proxy_headers=False,
    )
    server.channel_class = Channel
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
    verdict: Future[Actor] | None = None

    def __init__(self, adjustments: Any, peer: str) -> None:
        super().__init__(adjustments)
        self._peer = peer

    def parse_header(self, header_plus: bytes) -> None:
        """Look at the credentials before the body comes."""
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            # An address that cannot be one ("http://["); waitress would drop the connection without a word.
            raise ParsingError("Bad request line") from error
        if self.body_rcv is not None:
            self.ticket = _ticket_in(self.path, self.query)
            if self.ticket:
                self.body_rcv.buf = Spool(self.body_rcv.buf) if _takes(self) else Nowhere()
            elif self.headers.get("AUTHORIZATION", "").strip():
                self.verdict = _looking.submit(actor_from, self.headers["AUTHORIZATION"], self._visitor())
                self.body_rcv.buf = Spool(self.body_rcv.buf, self.verdict)
            elif self.chunked or self.content_length > STRANGERS_BODY:
                cookies = self.headers.get("COOKIE", "")
                if sessions.COOKIE in cookies:
                    # The door asks anew, so that an old cookie keeps nobody from the login form.
                    self.body_rcv.buf = Spool(self.body_rcv.buf, _looking.submit(_logged_in, cookies))
                else:
                    self.body_rcv.buf = Nowhere()

    def _visitor(self) -> Origin:
        address = address_of(self._peer, self.headers.get("X_FORWARDED_FOR", ""))
        agent = self.headers.get("USER_AGENT", "")
        return Origin(actor=ANONYMOUS, time=timezone.now(), address=address, agent=agent)


class Spool:
    """A buffer whose disk may be full: the rest is read and dropped, and the application is told.

    So it is if the verdict on who sends it, which takes a moment, turns out to be a refusal.
    """

    def __init__(self, buffer: Any, verdict: Future[Actor] | None = None) -> None:
        self._buffer = buffer
        self._error: OSError | None = None
        self._handed_over = False
        # The verdict comes from another thread.
        self._lock = threading.Lock()
        if verdict is not None:
            verdict.add_done_callback(self._heed)

    def append(self, content: bytes) -> None:
        """Keep it, while there is room, and no reason not to."""
        with self._lock:
            if self._error is not None:
                return
            try:
                self._buffer.append(content)
            except OSError as error:
                self._give_up(error)

    def _heed(self, verdict: Future[Actor]) -> None:
        with self._lock:
            # The application, once it has the body, waits for the verdict itself.
            if self._error is None and not self._handed_over and _is_refused(verdict):
                self._give_up(OSError(errno.EACCES, "of somebody unknown"))

    def _give_up(self, error: OSError) -> None:
        self._error = error
        self.close()

    def getfile(self) -> Any:
        """What the application reads."""
        with self._lock:
            self._handed_over = True
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


def _is_refused(verdict: Future[Actor]) -> bool:
    error = verdict.exception()
    # Who it is will be asked again, and then perhaps answered.
    return isinstance(error, PackagesError) and not isinstance(error, Unavailable)


def _logged_in(cookies: str) -> Actor:
    """Who has logged in with a browser. Raises NotAuthenticated or Unavailable."""
    actor = sessions.actor_in_cookie(cookies)
    if actor.anonymous:
        raise NotAuthenticated("The session is over.")
    return actor


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
        environ[VERDICT] = self.request.verdict
        return environ

    def set_close_on_finish(self) -> None:
        """Close only where the answer's end could not be seen otherwise, or the client wants it."""
        wanted = self.version == "1.0" or self.request.headers.get("CONNECTION", "").lower() == "close"
        if self.has_body or wanted:
            super().set_close_on_finish()


class Channel(HTTPChannel):
    """A connection, whose requests are ours."""

    task_class = Task

    def parser_class(self, adjustments: Any) -> Parser:
        """Begin a request, of whoever is at the other end."""
        return Parser(adjustments, str(self.addr[0]))


class Dispatcher(ThreadedTaskDispatcher):
    """Waits a bounded time for its threads."""

    def shutdown(self, cancel_pending: bool = True, timeout: float = LAST_WORDS_SECONDS) -> bool:
        """Let the answers under way finish, but not for long."""
        return bool(super().shutdown(cancel_pending, timeout))
