"""``manage.py yank PROJECT VERSION``: keep new installs from choosing a release (PEP 592)."""

import argparse
from typing import Any

from packages import publishing
from packages.management.arguments import IndexCommand, operator, refusals


class Command(IndexCommand):
    """Yank."""

    help = "Yank a release, or one file of it: installers skip it unless it is pinned exactly."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the release, and a reason."""
        super().add_arguments(parser)
        parser.add_argument("version")
        parser.add_argument("--file", metavar="FILENAME", help="only this file of the release")
        parser.add_argument("--reason", default="", help="shown to people whose pinned version is yanked")

    def handle(self, *args: Any, **options: Any) -> None:
        """Yank what was named."""
        with refusals():
            filenames = publishing.yank(
                options["project"],
                options["version"],
                by=operator(),
                reason=options["reason"],
                filename=options["file"],
            )
        self.report("yanked", filenames)
