"""``manage.py tidy``: delete what unfinished uploads left behind."""

import argparse
import re
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from packages import storage
from packages.management.arguments import refusals
from packages.receiving import clear_interrupted
from packages.storage import UNFINISHED_AFTER


def hours(text: str) -> float:
    """A number of hours."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours")
    return float(text)


class Command(BaseCommand):
    """Tidy up."""

    help = "Delete what uploads that were never finished left behind (every start does it too; on S3, the bucket)."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the age from which an upload counts as unfinished."""
        parser.add_argument(
            "--older-than",
            metavar="HOURS",
            type=hours,
            default=UNFINISHED_AFTER / 3600,
            help="leave alone what is younger than so many hours (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, and say how much."""
        now, age = time.time(), options["older_than"] * 3600
        try:
            left = clear_interrupted(now, older_than=age)
        except OSError as error:
            raise CommandError(f"The folder of incoming files cannot be tidied ({error.strerror}).") from error
        with refusals():
            left += storage.tidy(now, older_than=age)
        where = "; in the bucket its own lifecycle does it" if settings.BUCKET else ""
        self.stdout.write(f"deleted {left} left by unfinished uploads{where}")
