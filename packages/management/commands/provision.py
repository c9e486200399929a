"""``manage.py provision``: make the table and the bucket that the settings name."""

import itertools
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from packages import storage
from packages.errors import PackagesError


class Command(BaseCommand):
    """Make what is missing, leave what is there, say which."""

    help = "Create the DynamoDB table and the S3 bucket named by TABLE and BUCKET; safe to repeat."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Provision both."""
        if not settings.TABLE:
            self.stdout.write(f"Nothing to provision: BUCKET and TABLE are not set, data lives in {settings.DATA_DIR}.")
            return
        from packages.store import dynamodb

        try:
            for step in itertools.chain(dynamodb.provision(), storage.provision()):
                self.stdout.write(step)
        except PackagesError as error:
            raise CommandError(str(error)) from error
