"""``manage.py serve``: run the index on this machine, with a production server."""

import errno
import io
import logging
import resource
import signal
import socket
import sys
import tempfile
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.wsgi import get_wsgi_application
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher, WSGITask

from packages import accounts, storage
from packages.auth import actor_from
from packages.errors import PackagesError
from packages.receiving import clear_interrupted, prepare_folder
from packages.store import store

# waitress holds connections, half-sent requests and half-fetched files in one loop; a thread is
# taken only by a request that is there whole. (Why this server: docs/architecture.md.)
THREADS = 16
CONNECTIONS = 1000
OTHER_DESCRIPTORS = 100
IDLE_SECONDS = 120
# Ctrl-C waits no longer than this for answers under way.
LAST_WORDS_SECONDS = 1.5
# A server that was killed may hold its port a moment longer than its life.
PORT_PATIENCE_SECONDS = 3.0
# An upload that has not been written to for so long is not going on any more.
INTERRUPTED_AFTER_SECONDS = 3600.0


class Command(BaseCommand):
    """Prepare what is missing, say how to use the index, serve."""

    help = "Run the index on this machine (HOST, PORT, DATA_DIR and the other variables of the README)."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until interrupted."""
        listener = self._listen(settings.HOST, settings.PORT)
        self._prepare()
        # Last, so that a start that fails has not made a password that nobody has seen.
        first = self._make_account()
        host, port = listener.getsockname()[:2]
        self._explain(f"[{host}]" if ":" in host else host, port, first)
        _serve(listener)

    def _listen(self, host: str, port: int) -> socket.socket:
        deadline = time.monotonic() + PORT_PATIENCE_SECONDS
        while True:
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                return socket.create_server((host, port), family=family, backlog=CONNECTIONS)
            except OSError as error:
                taken = error.errno == errno.EADDRINUSE
                if taken and time.monotonic() < deadline:
                    time.sleep(0.1)
                elif taken:
                    raise CommandError(
                        f"Port {port} on {host} is in use by another program; choose another one, "
                        f"as in: make serve PORT={port % 65535 + 1}"
                    ) from error
                else:
                    why = error.strerror or error
                    raise CommandError(f"Cannot listen on HOST {host!r}, PORT {port}: {why}.") from error

    def _prepare(self) -> None:
        try:
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
            prepare_folder()
            clear_interrupted(time.time(), older_than=INTERRUPTED_AFTER_SECONDS)
        except OSError as error:
            raise CommandError(_unwritable(error)) from error
        try:
            storage.check()
            store().get(("counter#serial", "#"))
        except PackagesError as error:
            where = "BUCKET and TABLE" if settings.BUCKET else f"DATA_DIR {str(settings.DATA_DIR)!r}"
            raise CommandError(f"{where}: {error}") from error

    def _make_account(self) -> tuple[str, str] | None:
        try:
            return accounts.make_first()
        except OSError as error:
            raise CommandError(_unwritable(error)) from error

    def _explain(self, host: str, port: int, first: tuple[str, str] | None) -> None:
        if host in {"0.0.0.0", "[::]"}:
            host = socket.gethostname()
        name, password = first or (next(iter(accounts.digests())), "PASSWORD")
        say = self.stdout.write
        here = f"http://{host}:{port}/"
        root = settings.PUBLIC_URL or here
        say(f"{settings.SERVICE} serves {here} (Ctrl-C stops it)")
        if first:
            say(f"\n  user      {name}\n  password  {password}\n\n  The password is shown this once only: keep it.")
        say("\nInstall from it and publish to it:\n")
        simple = root.replace("://", f"://{name}:{password}@", 1) + "simple/"
        say(f"  pip install --index-url {simple} NAME")
        say(f"  uv pip install --index-url {simple} NAME")
        say(f"  twine upload --repository-url {root}legacy/ -u {name} -p {password} dist/*\n")
        self.stdout.flush()


def _unwritable(error: OSError) -> str:
    where = str(settings.DATA_DIR)
    return f"DATA_DIR {where!r} cannot be written ({error.strerror}); set DATA_DIR to a folder that can."


def _serve(listener: socket.socket) -> None:
    # Bodies larger than memory should hold wait on the disk that is meant for them; /tmp may be memory.
    tempfile.tempdir = settings.FILE_UPLOAD_TEMP_DIR
    logging.getLogger("waitress").setLevel(logging.ERROR)
    HTTPChannel.task_class = Task
    HTTPChannel.parser_class = Parser
    dispatcher = Dispatcher()
    dispatcher.set_thread_count(THREADS)
    server = create_server(
        get_wsgi_application(),
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
    """Reads the body of a request that nobody answers for without keeping it: strangers fill no disk."""

    def parse_header(self, header_plus: bytes) -> None:
        """Look at the credentials before the body comes."""
        super().parse_header(header_plus)
        if self.body_rcv is not None and not _is_known(self.headers.get("AUTHORIZATION", "")):
            self.body_rcv.buf = Nowhere()


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
    except PackagesError:
        return False


class Task(WSGITask):
    """Keeps the connection after an answer that has no body (304), which waitress would close."""

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
