"""``manage.py status PROJECT STATUS``: mark a project as archived, deprecated, … (PEP 792)."""

import argparse
from typing import Any

from packages import publishing
from packages.management.arguments import IndexCommand, operator, refusals
from packages.simple_api import STATUSES


class Command(IndexCommand):
    """Set a project's status."""

    help = (
        "Set a project's status: archived takes no new files, quarantined offers none either, deprecated is "
        "only a mark, active is none."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the status, and a reason."""
        super().add_arguments(parser)
        parser.add_argument("status", choices=STATUSES)
        parser.add_argument("--reason", default="", help="shown beside the status")

    def handle(self, *args: Any, **options: Any) -> None:
        """Set it."""
        with refusals():
            publishing.set_status(options["project"], options["status"], by=operator(), reason=options["reason"])
        self.stdout.write(f"{options['project']} is {options['status']}")
