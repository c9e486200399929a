"""Settings: what the environment may say, and how a start ends that it does not allow."""

import os
import runpy
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from pypi_project import settings as readers

SECRET = "chosen at random, and long enough"
OURS = (
    "ALLOWED_HOSTS",
    "BUCKET",
    "DATA_DIR",
    "HOST",
    "MAX_UPLOAD_SIZE",
    "OVERWRITE",
    "PASSWORD",
    "PORT",
    "PUBLIC_READ",
    "SECRET_KEY",
    "SERVICE",
    "STAGE",
    "STREAM_LIMIT",
    "TABLE",
    "USERNAME",
    "USERS",
)

pytestmark = pytest.mark.usefixtures("_empty_environment")


@pytest.fixture
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))


def all_settings() -> dict[str, Any]:
    return runpy.run_path(str(readers.__file__))


@pytest.mark.parametrize(
    ("value", "read"), [(None, "default"), ("", "default"), ("  ", "default"), (" a b ", "a b"), ("0", "0")]
)
def test_reads_a_text(monkeypatch: pytest.MonkeyPatch, value: str | None, read: str) -> None:
    if value is not None:
        monkeypatch.setenv("SERVICE", value)
    assert readers.text("SERVICE", "default") == read


@pytest.mark.parametrize(
    ("value", "read"),
    [(value, True) for value in ("1", "true", "True", "t", "yes", "Y", "on", " ON ")]
    + [(value, False) for value in ("0", "false", "FALSE", "f", "no", "n", "Off")],
)
def test_reads_a_boolean(monkeypatch: pytest.MonkeyPatch, value: str, read: bool) -> None:
    monkeypatch.setenv("PUBLIC_READ", value)
    assert readers.boolean("PUBLIC_READ", not read) is read


@pytest.mark.parametrize("default", [True, False])
def test_takes_an_empty_boolean_for_not_set(monkeypatch: pytest.MonkeyPatch, default: bool) -> None:
    assert readers.boolean("PUBLIC_READ", default) is default
    monkeypatch.setenv("PUBLIC_READ", " ")
    assert readers.boolean("PUBLIC_READ", default) is default


@pytest.mark.parametrize("value", ["maybe", "Maybe", "2", "-1", "yes!", "truee"])
def test_refuses_what_is_no_boolean(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PUBLIC_READ", value)
    with pytest.raises(ImproperlyConfigured, match=f"PUBLIC_READ is '{value}'; it takes true or false"):
        readers.boolean("PUBLIC_READ", False)


@pytest.mark.parametrize(("value", "read"), [("", 8000), ("0", 0), (" 80 ", 80), ("00080", 80), ("65535", 65535)])
def test_reads_a_whole_number(monkeypatch: pytest.MonkeyPatch, value: str, read: int) -> None:
    monkeypatch.setenv("PORT", value)
    assert readers.integer("PORT", 8000, least=0, most=65535) == read


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("eighty", id="a word"),
        pytest.param("80.0", id="a fraction"),
        pytest.param("-1", id="below"),
        pytest.param("65536", id="above"),
        pytest.param("+80", id="a sign"),
        pytest.param("8_0", id="Python's underscore"),
        pytest.param("0x50", id="hexadecimal"),
        pytest.param("\u0661", id="a digit beyond ASCII"),
        pytest.param("1" * 5000, id="a number that Python does not read"),
    ],
)
def test_refuses_what_is_no_whole_number_in_bounds(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PORT", value)
    with pytest.raises(ImproperlyConfigured, match=r"^PORT is .*; it takes a whole number from 0 to 65535"):
        readers.integer("PORT", 8000, least=0, most=65535)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("", 7),
        ("1", 1),
        ("104857600", 104857600),
        ("10b", 10),
        ("500MB", 500 * 1000**2),
        ("500 mb", 500 * 1000**2),
        ("2G", 2 * 1000**3),
        ("64MiB", 64 * 1024**2),
        ("64mi", 64 * 1024**2),
        ("3k", 3000),
        ("3KiB", 3072),
        ("1TB", 1000**4),
        ("1TiB", 1024**4),
    ],
)
def test_reads_a_size(monkeypatch: pytest.MonkeyPatch, value: str, read: int) -> None:
    monkeypatch.setenv("MAX_UPLOAD_SIZE", value)
    assert readers.byte_size("MAX_UPLOAD_SIZE", 7) == read


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("lots", id="a word"),
        pytest.param("0", id="nothing at all"),
        pytest.param("0GB", id="nothing in a unit"),
        pytest.param("-5MB", id="negative"),
        pytest.param("1.5GB", id="a fraction"),
        pytest.param("5iB", id="a unit without its letter"),
        pytest.param("5PB", id="an unknown unit"),
        pytest.param("MB", id="no number"),
        pytest.param("5MBit", id="something after the unit"),
        pytest.param("\u0665MB", id="a digit beyond ASCII"),
        pytest.param("9" * 16, id="beyond any disk"),
    ],
)
def test_refuses_what_is_no_size(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("MAX_UPLOAD_SIZE", value)
    with pytest.raises(ImproperlyConfigured, match=r"^MAX_UPLOAD_SIZE is .*; it takes a size such as"):
        readers.byte_size("MAX_UPLOAD_SIZE", 7)


@pytest.mark.parametrize(("value", "read"), [("", []), (" a, b ,,c,", ["a", "b", "c"]), (",", [])])
def test_reads_a_list(monkeypatch: pytest.MonkeyPatch, value: str, read: list[str]) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", value)
    assert readers.names("ALLOWED_HOSTS") == read


@pytest.mark.parametrize(
    ("environment", "accounts"),
    [
        ({}, {}),
        ({"USERS": "alice:one, bob:two,"}, {"alice": ("one", "admin"), "bob": ("two", "admin")}),
        ({"USERS": "alice:with:colon"}, {"alice": ("with:colon", "admin")}),
        ({"USERS": "alice :with space"}, {"alice": ("with space", "admin")}),
        ({"USERS": "ci=publisher:x=y:z,bob = reader:two"}, {"ci": ("x=y:z", "publisher"), "bob": ("two", "reader")}),
        ({"USERNAME": "carol", "PASSWORD": "a, b:c "}, {"carol": ("a, b:c ", "admin")}),
        (
            {"USERS": "alice=reader:one", "USERNAME": "x", "PASSWORD": "3"},
            {"alice": ("one", "reader"), "x": ("3", "admin")},
        ),
        pytest.param({"USERNAME": "desktop"}, {}, id="a desktop's own USERNAME"),
    ],
)
def test_reads_accounts(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], accounts: dict[str, tuple[str, str]]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert readers.accounts() == accounts


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        pytest.param({"USERS": "alice:one,s3cret"}, "one entry has no ':'", id="a password with a comma"),
        pytest.param({"USERS": ":s3cret"}, "USERS has an account without a name or password", id="no name"),
        pytest.param({"USERS": "alice:,bob:s3cret"}, "USERS has an account without", id="no password"),
        pytest.param({"USERS": "alice:one,alice:s3cret"}, "'alice' a second time", id="the same name twice"),
        pytest.param({"USERS": "alice=root:s3cret"}, "a role that there is not; write name:password or", id="no role"),
        pytest.param({"USERS": "alice=:s3cret"}, "a role that there is not", id="an empty role"),
        pytest.param({"USERS": "alice:one,s3cret=x:y"}, "a role that there is not", id="a password with , = and :"),
        pytest.param({"USERS": "operator:s3cret"}, "that name has a meaning", id="a name of the index's own"),
        pytest.param(
            {"USERS": "alice:s3cret" + "x" * 1024}, "over 1024 characters", id="a password too long to log in"
        ),
        pytest.param({"PASSWORD": "s3cret"}, "PASSWORD is set without USERNAME", id="half an account"),
        pytest.param({"USERNAME": "a:b", "PASSWORD": "s3cret"}, "USERNAME has an account", id="a colon in a name"),
        pytest.param(
            {"USERS": "carol:one", "USERNAME": "carol", "PASSWORD": "s3cret"},
            "USERNAME gives the account 'carol' a second time",
            id="the same name in both",
        ),
    ],
)
def test_refuses_half_an_account_without_telling_a_password(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sentence: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=sentence) as refusal:
        readers.accounts()
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("value", "read"),
    [("", []), ("127.0.0.1, 10.0.0.0/8,::1", ["127.0.0.1/32", "10.0.0.0/8", "::1/128"])],
)
def test_reads_networks(monkeypatch: pytest.MonkeyPatch, value: str, read: list[str]) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    assert [str(network) for network in readers.networks("TRUSTED_PROXIES")] == read


@pytest.mark.parametrize("value", ["proxy", "10.0.0.1/8", "*"])
def test_refuses_what_is_no_network(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TRUSTED_PROXIES", value)
    with pytest.raises(ImproperlyConfigured, match=r"^TRUSTED_PROXIES is .*; it takes IP addresses or networks"):
        readers.networks("TRUSTED_PROXIES")


def test_reads_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREATE_PROJECTS", " Admins ")
    assert readers.choice("CREATE_PROJECTS", "publishers", ["publishers", "admins"]) == "admins"
    monkeypatch.setenv("CREATE_PROJECTS", "nobody")
    with pytest.raises(ImproperlyConfigured, match=r"^CREATE_PROJECTS is 'nobody'; it takes one of publishers, admins"):
        readers.choice("CREATE_PROJECTS", "publishers", ["publishers", "admins"])


class TestSecretKey:
    @pytest.fixture(autouse=True)
    def data_dir(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
        monkeypatch.setattr(readers, "DATA_DIR", tmp_path / "new" / "data")
        return tmp_path / "new" / "data"

    def test_is_the_one_given_and_then_none_is_kept(self, monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
        monkeypatch.setenv("SECRET_KEY", f" {SECRET} ")
        assert readers.secret_key() == SECRET
        assert not data_dir.exists()

    def test_may_not_be_short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SECRET_KEY", "x" * 31)
        with pytest.raises(ImproperlyConfigured, match="SECRET_KEY is too short; it takes 32 characters") as refusal:
            readers.secret_key()
        assert "xxx" not in str(refusal.value)

    def test_is_made_once_for_its_owner_alone_and_used_again(self, data_dir: Path) -> None:
        key = readers.secret_key()
        assert len(key) >= 50
        assert readers.secret_key() == key
        (kept,) = data_dir.iterdir()
        assert kept.name == "secret-key"
        assert kept.stat().st_mode & 0o777 == 0o600
        assert data_dir.stat().st_mode & 0o777 == 0o700

    def test_is_one_for_all_who_start_at_once(self, data_dir: Path) -> None:
        with ThreadPoolExecutor(8) as starts:
            keys = {start.result() for start in [starts.submit(readers.secret_key) for _ in range(16)]}
        assert len(keys) == 1
        assert [path.name for path in data_dir.iterdir()] == ["secret-key"]

    def test_is_made_where_an_empty_one_was_left(self, data_dir: Path) -> None:
        data_dir.mkdir(parents=True)
        (data_dir / "secret-key").touch()
        key = readers.secret_key()
        assert len(key) >= 50
        assert readers.secret_key() == key

    @pytest.mark.parametrize(
        ("obstacle", "why"),
        [
            pytest.param("new", "Not a directory|File exists", id="a file above the folder"),
            pytest.param("new/data", "File exists", id="a file in the folder's place"),
            pytest.param("new/data/secret-key/x", "Is a directory", id="a folder in the key's place"),
        ],
    )
    def test_says_what_to_do_where_it_cannot_be_kept(self, tmp_path: Path, obstacle: str, why: str) -> None:
        path = tmp_path / obstacle
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        with pytest.raises(ImproperlyConfigured, match=rf"DATA_DIR '.*/new/data' cannot be written \(({why})\); set"):
            readers.secret_key()


class TestWholeStart:
    def test_without_a_word_keeps_everything_on_this_machine(self, tmp_path: Path) -> None:
        found = all_settings()
        assert (found["BUCKET"], found["TABLE"], found["HOST"], found["PORT"]) == ("", "", "127.0.0.1", 8000)
        assert (found["PUBLIC_READ"], found["OVERWRITE"], found["ACCOUNTS"]) == (False, False, {})
        assert found["STORAGES"]["default"]["BACKEND"] == "packages.storage.folder.FolderStorage"
        assert found["STORAGES"]["default"]["OPTIONS"] == {"location": str(tmp_path / "data" / "storage")}
        assert found["FILE_UPLOAD_TEMP_DIR"] == str(tmp_path / "data" / "incoming")
        assert (found["KNOWN_HOSTS"][0], found["KNOWN_BY_ADDRESS"]) == ("localhost", True)

    def test_with_a_bucket_and_a_table_keeps_nothing_here(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        for name, value in {"BUCKET": "packages", "TABLE": "index", "SECRET_KEY": SECRET}.items():
            monkeypatch.setenv(name, value)
        found = all_settings()
        assert found["STORAGES"]["default"]["BACKEND"] == "packages.storage.bucket.BucketStorage"
        assert found["STORAGES"]["default"]["OPTIONS"] == {"bucket_name": "packages"}
        assert found["FILE_UPLOAD_TEMP_DIR"] is None
        assert not (tmp_path / "data").exists()

    def test_answers_to_the_host_that_it_listens_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOST", "PyPI.corp")
        assert "pypi.corp" in all_settings()["KNOWN_HOSTS"]

    def test_answers_to_the_hosts_given_and_no_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALLOWED_HOSTS", "pypi.corp, .corp")
        found = all_settings()
        assert (found["KNOWN_HOSTS"], found["KNOWN_BY_ADDRESS"]) == (["pypi.corp", ".corp"], False)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("AWS_LAMBDA_FUNCTION_NAME", "elastic-pypi-dev"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("SERVERTYPE", "AWS Lambda"),
        ],
    )
    def test_answers_on_lambda_to_the_names_that_aws_gives(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        assert all_settings()["ON_LAMBDA"] is False
        monkeypatch.setenv(name, value)
        assert {".on.aws", ".amazonaws.com"} <= set(all_settings()["KNOWN_HOSTS"])
        monkeypatch.setenv("ALLOWED_HOSTS", "pypi.corp")
        assert all_settings()["KNOWN_HOSTS"] == ["pypi.corp"]

    @pytest.mark.parametrize(("data_dir", "below"), [("~/index", "home"), ("index", "here")])
    def test_finds_the_folder_below_a_home_or_where_it_starts(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data_dir: str, below: str
    ) -> None:
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("DATA_DIR", data_dir)
        assert all_settings()["DATA_DIR"] == tmp_path / below / "index"

    @pytest.mark.parametrize(
        "environment",
        [{"SERVICE": "Corp packages", "STAGE": "prod-1"}, {"SERVICE": "", "STAGE": ""}, {"SERVICE": "x" * 64}],
        ids=["usual", "empty", "longest"],
    )
    def test_takes_plain_names_for_service_and_stage(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert all_settings()["SERVICE"] == (environment["SERVICE"] or "elastic pypi")

    @pytest.mark.parametrize(
        ("environment", "sentence"),
        [
            pytest.param({"BUCKET": "packages"}, "BUCKET and TABLE go together", id="only a bucket"),
            pytest.param({"TABLE": "index"}, "BUCKET and TABLE go together", id="only a table"),
            pytest.param({"SERVICE": 'a"b'}, "SERVICE and STAGE take up to 64", id="a quote for the realm"),
            pytest.param({"SERVICE": "a\nb"}, "SERVICE and STAGE take up to 64", id="two lines"),
            pytest.param({"SERVICE": "é"}, "SERVICE and STAGE take up to 64", id="a letter beyond ASCII"),
            pytest.param({"STAGE": "a/b"}, "SERVICE and STAGE take up to 64", id="a path"),
            pytest.param({"STAGE": "x" * 65}, "SERVICE and STAGE take up to 64", id="too long"),
            pytest.param({"DATA_DIR": "~no-such-user/index"}, "DATA_DIR", id="the home of nobody"),
        ],
    )
    def test_refuses_what_does_not_go_together(
        self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sentence: str
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(ImproperlyConfigured, match=sentence):
            all_settings()


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=readers.BASE_DIR,
        env={"PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "eighty", "PORT is 'eighty'; it takes a whole number from 0 to 65535."),
        ("BUCKET", "packages", "BUCKET and TABLE go together"),
        ("USERS", "alice", "USERS takes name:password pairs"),
        ("DATA_DIR", "manage.py/data", "/manage.py/data' cannot be written (Not a directory); set DATA_DIR"),
    ],
)
def test_a_wrong_setting_ends_the_start_with_one_sentence(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    ended = check(**{"DATA_DIR": str(tmp_path), name: value})
    assert (ended.returncode, ended.stdout) == (1, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("error: ")
    assert sentence in line


def test_two_starts_share_the_key_that_the_first_one_made(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        started = check(DATA_DIR=str(tmp_path / "data"))
        assert (started.returncode, started.stderr) == (0, "")
        keys.append((tmp_path / "data" / "secret-key").read_text())
    assert keys[0] == keys[1] != ""


@pytest.mark.parametrize(
    ("variables", "prefix"),
    [
        ({}, None),
        ({"PUBLIC_URL": "https://packages.example"}, None),
        ({"PUBLIC_URL": "https://packages.example/"}, None),
        ({"PUBLIC_URL": "https://packages.example/pypi"}, "/pypi"),
        ({"PUBLIC_URL": "https://packages.example/our%20own/pypi/"}, "/our own/pypi"),
        # There Zappa says it, with the stage.
        ({"PUBLIC_URL": "https://packages.example/pypi/", "LAMBDA_TASK_ROOT": "/var/task"}, None),
    ],
)
def test_addresses_begin_with_the_path_that_a_proxy_takes_away(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], prefix: str | None
) -> None:
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    for name, value in {"SECRET_KEY": SECRET, **variables}.items():
        monkeypatch.setenv(name, value)
    assert all_settings()["FORCE_SCRIPT_NAME"] == prefix
