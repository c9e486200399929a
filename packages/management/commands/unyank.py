"""``manage.py unyank PROJECT VERSION``: take a yank back."""

import argparse
from typing import Any

from packages import publishing
from packages.management.arguments import IndexCommand, operator, refusals


class Command(IndexCommand):
    """Unyank."""

    help = "Offer a yanked release, or one file of it, again."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the release."""
        super().add_arguments(parser)
        parser.add_argument("version")
        parser.add_argument("--file", metavar="FILENAME", help="only this file of the release")

    def handle(self, *args: Any, **options: Any) -> None:
        """Unyank what was named."""
        with refusals():
            filenames = publishing.unyank(
                options["project"],
                options["version"],
                by=operator(),
                filename=options["file"],
            )
        self.report("unyanked", filenames)
