"""What the commands that change the index have in common."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import BaseCommand, CommandError
from packaging.utils import NormalizedName

from packages.distributions import normalized_or_none
from packages.errors import PackagesError

# How a new account's name and password are shown.
ONCE = "  user      {}\n  password  {}\n\n  The password is shown this once only: keep it."


class IndexCommand(BaseCommand):
    """A command about a project; a refusal ends it with its sentence."""

    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take the project's name."""
        parser.add_argument("project", type=project_name, help="the project's name, however it is spelled")

    def report(self, done: str, filenames: list[str]) -> None:
        """Say what was done to which files."""
        self.stdout.write("\n".join(f"{done} {filename}" for filename in filenames) or f"{done} no file")


def project_name(text: str) -> NormalizedName:
    """Normalise a project's name."""
    name = normalized_or_none(text)
    if name is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a project name")
    return name


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a refusal into the command's error."""
    try:
        yield
    except PackagesError as error:
        raise CommandError(str(error)) from error
