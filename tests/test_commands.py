"""Management commands: what they do, and what they say."""

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, catalog, publishing
from packages.access import Scope
from packages.errors import NotAuthenticated
from pypi_project.settings import FixedAccount
from tests.builders import NOON, a_wheel, an_origin, an_sdist

DEMO = NormalizedName("demo-pkg")
WHEEL, SDIST = "demo_pkg-1.0-py3-none-any.whl", "demo_pkg-1.0.tar.gz"


@pytest.fixture
def demo(machine: Path) -> None:
    for built in (a_wheel(), an_sdist()):
        publishing.publish(built.received(), by=an_origin(), overwrite=False)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    call_command(*arguments)
    return capsys.readouterr().out


def yanked() -> list[tuple[str, str]]:
    files = catalog.files_of(catalog.find_project(DEMO))
    return [(file.filename, file.yanked_reason) for file in files if file.yanked]


@pytest.mark.usefixtures("demo")
class TestChanges:
    def test_yank_and_unyank(self, capsys: pytest.CaptureFixture[str]) -> None:
        said = run(capsys, "yank", "Demo_Pkg", "1.0", "--reason", "broken")
        assert said == f"yanked {WHEEL}\nyanked {SDIST}\n"
        assert yanked() == [(WHEEL, "broken"), (SDIST, "broken")]
        assert run(capsys, "unyank", "demo-pkg", "1.0", "--file", SDIST) == f"unyanked {SDIST}\n"
        assert yanked() == [(WHEEL, "broken")]

    def test_remove_a_file_then_the_project(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "remove", "demo-pkg", "1.0", "--file", WHEEL) == (
            f"removed {WHEEL}\nwithin 30 days, manage.py restore demo-pkg 1.0 --file {WHEEL} takes that back\n"
        )
        assert run(capsys, "remove", "demo-pkg", "--purge") == (f"purged {WHEEL}\npurged {SDIST}\n")
        with pytest.raises(CommandError, match="There is no project demo-pkg"):
            call_command("remove", "demo-pkg")

    def test_restore_what_was_removed(self, capsys: pytest.CaptureFixture[str]) -> None:
        run(capsys, "remove", "demo-pkg", "1.0", "--file", WHEEL)
        assert run(capsys, "restore", "demo-pkg", "1.0", "--file", WHEEL) == f"restored {WHEEL}\n"
        said = run(capsys, "remove", "demo-pkg")
        assert said.endswith("within 30 days, manage.py restore demo-pkg takes that back\n")
        assert run(capsys, "restore", "demo-pkg") == f"restored {WHEEL}\nrestored {SDIST}\n"
        assert len(catalog.files_of(catalog.find_project(DEMO))) == 2

    def test_remove_says_nothing_of_a_way_back_where_there_is_none(
        self, capsys: pytest.CaptureFixture[str], settings: Settings
    ) -> None:
        settings.RESTORE_DAYS = 0
        assert run(capsys, "remove", "demo-pkg") == f"removed {WHEEL}\nremoved {SDIST}\n"

    def test_status(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "status", "demo-pkg", "archived", "--reason", "done") == "demo-pkg is archived\n"
        project = catalog.find_project(DEMO)
        assert (project.status, project.status_reason) == ("archived", "done")

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("yank", "nobody", "1.0"), "There is no project nobody"),
            (("unyank", "demo-pkg", "2.0"), "There is no release 2.0"),
            (("remove", "demo-pkg", "--file", WHEEL), "--file needs the release's VERSION"),
            (("restore", "demo-pkg", "--file", WHEEL), "--file needs the release's VERSION"),
            (("restore", "demo-pkg"), "The project demo-pkg is not removed"),
            (("remove", "x-", "1.0"), "is not a project name"),
            (("yank", "demo pkg", "1.0"), "is not a project name"),
            (("status", "demo-pkg", "gone"), "invalid choice"),
        ],
    )
    def test_refuse_in_a_sentence(self, arguments: tuple[str, ...], sentence: str) -> None:
        with pytest.raises(CommandError, match=sentence):
            call_command(*arguments)


class TestProvision:
    def test_makes_table_and_bucket_and_is_safe_to_repeat(self, aws: None, capsys: pytest.CaptureFixture[str]) -> None:
        # The fixture has provisioned already.
        said = run(capsys, "provision")
        assert said == (
            "table packages: exists\n"
            "table packages: protected from deletion\n"
            "table packages: forgets what has expired\n"
            "table packages: can be restored to any second of the last 35 days\n"
            "bucket packages-of-tests: exists\n"
            "bucket packages-of-tests: closed to the public\n"
            "bucket packages-of-tests: encrypted at rest\n"
            "bucket packages-of-tests: versioned\n"
            "bucket packages-of-tests: unfinished uploads vanish after a day\n"
            "bucket packages-of-tests: takes signed uploads from web pages\n"
        )

    def test_sets_every_safeguard(self, aws: None) -> None:
        import boto3

        table = boto3.client("dynamodb")
        description = table.describe_table(TableName="packages")["Table"]
        assert description["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        assert description["DeletionProtectionEnabled"] is True
        assert not description.get("GlobalSecondaryIndexes")
        backups = table.describe_continuous_backups(TableName="packages")["ContinuousBackupsDescription"]
        assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
        bucket = boto3.client("s3")
        name = {"Bucket": "packages-of-tests"}
        assert bucket.get_bucket_location(**name)["LocationConstraint"] == "eu-central-1"
        assert all(bucket.get_public_access_block(**name)["PublicAccessBlockConfiguration"].values())
        assert bucket.get_bucket_versioning(**name)["Status"] == "Enabled"
        rules = bucket.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        ownership = bucket.get_bucket_ownership_controls(**name)["OwnershipControls"]["Rules"]
        assert ownership == [{"ObjectOwnership": "BucketOwnerEnforced"}]

    def test_has_nothing_to_do_on_one_machine(self, machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "provision").startswith("Nothing to provision: BUCKET and TABLE are not set")


class TestFirstAccount:
    @pytest.fixture(autouse=True)
    def nobody(self, home: str, settings: Settings) -> None:
        settings.ACCOUNTS = {}

    def test_is_made_once_and_given_a_new_password(
        self, capsys: pytest.CaptureFixture[str], settings: Settings
    ) -> None:
        where = f"in the table {settings.TABLE}" if settings.TABLE else f"in {settings.DATA_DIR}"
        said = run(capsys, "first_account")
        assert said.startswith(f"account admin {where}: created\n")
        (first,) = re.findall(r"user      admin\n  password  (\w{32})\n", said)
        again = run(capsys, "first_account")
        assert again.startswith(f"account admin {where}: exists; a new password for it: ")
        assert again.endswith(".venv/bin/python manage.py first_account --reset\n")
        said = run(capsys, "first_account", "--reset")
        assert said.startswith(f"account admin {where}: has a new password\n")
        assert first not in said
        with pytest.raises(NotAuthenticated):
            accounts.identify("admin", first, an_origin())

    def test_is_not_made_beside_those_of_the_settings(
        self, capsys: pytest.CaptureFixture[str], settings: Settings
    ) -> None:
        settings.ACCOUNTS = {"alice": FixedAccount("secret")}
        assert "others beside them: manage.py account create" in run(capsys, "first_account", "--reset")

    def test_is_not_made_beside_others(self, capsys: pytest.CaptureFixture[str]) -> None:
        run(capsys, "account", "create", "carol", "--role", "admin")
        assert ": not made, there are others already; a new password for it: " in run(capsys, "first_account")
        assert ": has a new password\n" in run(capsys, "first_account", "--reset")


class TestTidy:
    def test_says_how_much_there_was(self, machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (machine / "storage" / "incoming").mkdir(parents=True)
        (machine / "storage" / "incoming" / ".draft").write_bytes(b"half")
        nothing = "purged 0 removed files that could no longer be restored\nforgot 0 expired tokens and counts\n"
        assert run(capsys, "tidy") == f"deleted 0 left by unfinished uploads\n{nothing}"
        assert run(capsys, "tidy", "--older-than", "0") == f"deleted 1 left by unfinished uploads\n{nothing}"

    @pytest.mark.usefixtures("demo")
    def test_purges_what_can_no_longer_be_restored(
        self, machine: Path, capsys: pytest.CaptureFixture[str], settings: Settings
    ) -> None:
        run(capsys, "remove", "demo-pkg", "1.0", "--file", WHEEL)
        settings.RESTORE_DAYS = 0
        # What was promised when it was removed holds.
        assert "\npurged 0 removed files" in run(capsys, "tidy")
        run(capsys, "restore", "demo-pkg", "1.0", "--file", WHEEL)
        run(capsys, "remove", "demo-pkg", "1.0", "--file", WHEEL)
        assert list(machine.glob(f"storage/files/**/{WHEEL}"))
        assert "\npurged 1 removed files" in run(capsys, "tidy")
        assert not list(machine.glob(f"storage/files/**/{WHEEL}"))

    def test_forgets_tokens_that_have_expired(self, machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
        accounts.issue("alice", scopes={Scope.READ}, expires=NOON + timedelta(days=3650), by=an_origin())
        past = an_origin(time=NOON - timedelta(days=3000))
        accounts.issue("alice", scopes={Scope.READ}, expires=past.time + timedelta(days=1), by=past)
        assert "\nforgot 1 expired tokens and counts\n" in run(capsys, "tidy")

    def test_leaves_to_aws_what_it_does_by_itself(self, aws: None, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(capsys, "tidy") == (
            "deleted 0 left by unfinished uploads; in the bucket its own lifecycle does it\n"
            "purged 0 removed files that could no longer be restored\n"
            "forgot 0 expired tokens and counts; in the table DynamoDB does it\n"
        )

    @pytest.mark.parametrize("age", ["-1", "nan", "soon"])
    def test_wants_a_number_of_hours(self, machine: Path, age: str) -> None:
        with pytest.raises(CommandError, match="is not a number of hours"):
            call_command("tidy", f"--older-than={age}")


def test_the_whole_project_passes_djangos_own_checks() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--settings", "tests.settings"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
