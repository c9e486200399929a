"""``manage.py serve``: run the index on this machine, with a production server."""

import errno
import os
import socket
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandError
from django.core.wsgi import get_wsgi_application
from gunicorn.app.base import BaseApplication

from packages import accounts, storage
from packages.errors import PackagesError
from packages.receiving import clear_interrupted
from packages.store import store

# Measured with uv's 50 parallel connections: see docs/architecture.md.
WORKERS = 2
THREADS = 16
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
        try:
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
            first = accounts.make_first()
            clear_interrupted(time.time(), older_than=INTERRUPTED_AFTER_SECONDS)
        except OSError as error:
            raise CommandError(_unwritable(settings.DATA_DIR, error)) from error
        try:
            storage.check()
            store().get(("counter#serial", "#"))
        except PackagesError as error:
            where = "BUCKET and TABLE" if settings.BUCKET else f"DATA_DIR {str(settings.DATA_DIR)!r}"
            raise CommandError(f"{where}: {error}") from error
        host, port = listener.getsockname()[:2]
        self._explain(f"[{host}]" if ":" in host else host, port, first)
        Server(get_wsgi_application(), listener).run()

    def _listen(self, host: str, port: int) -> socket.socket:
        deadline = time.monotonic() + PORT_PATIENCE_SECONDS
        while True:
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                listener = socket.create_server((host, port), family=family, backlog=1024)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and time.monotonic() < deadline:
                    time.sleep(0.1)
                    continue
                if error.errno == errno.EADDRINUSE:
                    raise CommandError(
                        f"Port {port} on {host} is in use by another program; "
                        f"choose another one, as in PORT={port + 1}."
                    ) from error
                raise CommandError(
                    f"Cannot listen on HOST {host!r}, PORT {port}: {error.strerror or error}."
                ) from error
            os.set_inheritable(listener.fileno(), True)
            return listener

    def _explain(self, host: str, port: int, first: tuple[str, str] | None) -> None:
        if host in {"0.0.0.0", "[::]"}:
            host = socket.gethostname()
        say = self.stdout.write
        say(f"{settings.SERVICE} serves http://{host}:{port}/ (Ctrl-C stops it)")
        name, password = first or (next(iter(accounts.digests())), "PASSWORD")
        if first:
            say(f"\n  user      {name}\n  password  {password}\n\n  The password is shown this once only: keep it.")
        say("\nInstall from it and publish to it:\n")
        say(f"  pip install --index-url http://{name}:{password}@{host}:{port}/simple/ NAME")
        say(f"  uv pip install --index-url http://{name}:{password}@{host}:{port}/simple/ NAME")
        say(f"  twine upload --repository-url http://{host}:{port}/legacy/ -u {name} -p {password} dist/*\n")
        self.stdout.flush()


class Server(BaseApplication):
    """gunicorn with threads, on a socket that is listening already."""

    def __init__(self, application: WSGIHandler, listener: socket.socket) -> None:
        self._application = application
        self._listener = listener
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        options = {
            "bind": f"fd://{self._listener.fileno()}",
            "worker_class": "gthread",
            "workers": WORKERS,
            "threads": THREADS,
            "preload_app": True,
            "keepalive": 30,
            # Ctrl-C waits no longer than this for answers under way.
            "graceful_timeout": 1,
            "timeout": 120,
            "loglevel": "warning",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIHandler:
        """The application, which is loaded already."""
        return self._application


def _unwritable(path: Path, error: OSError) -> str:
    return f"DATA_DIR {str(path)!r} cannot be written ({error.strerror}); set DATA_DIR to a folder that can."
