"""The tools that upload directly, as they are, against a running server of one machine."""

import os
import time
from pathlib import Path

import pytest

from packages.storage import UNFINISHED_AFTER
from tests.builders import a_wheel, an_sdist
from tests.journeys.clients import alone, program, run, succeed
from tests.journeys.server import Index, serving
from tests.journeys.test_upload_direct import Publisher, a_large_wheel, carol

pytestmark = pytest.mark.registry

__all__ = ["carol"]

# The last uv that has it; it doubles the slash before "reserve".
UV_DIRECT = ["publish", "--preview-features", "direct-publish", "--direct"]


def waiting(index: Index) -> list[str]:
    """What lies in the folder of bytes that are to be published."""
    folder = Path(index.environment["DATA_DIR"], "storage", "incoming")
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("address", ["legacy", "legacy/", "simple/", ""])
def test_uv_publishes_directly(index: Index, tmp_path: Path, address: str) -> None:
    dist = tmp_path / "dist"
    dist.mkdir()
    files = [a_large_wheel(), a_wheel("demo-large", "0.9"), an_sdist("demo-large", "0.9")]
    for built in files:
        (dist / built.filename).write_bytes(built.content)
    command: list[str | Path] = [program("uv-direct", "uv"), *UV_DIRECT, "--publish-url", index.at(address)]
    credentials = ["-u", index.username, "-p", index.password]
    for said in ("Uploading", "File already exists, skipping"):
        assert said in succeed([*command, *credentials, *dist.iterdir()], env=alone(tmp_path / "home"))
        assert index.listed("demo-large") == {built.filename: built.sha256 for built in files}
    assert waiting(index) == []
    wrong = run([*command, "-u", index.username, "-p", "guess", *dist.iterdir()], env=alone(tmp_path / "home"))
    assert wrong.code == 2
    assert "401 Invalid or non-existent authentication information." in wrong.shown


def test_twine_publishes_directly(index: Index, carol: Publisher) -> None:
    large, small = a_large_wheel(), an_sdist("demo-large", "0.9")
    carol.keep(large, small)
    first = carol.publish(index.at("legacy/"), password=index.password)
    assert (first.code, first.shown.count("Publishing demo_large")) == (0, 1), first
    assert index.listed("demo-large") == {built.filename: built.sha256 for built in (large, small)}
    again = carol.publish(index.at("legacy/"), password=index.password)
    assert again.code == 0
    assert f"{large.filename} is published already, with the same content" in again.shown
    other = a_large_wheel(summary="Other bytes")
    carol.keep(other)
    refused = carol.publish(index.at("legacy/"), password=index.password)
    assert refused.code == 1
    assert f"File already exists ('{large.filename}', with sha256 hash '{large.sha256}')" in refused.shown
    assert waiting(index) == []


def test_what_was_never_finished_is_gone_after_a_day(index: Index, tmp_path: Path) -> None:
    folder = Path(index.environment["DATA_DIR"], "storage", "incoming", "demo", "a" * 64)
    folder.mkdir(parents=True)
    old, fresh = folder / "demo-1.0.tar.gz", folder / "demo-2.0.tar.gz"
    for path, age in ((old, UNFINISHED_AFTER + 60), (fresh, 60)):
        path.write_bytes(b"bytes")
        moment = time.time() - age
        os.utime(path, (moment, moment))
    index.manage("tidy")
    assert waiting(index) == [fresh.name]
    index.manage("tidy", "--older-than", "0")
    assert waiting(index) == []


def test_a_start_tidies_up(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "storage" / "incoming"
    folder.mkdir(parents=True)
    draft = folder / ".draft"
    draft.write_bytes(b"half")
    os.utime(draft, (0, 0))
    with serving(tmp_path) as index:
        assert waiting(index) == []
