"""``manage.py remove PROJECT [VERSION]``: take a file, a release or a project out of the index."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from packages import publishing
from packages.errors import NotFound
from packages.management.arguments import IndexCommand, operator, refusals


class Command(IndexCommand):
    """Remove."""

    help = (
        "Remove a file, a release or a whole project. Its filenames stay taken: only the same bytes can be "
        "published under them again. What is removed can be restored for RESTORE_DAYS days (see restore); "
        "tidy then deletes its bytes, --purge does so at once."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take what to remove."""
        super().add_arguments(parser)
        parser.add_argument("version", nargs="?", help="without it, the whole project")
        parser.add_argument("--file", metavar="FILENAME", help="only this file of the release")
        parser.add_argument("--purge", action="store_true", help="delete the bytes too; cannot be undone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Remove what was named."""
        what, by = (options["project"], options["version"]), operator()
        if options["file"] and not options["version"]:
            raise CommandError("--file needs the release's VERSION before it.")
        with refusals():
            try:
                filenames = publishing.remove(*what, by=by, filename=options["file"])
            except NotFound:
                # What was removed earlier can still be purged.
                if not options["purge"]:
                    raise
            if options["purge"]:
                filenames = publishing.purge(*what, by=by, filename=options["file"])
        if options["purge"]:
            self.report("purged", filenames)
            return
        self.report("removed", filenames)
        if settings.RESTORE_DAYS:
            named = " ".join([*filter(None, what), *(["--file", options["file"]] if options["file"] else [])])
            self.stdout.write(f"within {settings.RESTORE_DAYS} days, manage.py restore {named} takes that back")
