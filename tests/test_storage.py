"""Reading objects by parts, and what befalls them on their way."""

import io
import random
import time
from collections.abc import Iterator
from typing import IO, Any, cast

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError
from django.core.files.base import ContentFile
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName

from packages import storage
from packages.archives import read_core_metadata
from packages.errors import Unavailable
from packages.patience import patience
from packages.storage import bucket
from packages.storage.parts import PART, TAIL, PartsFile
from tests.builders import a_wheel
from tests.threads import all_at_once

CONTENT = random.Random(7).randbytes(PART + 3 * TAIL)
KEY = "files/demo-pkg/abc/demo_pkg-1.0-py3-none-any.whl"


def parts_of(content: bytes) -> tuple[PartsFile, list[tuple[int, int]]]:
    """A file by parts, and what it fetches."""
    fetched: list[tuple[int, int]] = []

    def fetch(first: int, last: int) -> bytes:
        fetched.append((first, last))
        return content[first : last + 1]

    return PartsFile(len(content), fetch), fetched


class TestParts:
    @given(st.lists(st.tuples(st.integers(0, len(CONTENT) + 10), st.integers(-1, 300_000)), max_size=6))
    def test_reads_as_any_file_does(self, reads: list[tuple[int, int]]) -> None:
        parts, _ = parts_of(CONTENT)
        whole = io.BytesIO(CONTENT)
        for position, size in reads:
            assert parts.seek(position) == whole.seek(position)
            assert parts.read(size) == whole.read(size)
            assert parts.tell() == whole.tell()

    def test_seeks_from_everywhere(self) -> None:
        parts, fetched = parts_of(CONTENT)
        assert parts.readable()
        assert parts.seekable()
        assert parts.seek(-10, io.SEEK_END) == len(CONTENT) - 10
        assert parts.seek(5, io.SEEK_CUR) == len(CONTENT) - 5
        with pytest.raises(OSError, match="before the file's beginning"):
            parts.seek(-1)
        assert fetched == []

    def test_goes_straight_on_in_large_parts(self) -> None:
        parts, fetched = parts_of(CONTENT)
        while parts.read(1000):
            pass
        assert fetched == [(0, TAIL - 1), (TAIL, TAIL + PART - 1), (TAIL + PART, len(CONTENT) - 1)]

    def test_reads_a_wheel_of_any_size_in_two_steps(self) -> None:
        wheel = a_wheel(files={"big.bin": CONTENT})
        parts, fetched = parts_of(wheel.content)
        assert read_core_metadata(cast("IO[bytes]", parts), wheel.filename) == wheel.metadata
        # The directory at the end and, near it, the metadata; not the wheel.
        assert sum(last - first + 1 for first, last in fetched) <= 2 * TAIL
        assert len(fetched) <= 2

    def test_an_empty_file_has_nothing_to_fetch(self) -> None:
        parts, fetched = parts_of(b"")
        assert parts.read() == b""
        assert fetched == []


class Spoiling:
    """S3, whose bodies are spoilt so many times."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error, self.times, self.asked = error, times, 0
        self._call = BaseClient._make_api_call

    def __call__(self, client: BaseClient, operation: str, arguments: Any) -> Any:
        answer = self._call(client, operation, arguments)
        if operation == "GetObject":
            self.asked += 1
            if self.asked <= self.times:
                answer["Body"] = SpoiltBody(self.error)
        return answer


class SpoiltBody(io.BytesIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        yield b"beginning"
        raise self._error


INCOMPLETE = IncompleteReadError(actual_bytes=1, expected_bytes=2)
RESET = ResponseStreamingError(error="Connection reset by peer")


@pytest.mark.parametrize("home", ["aws"], indirect=True)
@pytest.mark.usefixtures("home")
class TestBodies:
    @pytest.mark.parametrize("error", [INCOMPLETE, RESET])
    @pytest.mark.parametrize("times", [0, 1, 2])
    def test_a_spoilt_body_is_asked_for_again(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception, times: int
    ) -> None:
        storage.save(KEY, ContentFile(b"content"))
        spoiling = Spoiling(error, times)
        monkeypatch.setattr(BaseClient, "_make_api_call", lambda *arguments: spoiling(*arguments))
        assert storage.read(KEY) == b"content"
        assert spoiling.asked == times + 1

    def test_but_not_for_ever(self, monkeypatch: pytest.MonkeyPatch) -> None:
        storage.save(KEY, ContentFile(b"content"))
        spoiling = Spoiling(RESET, 99)
        monkeypatch.setattr(BaseClient, "_make_api_call", lambda *arguments: spoiling(*arguments))
        with pytest.raises(Unavailable, match="ResponseStreamingError"):
            storage.read(KEY)
        assert spoiling.asked == 3
        with patience(0), pytest.raises(Unavailable):
            storage.read(KEY)
        assert spoiling.asked == 4

    def test_nor_for_one_that_trickles(self, monkeypatch: pytest.MonkeyPatch) -> None:
        storage.save(KEY, ContentFile(b"content"))
        monkeypatch.setattr(bucket, "SLOWEST_BODY", -1.0)
        # A slow body alone is no reason: only a request whose patience is over waits no longer.
        assert storage.read(KEY) == b"content"
        with patience(0), pytest.raises(Unavailable, match="ReadTimeoutError"):
            storage.read(KEY)

    def test_finds_the_size_behind_a_proxy_that_drops_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        storage.save(KEY, ContentFile(b"content"))
        call = BaseClient._make_api_call

        def dropping(client: BaseClient, operation: str, arguments: Any) -> Any:
            answer = call(client, operation, arguments)
            if operation == "HeadObject":
                del answer["ContentLength"]
            return answer

        monkeypatch.setattr(BaseClient, "_make_api_call", dropping)
        stored = storage.find(KEY)
        assert stored is not None
        assert stored.size == len(b"content")

    def test_a_failure_while_an_archive_is_read_is_not_the_archives_fault(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        wheel = a_wheel()
        storage.save(KEY, ContentFile(wheel.content))
        stored = storage.find(KEY)
        assert stored is not None
        spoiling = Spoiling(RESET, 99)
        monkeypatch.setattr(BaseClient, "_make_api_call", lambda *arguments: spoiling(*arguments))
        with pytest.raises(Unavailable):
            read_core_metadata(storage.open_parts(stored), wheel.filename)

    def test_what_was_replaced_is_neither_read_nor_copied_for_the_old(self) -> None:
        storage.save(KEY, ContentFile(b"old"))
        stored = storage.find(KEY)
        assert stored is not None
        storage.save(KEY, ContentFile(b"new"))
        with pytest.raises(Unavailable, match=r"PreconditionFailed|412"):
            storage.open_parts(stored).read()

    def test_a_refusal_is_not_absence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def forbid(*_: Any) -> Any:
            answer: Any = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(answer, "HeadObject")

        monkeypatch.setattr(BaseClient, "_make_api_call", forbid)
        with pytest.raises(Unavailable, match=r"\(403\)"):
            storage.find(KEY)


class TestBothHomes:
    def test_finds_what_is_there(self, home: str) -> None:
        assert storage.find(KEY) is None
        storage.save(KEY, ContentFile(b"content"))
        stored = storage.find(KEY)
        assert stored is not None
        assert (stored.key, stored.size, stored.sha256) == (KEY, 7, None)
        assert storage.open_parts(stored).read() == b"content"

    def test_copies(self, home: str) -> None:
        storage.save(KEY, ContentFile(b"content"))
        stored = storage.find(KEY)
        assert stored is not None
        for _ in range(2):
            storage.copy(stored, "files/demo-pkg/abc/copy")
        storage.delete(KEY)
        assert storage.read("files/demo-pkg/abc/copy") == b"content"
        assert storage.find(KEY) is None
        with pytest.raises(Unavailable):
            storage.copy(stored, "files/demo-pkg/abc/another")

    def test_tidies_beside_others_who_work(self, home: str) -> None:
        def work(number: int) -> None:
            for round_number in range(20):
                key = storage.incoming_key_for(NormalizedName("demo"), f"{number}", f"{round_number}")
                storage.save(key, ContentFile(b"content"))
                stored = storage.find(key)
                assert stored is not None
                storage.delete_exactly(stored)

        all_at_once(lambda number: work(number) if number else storage.tidy(time.time(), older_than=3600), 5)
        assert storage.tidy(time.time(), older_than=3600) == 0

    def test_deletes_what_it_found(self, home: str) -> None:
        storage.save(KEY, ContentFile(b"content"))
        stored = storage.find(KEY)
        assert stored is not None
        storage.delete_exactly(stored)
        assert storage.find(KEY) is None
