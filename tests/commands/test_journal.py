"""``manage.py journal``."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from django.core.management import CommandError, call_command
from packaging.utils import NormalizedName

from packages import journal, publishing
from packages.access import ANONYMOUS
from packages.journal import Note, Origin
from packages.models import JournalEntry, Seal
from packages.store import Delete, Put, Store
from tests.builders import NOON, a_wheel, an_origin
from tests.commands.conftest import Run

AGENT = "tests/1.0"


def note(target: str, name: str = "alice", **details: str) -> None:
    journal.record(Note(action="test", target=target, details=details), an_origin(name))


@pytest.fixture
def five(run: Run) -> None:
    """Five entries; the first three are sealed."""
    for target in ("one", "two", "three"):
        note(target)
    run("journal", "seal")
    for target in ("four", "five"):
        note(target)


def stored(items: Store, serial: int) -> JournalEntry:
    return cast("JournalEntry", items.get(JournalEntry.key(serial)))


class TestList:
    def test_shows_a_line_for_each_the_newest_last(self, run: Run) -> None:
        publishing.publish(a_wheel().received(), by=an_origin(credential="token 0123456789abcdef"), overwrite=False)
        publishing.set_status(NormalizedName("demo-pkg"), "deprecated", by=an_origin(), reason="old")
        lines = run("journal", "list").splitlines()
        assert lines[0].startswith(
            "1  2026-11-23 12:00:00  publish  demo_pkg-1.0-py3-none-any.whl (demo-pkg)  "
            'by alice (token 0123456789abcdef) from 192.0.2.1  {"created_for": "alice", "sha256": "'
        )
        assert lines[1] == (
            '2  2026-11-23 12:00:00  status  demo-pkg  by alice (password) from 192.0.2.1  {"after": '
            '{"reason": "old", "status": "deprecated"}, "before": {"reason": "", "status": "active"}}'
        )

    def test_keeps_a_strangers_signs_from_the_terminal(self, run: Run) -> None:
        journal.record(
            Note(action="login-failure", target="\x1b[2Jadmin\n99", details={"why": "\x1b[31m\u202e\x9b"}),
            Origin(actor=ANONYMOUS, time=NOON, address="192.0.2.1"),
        )
        (line,) = run("journal", "list").splitlines()
        assert line == (
            "1  2026-11-23 12:00:00  login-failure  ?[2Jadmin?99  by anonymous (none) from 192.0.2.1  "
            r'{"why": "\u001b[31m\u202e\u009b"}'
        )

    @pytest.mark.usefixtures("five")
    def test_shows_as_many_as_asked_for(self, run: Run) -> None:
        def targets(*options: str) -> list[str]:
            return [json.loads(line)["target"] for line in run("journal", "list", "--json", *options).splitlines()]

        note("six", "bob")
        publishing.publish(a_wheel().received(), by=an_origin("bob"), overwrite=False)
        wheel = "demo_pkg-1.0-py3-none-any.whl"
        assert targets() == ["one", "two", "three", "four", "five", "six", wheel]
        assert targets("--last", "2") == ["six", wheel]
        assert targets("--last", "0") == []
        assert targets("--actor", "alice", "--last", "2") == ["four", "five"]
        assert targets("--actor", "bob") == ["six", wheel]
        assert targets("--project", "Demo.Pkg") == [wheel]
        assert targets("--project", "demo-pkg", "--actor", "alice") == []

    def test_has_nothing_to_show_of_a_new_index(self, run: Run) -> None:
        assert run("journal", "list") == ""


class TestExport:
    @pytest.mark.usefixtures("five")
    def test_seals_and_writes_lines_of_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        capsys.readouterr()
        call_command("journal", "export")
        out, err = capsys.readouterr()
        assert [json.loads(line)["serial"] for line in out.splitlines()] == [1, 2, 3, 4, 5]
        assert json.loads(out.splitlines()[1]) == {
            "serial": 2,
            "time": "2026-11-23T12:00:00.250000Z",
            "actor": "alice",
            "credential": "password",
            "address": "192.0.2.1",
            "agent": AGENT,
            "action": "test",
            "project": "",
            "target": "two",
            "details": {},
        }
        head = journal.head()
        assert head
        assert err == f"5:{head.digest}\n"

    @pytest.mark.usefixtures("five")
    def test_goes_on_behind_an_entry(self, run: Run) -> None:
        assert [json.loads(line)["target"] for line in run("journal", "export", "--after", "3").splitlines()] == [
            "four",
            "five",
        ]
        assert run("journal", "export", "--after", "5") == ""

    def test_writes_nothing_of_an_empty_journal(self, run: Run) -> None:
        assert run("journal", "export") == ""
        assert run("journal", "seal") == "the journal is empty\n"

    def test_stops_quietly_when_its_reader_has_enough(self, machine: Path) -> None:
        for number in range(1000):
            note(f"number {number}")
        with subprocess.Popen(
            [sys.executable, "manage.py", "journal", "export"],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "pypi_project.settings", "DATA_DIR": str(machine)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout
            assert process.stderr
            assert json.loads(process.stdout.readline())["serial"] == 1
            process.stdout.close()
            assert re.fullmatch(rb"1000:[0-9a-f]{64}\n", process.stderr.read())
        assert process.returncode == 0


class TestVerify:
    @pytest.mark.usefixtures("five")
    def test_says_how_much_is_good(self, run: Run) -> None:
        assert run("journal", "verify") == "entries that are as they were sealed: 3; not sealed yet: 2\n"
        kept = run("journal", "seal").strip()
        assert run("journal", "verify", "--sealed", kept) == "entries that are as they were sealed: 5\n"

    def test_finds_nothing_wrong_with_an_empty_journal(self, run: Run) -> None:
        assert run("journal", "verify") == "entries that are as they were sealed: 0\n"

    @staticmethod
    def edit(items: Store) -> None:
        entry = stored(items, 2)
        entry.actor = "mallory"
        items.write(Put(item=entry))

    @staticmethod
    def take_out(items: Store) -> None:
        items.write(Delete(item=stored(items, 2)))

    @staticmethod
    def take_out_the_last(items: Store) -> None:
        items.write(Delete(item=stored(items, 5)))

    @staticmethod
    def insert(items: Store) -> None:
        new = stored(items, 2)
        new.sk, new.actor = f"{2:012}~", "mallory"
        items.write(Put(item=new))

    @staticmethod
    def exchange(items: Store) -> None:
        first, second = stored(items, 1), stored(items, 2)
        first.serial, first.sk, second.serial, second.sk = second.serial, second.sk, first.serial, first.sk
        items.write(Put(item=first))
        items.write(Put(item=second))

    @staticmethod
    def append(items: Store) -> None:
        new = stored(items, 5)
        new.serial, new.sk, new.actor = 6, f"{6:012}", "mallory"
        items.write(Put(item=new))

    @staticmethod
    def take_off_the_seal(items: Store) -> None:
        items.write(Delete(item=Seal(*Seal.key(3))))

    @pytest.mark.usefixtures("five")
    @pytest.mark.parametrize(
        ("tamper", "faults"),
        [
            (edit, ["Entry 2 (test by 'mallory') was edited."]),
            (take_out, ["Entry 2 is missing."]),
            (take_out_the_last, ["The journal ends with entry 4, and should end with entry 5."]),
            (insert, ["Entry 2 (test by 'mallory') was inserted."]),
            (exchange, ["Entry 1 (test by 'alice') was edited.", "Entry 2 (test by 'alice') was edited."]),
            (append, ["Entry 6 (test by 'mallory') was inserted: the journal ends with 5."]),
            (take_off_the_seal, ["The last seal ends with entry 0, and should end with entry 3."]),
        ],
    )
    def test_finds_every_change(
        self,
        items: Store,
        capsys: pytest.CaptureFixture[str],
        tamper: Callable[[Store], None],
        faults: list[str],
    ) -> None:
        tamper(items)
        capsys.readouterr()
        number = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        with pytest.raises(CommandError, match=f"^The journal is not as it should be: {number}.$"):
            call_command("journal", "verify")
        assert capsys.readouterr().out.splitlines() == faults

    @pytest.mark.usefixtures("five")
    def test_finds_seals_that_were_made_anew_by_one_kept_elsewhere(
        self, items: Store, run: Run, capsys: pytest.CaptureFixture[str]
    ) -> None:
        kept = run("journal", "seal").strip()
        self.edit(items)
        for seal in list(items.query(Seal.PARTITION)):
            items.write(Delete(item=seal))
        items.write(Delete(item=Seal(*Seal.HEAD)))
        run("journal", "seal")
        assert run("journal", "verify") == "entries that are as they were sealed: 5\n"
        with pytest.raises(CommandError, match="1 fault"):
            call_command("journal", "verify", "--sealed", kept)
        assert capsys.readouterr().out == "The seal on entry 5 is not the one that was kept elsewhere.\n"

    @pytest.mark.parametrize("seal", ["5", "5:", f"5:{'g' * 64}", f"5:{'a' * 63}", f"-5:{'a' * 64}"])
    def test_wants_a_whole_seal(self, run: Run, seal: str) -> None:
        with pytest.raises(CommandError, match="is not a seal: SERIAL:DIGEST, as 'journal seal' shows it"):
            run("journal", "verify", f"--sealed={seal}")


@pytest.mark.usefixtures("five")
class TestVerifyAnExport:
    @pytest.fixture
    def exported(self, run: Run, tmp_path: Path) -> Path:
        path = tmp_path / "journal.jsonl"
        path.write_text(run("journal", "export"))
        return path

    def test_says_how_far_it_is_good(self, run: Run, exported: Path) -> None:
        said = f"{exported} is as it was sealed, to entry 5\n"
        assert run("journal", "verify", "--export", str(exported)) == said
        # An export goes on where the one before has ended.
        note("six")
        exported.write_text(exported.read_text() + run("journal", "export", "--after", "5"))
        assert run("journal", "verify", "--export", str(exported)) == said.replace("5\n", "6\n")
        exported.write_text(run("journal", "export", "--after", "3"))
        assert run("journal", "verify", "--export", str(exported)) == said.replace("5\n", "6\n")

    @pytest.mark.parametrize(
        ("change", "faults"),
        [
            (lambda lines: [*lines[:1], lines[1].replace("alice", "mallory"), *lines[2:]], ["1 to 3 are not those"]),
            (lambda lines: [*lines[:4], lines[4].replace("alice", "mallory")], ["4 to 5 are not those"]),
            (lambda lines: [*lines[:1], *lines[2:]], ["After entry 1 comes entry 3.", "1 to 3 are not those"]),
            (lambda lines: [*lines[:2], *lines[1:]], ["After entry 2 comes entry 2.", "1 to 3 are not those"]),
            (lambda lines: [lines[1], lines[0], *lines[2:]], ["It begins with entry 2, and the digest of the one"]),
            (lambda lines: lines[1:], ["It begins with entry 2, and the digest of the one before is not known."]),
            (lambda lines: lines[:4], ["No digest is known for the entries 4 to 4, with which it ends."]),
            (lambda lines: [], ["It holds no entry."]),
        ],
    )
    def test_finds_every_change(
        self,
        exported: Path,
        capsys: pytest.CaptureFixture[str],
        change: Callable[[list[str]], list[str]],
        faults: list[str],
    ) -> None:
        exported.write_text("".join(change(exported.read_text().splitlines(keepends=True))))
        capsys.readouterr()
        with pytest.raises(CommandError, match=f"journal.jsonl is not as it should be: {len(faults)} fault"):
            call_command("journal", "verify", "--export", str(exported))
        told = capsys.readouterr().out.splitlines()
        assert len(told) == len(faults)
        assert all(fault in line for fault, line in zip(faults, told, strict=True))

    def test_finds_one_that_was_cut_off_by_a_seal_kept_elsewhere(
        self, run: Run, exported: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        kept = run("journal", "seal").strip()
        exported.write_text("".join(exported.read_text().splitlines(keepends=True)[:3]))
        assert run("journal", "verify", "--export", str(exported)) == f"{exported} is as it was sealed, to entry 3\n"
        with pytest.raises(CommandError):
            call_command("journal", "verify", "--export", str(exported), "--sealed", kept)
        assert capsys.readouterr().out == "It ends with entry 3, before entry 5.\n"

    @pytest.mark.parametrize("line", ["{", "[]", "{}", '{"serial": "1"}', "\x00", "ÿ"])
    def test_names_a_line_that_is_no_entry(self, run: Run, exported: Path, line: str) -> None:
        exported.write_bytes(f"{exported.read_text().splitlines()[0]}\n{line}\n".encode("latin-1"))
        with pytest.raises(CommandError, match=r"Line 2 of .*journal\.jsonl is not an entry of the journal\."):
            run("journal", "verify", "--export", str(exported))

    def test_says_that_a_file_cannot_be_read(self, run: Run, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"gone\.jsonl cannot be read \(No such file or directory\)"):
            run("journal", "verify", "--export", str(tmp_path / "gone.jsonl"))


def test_shows_a_persons_whole_path(run: Run) -> None:
    made = re.search(r"password  (\w{32})$", run("account", "create", "carol", "--role", "publisher"), re.MULTILINE)
    assert made
    secret = run("token", "create", "carol", "--scope", "publish", "--project", "demo-pkg", "--quiet").strip()
    publishing.publish(a_wheel().received(), by=an_origin("carol", "publisher"), overwrite=False)
    run("account", "create", "dave", "--role", "publisher")
    run("role", "grant", "demo-pkg", "dave", "owner")
    run("account", "role", "carol", "reader")
    (token,) = [json.loads(line)["id"] for line in run("token", "list", "carol", "--json").splitlines()]
    run("token", "revoke", token)
    run("role", "revoke", "demo-pkg", "carol")
    run("account", "disable", "carol")
    run("account", "password", "carol")
    run("account", "delete", "carol")
    shown = run("journal", "list")
    assert [re.split(r"\s{2,}", line)[2:4] for line in shown.splitlines()] == [
        ["account-create", "carol"],
        ["token-create", token],
        ["publish", "demo_pkg-1.0-py3-none-any.whl (demo-pkg)"],
        ["account-create", "dave"],
        ["role", "dave (demo-pkg)"],
        ["account-change", "carol"],
        ["token-revoke", token],
        ["role", "carol (demo-pkg)"],
        ["account-change", "carol"],
        ["account-password", "carol"],
        ["account-delete", "carol"],
    ]
    assert shown.count("by operator (command)") == 10
    assert secret not in shown
    assert made[1] not in shown
    assert run("journal", "seal").startswith("11:")
    assert run("journal", "verify") == "entries that are as they were sealed: 11\n"
