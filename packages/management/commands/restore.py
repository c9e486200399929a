"""``manage.py restore PROJECT [VERSION]``: take a removal back."""

import argparse
from typing import Any

from django.core.management.base import CommandError

from packages import publishing
from packages.management.arguments import IndexCommand, operator, refusals


class Command(IndexCommand):
    """Restore."""

    help = "Restore what was removed, until RESTORE_DAYS days later: a file, a release, or a whole project."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take what to restore."""
        super().add_arguments(parser)
        parser.add_argument("version", nargs="?", help="without it, the whole project, as it was when it was removed")
        parser.add_argument("--file", metavar="FILENAME", help="only this file of the release")

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore what was named."""
        if options["file"] and not options["version"]:
            raise CommandError("--file needs the release's VERSION before it.")
        with refusals():
            filenames = publishing.restore(
                options["project"], options["version"], by=operator(), filename=options["file"]
            )
        self.report("restored", filenames)
