"""``manage.py remove PROJECT [VERSION]``: take a file, a release or a project out of the index."""

import argparse
from typing import Any

from django.core.management.base import CommandError

from packages import publishing
from packages.management.arguments import IndexCommand, refusals


class Command(IndexCommand):
    """Remove."""

    help = (
        "Remove a file, a release or a whole project. Its filenames stay taken: only the same bytes can be "
        "published under them again. The bytes are kept unless --purge is given."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take what to remove."""
        super().add_arguments(parser)
        parser.add_argument("version", nargs="?", help="without it, the whole project")
        parser.add_argument("--file", metavar="FILENAME", help="only this file of the release")
        parser.add_argument("--purge", action="store_true", help="delete the bytes too; cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove what was named."""
        if options["file"] and not options["version"]:
            raise CommandError("--file needs the release's VERSION before it.")
        with refusals():
            filenames = publishing.remove(
                options["project"], options["version"], filename=options["file"], purge=options["purge"]
            )
        self.report("removed, with its bytes," if options["purge"] else "removed", filenames)
