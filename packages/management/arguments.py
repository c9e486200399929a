"""What the commands that change the index have in common."""

import argparse
import getpass
import os
import pwd
import socket
import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from packaging.utils import NormalizedName

from packages.access import OPERATOR
from packages.accounts.passwords import LONGEST_PASSWORD
from packages.distributions import normalized_or_none
from packages.errors import PackagesError
from packages.journal import Origin

Options = dict[str, Any]

HELP_WIDTH = 80

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


class CommandGroup(BaseCommand, ABC):
    """A command of several, each with a help of its own; a refusal ends it with its sentence."""

    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Take one of the commands."""
        parser.epilog = f"More about each: {parser.prog} COMMAND --help"
        self._commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
        self.add_commands()

    @abstractmethod
    def add_commands(self) -> None:
        """Say which there are, by ``command``."""

    def command(self, name: str, run: Callable[[Options], None], does: str, *examples: str) -> argparse.ArgumentParser:
        """Add a command; gives the parser that takes its arguments."""
        parser = self._commands.add_parser(
            name,
            help=does,
            description=textwrap.fill(does, HELP_WIDTH),
            epilog="\n".join(["for example:", *(f"  manage.py {example}" for example in examples)]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.set_defaults(run=run)
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        """Carry out the one that was asked for."""
        with refusals():
            options["run"](options)

    def show_table(self, rows: Iterable[Sequence[str]]) -> None:
        """Show rows in columns, the first of them in capitals."""
        head, *others = rows
        lines = [[cell.upper() for cell in head], *others]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def project_name(text: str) -> NormalizedName:
    """Normalise a project's name."""
    name = normalized_or_none(text)
    if name is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a project name")
    return name


def moment(time: datetime | None, never: str = "never") -> str:
    """A time as the commands show it, in UTC."""
    return never if time is None else f"{time:%Y-%m-%d %H:%M} UTC"


def add_password_options(parser: argparse.ArgumentParser) -> None:
    """Take where a password comes from; never the password: other users of the machine see a command's arguments."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--password-stdin", action="store_true", help="take the first line of the standard input")
    source.add_argument("--prompt", action="store_true", help="ask for it twice, without showing it")


def given_password(options: Options) -> str | None:
    """The password that the operator gives; None: one is to be made."""
    if options["password_stdin"]:
        # Of more than the longest password nothing is read: it is refused all the same.
        line = sys.stdin.buffer.readline(4 * LONGEST_PASSWORD + 6)
        try:
            return line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise CommandError("The password on the standard input is not UTF-8.") from error
    if not options["prompt"]:
        return None
    if not sys.stdin.isatty():
        raise CommandError("There is no terminal to ask at: leave out --prompt, or use --password-stdin.")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two passwords are not the same: nothing was changed.")
    return password


def operator() -> Origin:
    """Whoever runs a command."""
    uid = os.getuid()
    try:
        who = pwd.getpwuid(uid).pw_name
    except KeyError:
        # Containers run programs as users that have no name.
        who = f"user {uid}"
    return Origin(actor=OPERATOR, time=timezone.now(), agent=f"manage.py, {who} on {socket.gethostname()}")


@contextmanager
def refusals() -> Iterator[None]:
    """Turn a refusal into the command's error."""
    try:
        yield
    except PackagesError as error:
        raise CommandError(str(error)) from error
