"""``manage.py first_account``: make the account that an index begins with."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from packages import accounts
from packages.management.arguments import ONCE, operator, refusals


class Command(BaseCommand):
    """Make it where there is none, and show its password once."""

    help = (
        "Make the first account, admin, unless there is an account already; its password is shown once and kept "
        "nowhere. With --reset admin has a new password, is enabled and administers, whatever it was before."
    )
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the wish for a new password."""
        parser.add_argument("--reset", action="store_true", help="give the account a new password: the old one is lost")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account, or give it a new password."""
        with refusals():
            made = accounts.make_first(reset=options["reset"], by=operator())
        where = f"in the table {settings.TABLE}" if settings.TABLE else f"in {settings.DATA_DIR}"
        if made:
            self.stdout.write(f"account {made[0]} {where}: {'has a new password' if options['reset'] else 'created'}\n")
            self.stdout.write(ONCE.format(*made))
        elif settings.ACCOUNTS:
            self.stdout.write(
                "accounts: those of USERS, or of USERNAME and PASSWORD, to begin with; "
                "others beside them: manage.py account create NAME --role ROLE"
            )
        else:
            names = f"BUCKET={settings.BUCKET} TABLE={settings.TABLE} " if settings.TABLE else ""
            again = f"{names}.venv/bin/python manage.py first_account --reset"
            there = "exists" if accounts.lookup(accounts.FIRST_NAME) else "not made, there are others already"
            self.stdout.write(f"account {accounts.FIRST_NAME} {where}: {there}; a new password for it: {again}")
