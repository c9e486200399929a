"""What an upload leaves behind while it is received."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from packages import receiving
from packages.server import Lost, Spool
from tests.builders import a_wheel
from tests.conftest import basic


def test_nothing_stays_in_the_folder_of_incoming_files(machine: Path) -> None:
    client = Client(headers={"authorization": basic("alice", "correct horse")})
    assert client.post("/legacy/", a_wheel().upload()).status_code == 200
    assert client.post("/legacy/", a_wheel(leave_out=("METADATA",)).upload()).status_code == 400
    assert client.post("/legacy/", a_wheel().upload(sha256_digest="0" * 64)).status_code == 400
    assert list((machine / "incoming").iterdir()) == []


def test_a_cut_off_upload_publishes_nothing(alice: Client) -> None:
    wheel = a_wheel()
    head = (
        b"--limit\r\n"
        b'Content-Disposition: form-data; name="content"; filename="' + wheel.filename.encode() + b'"\r\n\r\n'
    )
    response = alice.post("/legacy/", head + wheel.content, content_type="multipart/form-data; boundary=limit")
    assert response.status_code == 400
    assert alice.get("/simple/demo-pkg/").status_code == 404


def test_clears_only_what_no_upload_is_writing_any_more(machine: Path) -> None:
    receiving.prepare_folder()
    folder = machine / "incoming"
    old, fresh, other = folder / "tmpa.upload.whl", folder / "tmpb.upload.gz", folder / "readme.txt"
    for path in (old, fresh, other):
        path.write_bytes(b"half")
    hour_ago = time.time() - 3601
    os.utime(old, (hour_ago, hour_ago))
    os.utime(other, (hour_ago, hour_ago))
    assert receiving.clear_interrupted(time.time(), older_than=3600) == 1
    assert set(folder.iterdir()) == {other, fresh}


def test_on_s3_there_is_no_folder_to_care_for(aws: None) -> None:
    receiving.prepare_folder()
    assert receiving.clear_interrupted(time.time(), older_than=0) == 0


def test_says_when_an_upload_could_not_be_kept_while_it_came(alice: Client) -> None:
    lost: dict[str, Any] = {"wsgi.input": Lost(OSError(28, "No space left on device"))}
    response = alice.generic("POST", "/legacy/", b"x" * 99, content_type="multipart/form-data; boundary=a", **lost)
    assert response.status_code == 503
    assert response.reason_phrase == (
        "The upload cannot be stored right now (No space left on device); try again later."
    )


def test_a_spool_drops_what_its_disk_does_not_take() -> None:
    kept: list[bytes] = []

    class Disk:
        closed = False

        def append(self, content: bytes) -> None:
            if kept:
                raise OSError(28, "No space left on device")
            kept.append(content)

        def close(self) -> None:
            self.closed = True

        def __len__(self) -> int:
            return len(kept)

    disk = Disk()
    spool = Spool(disk)
    for content in (b"first", b"second", b"third"):
        spool.append(content)
    assert (kept, disk.closed) == ([b"first"], True)
    with pytest.raises(OSError, match="No space left"):
        spool.getfile().read(10)


def test_says_when_an_upload_cannot_be_stored(machine: Path) -> None:
    (machine / "incoming").write_text("in the way")
    client = Client(headers={"authorization": basic("alice", "correct horse")})
    response = client.post("/legacy/", a_wheel().upload())
    assert response.status_code == 503
    assert "The upload cannot be stored right now" in response.content.decode()
