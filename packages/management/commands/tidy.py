"""``manage.py tidy``: delete what is of no use any more."""

import argparse
import re
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from packages import publishing, storage
from packages.management.arguments import operator, refusals
from packages.receiving import clear_interrupted
from packages.storage import UNFINISHED_AFTER
from packages.store import store


def hours(text: str) -> float:
    """A number of hours."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours")
    return float(text)


class Command(BaseCommand):
    """Tidy up."""

    help = (
        "Delete what is of no use any more: what uploads that were never finished left behind (on S3 the bucket does "
        "it), the bytes of removed files that can no longer be restored, and tokens that have expired (in DynamoDB the "
        "table does it). On one machine every start does all of it too; on AWS, run it now and then."
    )
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
            purged = publishing.purge_overdue(operator())
            self.stdout.write(f"purged {purged} removed files that could no longer be restored")
            expired = store().forget_expired(now)
            where = "; in the table DynamoDB does it" if settings.TABLE else ""
            self.stdout.write(f"forgot {expired} expired tokens and counts{where}")
