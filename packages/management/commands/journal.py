"""``manage.py journal``: every change, who made it, and whether the record of it is as it was."""

import argparse
import json
import os
import re
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from packages import journal
from packages.management.arguments import CommandGroup, Options, project_name
from packages.models import JournalEntry, Seal

SHOWN = 50


class Command(CommandGroup):
    """Show, export, seal and verify the journal."""

    help = (
        "The journal: one entry for every change, who made it, with what, from where. Entries are sealed in batches; "
        "a seal that is kept elsewhere shows later whether anything before it was changed."
    )

    def add_commands(self) -> None:
        """Say which there are."""
        latest = self.command(
            "list",
            self._list,
            "Show the last entries, a line for each, the newest at the end.",
            "journal list",
            "journal list --last 10 --project demo",
            "journal list --actor carol --json",
        )
        latest.add_argument(
            "--last", metavar="N", type=number, default=SHOWN, help="how many entries (default: %(default)s)"
        )
        latest.add_argument("--project", type=project_name, help="only changes of this project")
        latest.add_argument("--actor", help="only what this account did; also: anonymous, bucket, operator")
        latest.add_argument("--json", action="store_true", help="as JSON, a line for each entry")
        export = self.command(
            "export",
            self._export,
            "Seal what is not sealed yet, and write all entries as JSON, a line for each. The last seal is written to "
            "the standard error.",
            "journal export > journal.jsonl",
            "journal export --after 1200 >> journal.jsonl",
        )
        export.add_argument(
            "--after",
            metavar="SERIAL",
            type=number,
            default=0,
            help="only entries behind this one, a seal's for choice",
        )
        self.command(
            "seal",
            self._seal,
            "Seal what is not sealed yet, and show the last seal as SERIAL:DIGEST. Run it by a schedule, and keep "
            "what it shows where nobody can change it who can change the index.",
            "journal seal",
        )
        verify = self.command(
            "verify",
            self._verify,
            "Look whether the journal is whole and as it was sealed; every fault is a line, and the exit status 1.",
            "journal verify",
            f"journal verify --sealed 1200:{'9f' * 32}",
            "journal verify --export journal.jsonl",
        )
        verify.add_argument(
            "--sealed",
            metavar="SERIAL:DIGEST",
            type=a_seal,
            action="append",
            default=[],
            help="a seal that was kept elsewhere; may be repeated. Without one, whoever could write to the index "
            "and knew how could have made all the seals anew",
        )
        verify.add_argument(
            "--export",
            metavar="FILE",
            type=Path,
            help="look at an exported file instead, by the index's seals and these",
        )

    def _list(self, options: Options) -> None:
        for entry in _last(options["last"], options["project"], options["actor"]):
            self.stdout.write(json.dumps(journal.as_json(entry)) if options["json"] else _line(entry))

    def _export(self, options: Options) -> None:
        seal = journal.seal(timezone.now())
        if seal is None:
            return
        with _who_may_have_enough():
            for entry in journal.entries(after=options["after"], until=int(seal.last)):
                self.stdout.write(json.dumps(journal.as_json(entry)))
            self.stdout.flush()
        # Not in red: it is no error, and not for the file that the entries go to.
        self.stderr.write(_shown(seal), style_func=str)

    def _seal(self, options: Options) -> None:
        seal = journal.seal(timezone.now())
        self.stdout.write("the journal is empty" if seal is None else _shown(seal))

    def _verify(self, options: Options) -> None:
        known = dict(options["sealed"])
        if options["export"] is not None:
            self._verify_export(options["export"], known)
            return
        self._tell(journal.verify(known), "The journal is not as it should be")
        seal, newest = journal.head(), journal.newest()
        sealed = 0 if seal is None else int(seal.last)
        later = f"; not sealed yet: {newest - sealed}" if newest > sealed else ""
        self.stdout.write(f"entries that are as they were sealed: {sealed}{later}")

    def _verify_export(self, path: Path, kept: Mapping[int, str]) -> None:
        last = 0

        def exported() -> Iterator[dict[str, Any]]:
            nonlocal last
            for entry in _exported(path):
                last = entry["serial"]
                yield entry

        faults = journal.verify_exported(exported(), {**journal.seals(), **kept}, until=max(kept, default=0))
        self._tell(faults, f"{path} is not as it should be")
        self.stdout.write(f"{path} is as it was sealed, to entry {last}")

    def _tell(self, faults: Iterator[str], sentence: str) -> None:
        found = 0
        for fault in faults:
            self.stdout.write(fault)
            found += 1
        if found:
            raise CommandError(f"{sentence}: {found} {'fault' if found == 1 else 'faults'}.")


def number(text: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def a_seal(text: str) -> tuple[int, str]:
    """A serial and the digest of the seal that ends with it."""
    match = re.fullmatch(r"([0-9]{1,12}):([0-9a-f]{64})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a seal: SERIAL:DIGEST, as 'journal seal' shows it")
    return int(match[1]), match[2]


def _last(count: int, project: str | None, actor: str | None) -> list[JournalEntry]:
    if project is None and actor is None:
        return journal.latest(count)
    wanted = (
        entry
        for entry in journal.entries()
        if (project is None or entry.project == project) and (actor is None or entry.actor == actor)
    )
    return list(deque(wanted, maxlen=count))


def _line(entry: JournalEntry) -> str:
    target = entry.target
    if entry.project and entry.project != target:
        target = f"{target} ({entry.project})" if target else entry.project
    where = f" from {entry.address}" if entry.address else ""
    # In ASCII: what strangers write is not to steer the terminal of who reads it.
    details = f"  {json.dumps(json.loads(entry.details))}" if entry.details else ""
    line = f"{int(entry.serial)}  {entry.time:%Y-%m-%d %H:%M:%S}  {entry.action}  {target}"
    line = f"{line}  by {entry.actor} ({entry.credential}){where}{details}"
    return journal.printable(line, len(line))


def _shown(seal: Seal) -> str:
    return f"{int(seal.last)}:{seal.digest}"


def _exported(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as lines:
            for place, line in enumerate(lines, start=1):
                yield _entry_in(line, f"Line {place} of {path}")
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).") from error


def _entry_in(line: bytes, where: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        # Not JSON, or not even text.
        entry = None
    if not isinstance(entry, dict) or not isinstance(entry.get("serial"), int):
        raise CommandError(f"{where} is not an entry of the journal.")
    return entry


@contextmanager
def _who_may_have_enough() -> Iterator[None]:
    """Go on when the reader of a pipe has gone, as ``head`` does."""
    try:
        yield
    except BrokenPipeError:
        # Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
