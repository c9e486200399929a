"""``manage.py serve``: run the index on this machine, with a production server."""

import errno
import socket
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from packages import accounts, publishing, server, storage
from packages.errors import PackagesError
from packages.management.arguments import ONCE, operator, refusals
from packages.receiving import clear_interrupted, prepare_folder
from packages.store import store

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
        server.run(listener)

    def _listen(self, host: str, port: int) -> socket.socket:
        deadline = time.monotonic() + PORT_PATIENCE_SECONDS
        while True:
            try:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                return socket.create_server((host, port), family=family, backlog=server.CONNECTIONS)
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
            storage.tidy(time.time(), older_than=storage.UNFINISHED_AFTER)
            store().forget_expired(time.time())
            publishing.purge_overdue(operator())
        except PackagesError as error:
            where = "BUCKET and TABLE" if settings.BUCKET else f"DATA_DIR {str(settings.DATA_DIR)!r}"
            raise CommandError(f"{where}: {error}") from error

    def _make_account(self) -> tuple[str, str] | None:
        with refusals():
            return accounts.make_first(by=operator())

    def _explain(self, host: str, port: int, first: tuple[str, str] | None) -> None:
        if host in {"0.0.0.0", "[::]"}:
            host = socket.gethostname()
        name, password = first or (next(iter(settings.ACCOUNTS), accounts.FIRST_NAME), "PASSWORD")
        say = self.stdout.write
        here = f"http://{host}:{port}/"
        root = settings.PUBLIC_URL or here
        say(f"{settings.SERVICE} serves {here} (Ctrl-C stops it)")
        if first:
            say(f"\n{ONCE.format(*first)}")
        say("\nInstall from it and publish to it:\n")
        simple = root.replace("://", f"://{name}:{password}@", 1) + "simple/"
        say(f"  pip install --index-url {simple} NAME")
        say(f"  uv pip install --index-url {simple} NAME")
        say(f"  twine upload --repository-url {root}legacy/ -u {name} -p {password} dist/*\n")
        self.stdout.flush()


def _unwritable(error: OSError) -> str:
    where = str(settings.DATA_DIR)
    return f"DATA_DIR {where!r} cannot be written ({error.strerror}); set DATA_DIR to a folder that can."
