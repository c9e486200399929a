"""How often a request goes to the index and to storage: counted on the wire to AWS, where each call costs."""

import random

import boto3
import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, publishing, storage
from packages.access import Role, Scope
from tests.builders import a_wheel, an_origin
from tests.conftest import BUCKET, Publish, basic
from tests.counting import Calls, counting
from tests.views.test_direct import announcement

pytestmark = pytest.mark.parametrize("home", ["aws"], indirect=True)


@pytest.fixture
def calls(home: str, alice: Client, monkeypatch: pytest.MonkeyPatch) -> Calls:
    counted = counting(monkeypatch)
    # The password is looked at once; that costs a test of its own.
    assert alice.get("/simple/").status_code == 200
    counted.clear()
    return counted


def test_an_upload_is_one_write_and_stores_two_objects(alice: Client, publish: Publish, calls: Calls) -> None:
    publish()
    # And once looks whether the project's page has what it shows of such metadata, and keeps that.
    assert calls.since() == {"BatchGetItem": 2, "PutObject": 2, "TransactWriteItems": 1, "GetItem": 1, "PutItem": 1}


def test_the_same_upload_again_stores_nothing(alice: Client, publish: Publish, calls: Calls) -> None:
    publish()
    calls.since()
    publish()
    # It looks whether the bytes are still there.
    assert calls.since() == {"BatchGetItem": 1, "HeadObject": 1}


def test_a_refused_upload_stores_nothing(alice: Client, publish: Publish, calls: Calls) -> None:
    publish()
    calls.since()
    assert alice.post("/legacy/", a_wheel(files={"more.py": b"#"}).upload()).status_code == 400
    assert calls.since() == {"BatchGetItem": 1}
    alice.post("/legacy/", a_wheel(leave_out=("METADATA",)).upload())
    assert calls.since() == {}


def test_a_direct_upload_moves_no_bytes_through_the_index(alice: Client, calls: Calls) -> None:
    wheel = a_wheel(files={"big.bin": random.Random(7).randbytes(1_000_000)})
    form = announcement(wheel)
    assert alice.post("/legacy/reserve", form).status_code == 201
    assert calls.since() == {"BatchGetItem": 1, "HeadObject": 1}
    # As S3 keeps what was put by the signed address; moto keeps no checksum there.
    key = storage.incoming_key_for(NormalizedName("demo-pkg"), wheel.sha256, wheel.filename)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=wheel.content, ChecksumAlgorithm="SHA256")
    calls.clear()
    assert alice.post("/legacy/finalize", form).status_code == 200
    assert calls.since() == {
        "HeadObject": 1,
        # The end of the wheel: its directory, and the metadata near it.
        "GetObject": 1,
        "BatchGetItem": 2,
        "PutObject": 1,
        "CopyObject": 1,
        "TransactWriteItems": 1,
        # What the project's page shows of the metadata.
        "GetItem": 1,
        "PutItem": 1,
        "ListObjectVersions": 1,
        "DeleteObject": 1,
    }
    assert alice.post("/legacy/finalize", form).status_code == 200
    assert calls.since() == {"BatchGetItem": 1, "HeadObject": 2}
    assert alice.post("/legacy/reserve", form).status_code == 200
    assert calls.since() == {"BatchGetItem": 1, "HeadObject": 1}


def test_a_yank_is_one_write(alice: Client, publish: Publish, calls: Calls) -> None:
    publish()
    calls.since()
    publishing.yank(NormalizedName("demo-pkg"), "1.0", by=an_origin())
    assert calls.since() == {"GetItem": 1, "Query": 1, "BatchGetItem": 1, "TransactWriteItems": 1}


def test_a_project_page_is_one_read_and_the_rows(alice: Client, publish: Publish, calls: Calls) -> None:
    for version in ("1.0", "2.0", "3.0"):
        publish(a_wheel(version=version))
    calls.since()
    etag = alice.get("/simple/demo-pkg/")["ETag"]
    assert calls.since() == {"GetItem": 1, "Query": 1}
    assert alice.get("/simple/demo-pkg/", headers={"if-none-match": etag}).status_code == 304
    assert calls.since() == {"GetItem": 1}
    assert alice.get("/simple/nobody/").status_code == 404
    assert calls.since() == {"GetItem": 1}


def test_the_list_of_projects_is_one_read_and_the_rows(alice: Client, publish: Publish, calls: Calls) -> None:
    publish()
    calls.since()
    etag = alice.get("/simple/")["ETag"]
    assert calls.since() == {"GetItem": 1, "Query": 1}
    assert alice.get("/simple/", headers={"if-none-match": etag}).status_code == 304
    assert calls.since() == {"GetItem": 1}


def test_a_download_is_one_read(alice: Client, publish: Publish, calls: Calls, settings: Settings) -> None:
    wheel = publish()
    address = f"/packages/demo-pkg/{wheel.filename}"
    calls.since()
    alice.get(address)
    assert calls.since() == {"BatchGetItem": 1, "GetObject": 1}
    alice.get(f"{address}.metadata")
    assert calls.since() == {"BatchGetItem": 1, "GetObject": 1}
    alice.head(address)
    assert calls.since() == {"BatchGetItem": 1}
    alice.get(address, headers={"if-none-match": f'"{wheel.sha256}"'})
    assert calls.since() == {"BatchGetItem": 1}
    settings.STREAM_LIMIT = 1
    alice.get(address)
    # The first one keeps the address that all the others are given.
    assert calls.since() == {"BatchGetItem": 1, "PutItem": 1}
    alice.get(address)
    assert calls.since() == {"BatchGetItem": 1}


def test_a_password_of_the_settings_costs_a_call_once(publish: Publish, calls: Calls) -> None:
    bob = Client(headers={"authorization": basic("bob", "with:colon")})
    publish()
    calls.since()
    bob.get("/simple/")
    # Whether there were failures; and the page.
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1, "Query": 1}
    bob.get("/simple/")
    assert calls.since() == {"GetItem": 1, "Query": 1}


def test_a_warm_password_costs_one_read(publish: Publish, calls: Calls) -> None:
    _, password = accounts.create("carol", role=Role.READER, by=an_origin())
    publish()
    carol = Client(headers={"authorization": basic("carol", str(password))})
    etag = carol.get("/simple/")["ETag"]
    calls.since()
    assert carol.get("/simple/", headers={"if-none-match": etag}).status_code == 304
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}


@pytest.mark.parametrize("account", ["alice", "carol"])
def test_a_warm_token_costs_one_read(publish: Publish, calls: Calls, account: str) -> None:
    accounts.create("carol", role=Role.READER, by=an_origin())
    text, _ = accounts.issue(account, scopes={Scope.READ}, by=an_origin())
    publish()
    client = Client(headers={"authorization": f"Bearer {text}"})
    etag = client.get("/simple/")["ETag"]
    calls.since()
    assert client.get("/simple/", headers={"if-none-match": etag}).status_code == 304
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}


def test_a_wrong_password_is_one_write(home: str, calls: Calls) -> None:
    for name in ("alice", "nobody"):
        stranger = Client(headers={"authorization": basic(name, "wrong")})
        assert stranger.get("/simple/").status_code == 401
        assert calls.since() == {"BatchGetItem": 2, "TransactWriteItems": 1}


def test_a_stranger_costs_nothing(home: str, calls: Calls) -> None:
    for address in ("/simple/", "/simple/demo-pkg/", "/packages/demo-pkg/x-1.0.tar.gz", "/pypi/demo-pkg/json"):
        assert Client().get(address).status_code == 401
    assert calls.since() == {}
