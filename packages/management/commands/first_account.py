"""``manage.py first_account``: make the account that an index begins with."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from packages import accounts
from packages.management.arguments import ONCE, refusals


class Command(BaseCommand):
    """Make it where there is none, and show its password once."""

    help = "Make the first account, admin, unless there is one; its password is shown once and kept nowhere."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the wish for a new password."""
        parser.add_argument("--reset", action="store_true", help="give the account a new password: the old one is lost")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account, or give it a new password."""
        with refusals():
            made = accounts.make_first(reset=options["reset"])
        if made:
            self.stdout.write(f"account {made[0]}: {'has a new password' if options['reset'] else 'created'}\n")
            self.stdout.write(ONCE.format(*made))
        elif settings.ACCOUNTS:
            self.stdout.write("accounts: USERS, or USERNAME and PASSWORD, name them; there is none to make")
        else:
            self.stdout.write(f"account {accounts.FIRST_NAME}: exists; --reset gives it a new password")
