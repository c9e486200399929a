"""What happens in the bucket by itself: events as S3 sends them, over moto."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import events, publishing, storage
from packages.models import File
from packages.store import store
from tests.builders import Built, a_wheel, an_origin, an_sdist
from tests.conftest import BUCKET, Publish
from tests.test_publishing import purged
from tests.views.test_uploads import files_listed

DEMO = NormalizedName("demo-pkg")
CREATED, REMOVED, MARKED = "ObjectCreated:Put", "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"

pytestmark = pytest.mark.parametrize("home", ["aws"], indirect=True)


def record(key: str, name: str = CREATED, bucket: str = BUCKET) -> dict[str, Any]:
    """One record of an event; S3 quotes keys as forms do."""
    return {
        "eventSource": "aws:s3",
        "eventName": name,
        "s3": {
            "configurationId": "elastic-pypi:packages.events.on_bucket_change",
            "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
            "object": {"key": quote_plus(key), "size": 1, "sequencer": "0"},
        },
    }


def happen(*records: dict[str, Any]) -> None:
    events.on_bucket_change({"Records": list(records)}, None)


@pytest.fixture
def drop(home: str) -> Callable[..., str]:
    """Drop a file into the bucket, as people do with AWS's own tools; gives its key."""

    def put(built: Built, folder: str = "") -> str:
        key = f"{folder}{built.filename}"
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=built.content)
        return key

    return put


def keys() -> set[str]:
    """What lies in the bucket's drop zone."""
    found = boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"] for item in found if not item["Key"].startswith(storage.MANAGED)}


def key_of(built: Built) -> str:
    return storage.key_for(DEMO, built.sha256, built.filename)


@pytest.mark.parametrize("folder", ["", "some/where/", "with space+plus/"])
def test_publishes_what_is_dropped_and_takes_it_away(alice: Client, drop: Callable[..., str], folder: str) -> None:
    wheel, sdist = a_wheel("demo-pkg", "1.0+local.1"), an_sdist()
    happen(record(drop(wheel, folder)), record(drop(sdist, folder)))
    assert set(files_listed(alice)) == {wheel.filename, sdist.filename}
    assert keys() == set()
    file = alice.get(f"/packages/demo-pkg/{wheel.filename}")
    assert file.getvalue() == wheel.content
    (urls,) = [alice.get("/pypi/demo-pkg/1.0+local.1/json").json()["urls"]]
    digests = wheel.received().digests
    assert urls[0]["digests"]["sha256"] == digests["sha256"]
    assert urls[0]["md5_digest"] == digests["md5"]


def test_the_same_event_again_and_again_changes_nothing(alice: Client, drop: Callable[..., str]) -> None:
    wheel = a_wheel()
    dropped = record(drop(wheel))
    happen(dropped, dropped)
    serial = alice.get("/simple/demo-pkg/")["X-PyPI-Last-Serial"]
    happen(dropped)
    assert files_listed(alice) == [wheel.filename]
    assert alice.get("/simple/demo-pkg/")["X-PyPI-Last-Serial"] == serial


def test_the_same_bytes_dropped_again_are_taken_away(alice: Client, drop: Callable[..., str], publish: Publish) -> None:
    happen(record(drop(publish())))
    assert keys() == set()


def test_a_drop_that_replaced_another_one_leaves_neither(alice: Client, drop: Callable[..., str]) -> None:
    # The bucket keeps versions, and deleting one brings the one before it back.
    wheel = a_wheel()
    happen(record(drop(Built(wheel.filename, b"no zip", b""))))
    assert keys() == {wheel.filename}
    happen(record(drop(wheel)))
    assert files_listed(alice) == [wheel.filename]
    assert keys() == set()


def test_what_is_refused_stays_and_the_log_says_why(
    alice: Client, drop: Callable[..., str], publish: Publish, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    publish()
    settings.MAX_UPLOAD_SIZE = 1500
    other = drop(a_wheel(files={"more.py": b"#"}), "other/")
    broken = drop(Built("demo_pkg-2.0-py3-none-any.whl", b"no zip", b""))
    text = drop(Built("read me\n.txt", b"hello", b""))
    large = drop(Built("demo_pkg-3.0-py3-none-any.whl", b"x" * 2000, b""))
    fine = drop(a_wheel(version="4.0"))
    with caplog.at_level(logging.WARNING):
        happen(*map(record, [other, broken, text, large, fine]))
    assert keys() == {other, broken, text, large}
    assert len(files_listed(alice)) == 2
    reasons = [message.getMessage() for message in caplog.records if message.levelno == logging.WARNING]
    for reason, sentence in zip(
        reasons,
        ["File already exists", "is not a valid zip archive", "only letters, digits", "File too large"],
        strict=True,
    ):
        assert sentence in reason
        assert "\n" not in reason


@pytest.mark.parametrize(
    "strange",
    [
        record("demo_pkg-1.0-py3-none-any.whl", bucket="another-bucket"),
        record("gone-1.0-py3-none-any.whl"),
        record("folder/"),
        record("incoming/demo-pkg/abc/demo_pkg-1.0.tar.gz"),
        record("files/demo-pkg/abc/demo_pkg-1.0.tar.gz"),
        record("files/demo-pkg/abc/demo_pkg-1.0.tar.gz", REMOVED),
        record("files/de mo/abc/demo_pkg-1.0.tar.gz", REMOVED),
        record("files/demo-pkg/abc/readme.txt", REMOVED),
        record("files/short", REMOVED),
        record("demo_pkg-1.0-py3-none-any.whl", REMOVED),
        record("demo_pkg-1.0-py3-none-any.whl", "ObjectRestore:Completed"),
        {**record("x"), "s3": {"bucket": {"name": BUCKET}, "object": {"key": "%ff"}}},
        {"eventSource": "aws:sns"},
        {"eventName": CREATED, "s3": {"bucket": {"name": BUCKET}, "object": {"key": None}}},
        {"eventName": CREATED, "s3": {"bucket": {"name": BUCKET}, "object": {"key": 7}}},
        {"eventName": CREATED, "s3": None},
        record(""),
        {"Event": "s3:TestEvent", "eventName": None, "s3": None},
    ],
)
def test_events_that_mean_nothing_do_nothing(
    alice: Client, publish: Publish, drop: Callable[..., str], strange: dict[str, Any]
) -> None:
    published = publish()
    # Objects that would be taken in if they were looked at.
    for key in ("incoming/demo-pkg/abc/demo_pkg-2.0.tar.gz", "files/demo-pkg/abc/demo_pkg-2.0.tar.gz"):
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=an_sdist(version="2.0").content)
    behind = drop(a_wheel("behind"))
    happen(strange, record(behind))
    assert files_listed(alice) == [published.filename]
    assert files_listed(alice, "behind") == [behind]


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": []}])
def test_an_event_without_records_is_nothing(home: str, event: dict[str, Any]) -> None:
    events.on_bucket_change(event, None)


@pytest.mark.parametrize(
    "ours",
    [
        "incoming/demo-pkg/abc/demo_pkg-2.0.tar.gz",
        "files/demo-pkg/abc/demo_pkg-2.0.tar.gz",
        "pages/demo_pkg-2.0.tar.gz",
    ],
)
def test_takes_in_nothing_of_its_own(alice: Client, ours: str) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key=ours, Body=an_sdist(version="2.0").content)
    happen(record(ours))
    assert files_listed(alice) == []
    boto3.client("s3").head_object(Bucket=BUCKET, Key=ours)


def test_takes_in_nothing_for_another_bucket(alice: Client, drop: Callable[..., str]) -> None:
    key = drop(a_wheel())
    happen(record(key, bucket="another-bucket"))
    assert keys() == {key}


def test_a_fault_of_ours_in_one_record_stops_no_other(
    alice: Client, drop: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call = BaseClient._make_api_call

    def faulty(client: BaseClient, operation: str, arguments: Any) -> Any:
        if arguments.get("Key") == "faulty-1.0.tar.gz":
            raise RuntimeError("a mistake")
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", faulty)
    with pytest.raises(events.Unfinished, match="1 of 2 records"):
        happen(record("faulty-1.0.tar.gz"), record(drop(a_wheel())))
    assert files_listed(alice) == ["demo_pkg-1.0-py3-none-any.whl"]


@pytest.mark.parametrize("name", [REMOVED, MARKED])
def test_forgets_a_file_that_was_deleted_in_the_bucket(alice: Client, publish: Publish, name: str) -> None:
    wheel, kept = publish(), publish(an_sdist())
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=key_of(wheel))
    happen(record(key_of(wheel), name))
    assert files_listed(alice) == [kept.filename]
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").status_code == 404
    happen(record(key_of(wheel), name))
    # The same bytes may come back, others may not.
    assert alice.post("/legacy/", a_wheel(files={"more.py": b"#"}).upload()).status_code == 400
    publish(wheel)
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


def test_remembers_a_file_whose_bytes_are_there(alice: Client, publish: Publish) -> None:
    wheel = publish()
    # Out of order: it was deleted, and has been put back since.
    happen(record(key_of(wheel), REMOVED))
    assert files_listed(alice) == [wheel.filename]


def test_remembers_a_file_whose_bytes_lie_under_another_key(
    alice: Client, publish: Publish, settings: Settings
) -> None:
    settings.OVERWRITE = True
    first, second = publish(), publish(a_wheel(files={"more.py": b"#"}))
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=key_of(first))
    happen(record(key_of(first), REMOVED))
    assert files_listed(alice) == [second.filename]


def test_remembers_a_file_that_came_back_while_it_was_being_forgotten(
    alice: Client, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = publish()
    publishing.remove(DEMO, "1.0", by=an_origin())
    storage.delete(key_of(wheel))
    call, again = BaseClient._make_api_call, [wheel]

    def coming_back(client: BaseClient, operation: str, arguments: Any) -> Any:
        answer = None
        try:
            answer = call(client, operation, arguments)
        finally:
            # After it has been looked for, and before the row is written.
            if operation == "HeadObject" and again:
                publish(again.pop())
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", coming_back)
    happen(record(key_of(wheel), REMOVED))
    assert again == []
    assert files_listed(alice) == [wheel.filename]
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


def test_its_own_purge_is_no_news(alice: Client, publish: Publish) -> None:
    wheel = publish()
    purged(DEMO, "1.0")
    (row,) = store().query("project#demo-pkg", "file#")
    happen(record(key_of(wheel), REMOVED))
    (after,) = store().query("project#demo-pkg", "file#")
    assert isinstance(after, File)
    assert after.revision == row.revision


class Failing:
    """AWS, of which one operation fails for one key."""

    def __init__(self, operation: str, key: str) -> None:
        self.operation, self.key, self.failing = operation, key, True
        self._call = BaseClient._make_api_call

    def __call__(self, client: BaseClient, operation: str, arguments: Any) -> Any:
        if self.failing and operation == self.operation and arguments.get("Key", self.key) == self.key:
            answer: Any = {"Error": {"Code": "SlowDown"}, "ResponseMetadata": {"HTTPStatusCode": 503}}
            raise ClientError(answer, operation)
        return self._call(client, operation, arguments)


@pytest.mark.parametrize(
    "operation", ["HeadObject", "GetObject", "PutObject", "CopyObject", "TransactWriteItems", "DeleteObject"]
)
def test_a_record_that_fails_stops_no_other_and_is_tried_again(
    alice: Client, drop: Callable[..., str], monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    wheel, other = a_wheel(), a_wheel("other")
    first, second = drop(wheel), drop(other)
    failing = Failing(operation, key_of(wheel) if operation in {"PutObject", "CopyObject"} else first)
    if operation == "PutObject":
        failing.key += ".metadata"
    monkeypatch.setattr(BaseClient, "_make_api_call", lambda *arguments: failing(*arguments))
    with pytest.raises(events.Unfinished, match=r"of 2 records of an S3 event are to be tried again"):
        happen(record(first), record(second))
    if operation != "TransactWriteItems":
        assert files_listed(alice, "other") == [other.filename]
    assert first in keys()
    failing.failing = False
    happen(record(first), record(second))
    assert files_listed(alice) == [wheel.filename]
    assert files_listed(alice, "other") == [other.filename]
    assert keys() == set()


def test_a_drop_that_was_replaced_meanwhile_stays(
    alice: Client, drop: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = a_wheel()
    key = drop(wheel)
    call = BaseClient._make_api_call

    def replacing(client: BaseClient, operation: str, arguments: Any) -> Any:
        if operation == "TransactWriteItems":
            # Another file of the same name lands while the first one is being published.
            call(boto3.client("s3"), "PutObject", {"Bucket": BUCKET, "Key": key, "Body": b"other bytes"})
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", replacing)
    happen(record(key))
    assert files_listed(alice) == [wheel.filename]
    assert boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"other bytes"
