"""Fixtures, as a ladder: a home for the index → a store → clients of its web side."""

import base64
import functools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.loaders import JSONFileLoader
from django.core.management import call_command
from django.test import Client
from moto import mock_aws
from pytest_django import Settings

from packages.accounts.memory import memory
from packages.models import Item
from packages.store import Store, store
from tests.builders import Built, a_wheel

BUCKET = "packages-of-tests"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files run beside one another; those that look at what is deployed once, one after the other."""
    for item in items:
        group = item.path.parent if "aws" in item.path.parent.parts else item.path
        item.add_marker(pytest.mark.xdist_group(str(group)))


@pytest.fixture(autouse=True, scope="session")
def _read_aws_descriptions_once() -> Iterator[None]:
    """boto reads what it knows of AWS anew for each session: half of what a test of that home would take."""
    read = JSONFileLoader.load_file
    known = functools.cache(lambda path: read(JSONFileLoader(), path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda self, path: known(path))
        yield


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """No test finds what another one left in this process."""
    store.cache_clear()
    memory.clear()
    yield
    store.cache_clear()


@pytest.fixture
def machine(settings: Settings, tmp_path: Path) -> Path:
    """The index on one machine; gives its DATA_DIR."""
    settings.DATA_DIR = tmp_path
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "incoming")
    settings.STORAGES = {
        "default": {
            "BACKEND": "packages.storage.folder.FolderStorage",
            "OPTIONS": {"location": str(tmp_path / "storage")},
        }
    }
    return tmp_path


@pytest.fixture
def one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS does at once, moto does in steps that threads can come between: keep them apart."""
    make_api_call = BaseClient._make_api_call
    lock = threading.RLock()

    def alone(client: BaseClient, operation: str, arguments: Any) -> Any:
        with lock:
            return make_api_call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", alone)


@pytest.fixture
def aws(settings: Settings, capsys: pytest.CaptureFixture[str], one_call_at_a_time: None) -> Iterator[None]:
    """The index on S3 and DynamoDB, as moto plays them."""
    with mock_aws():
        settings.BUCKET = BUCKET
        settings.TABLE = Item.Meta.table_name
        settings.FILE_UPLOAD_TEMP_DIR = None
        settings.STORAGES = {
            "default": {"BACKEND": "packages.storage.bucket.BucketStorage", "OPTIONS": {"bucket_name": BUCKET}}
        }
        call_command("provision")
        capsys.readouterr()
        yield


@pytest.fixture(params=["machine", "aws"])
def home(request: pytest.FixtureRequest) -> str:
    """Both homes of the index, one after the other."""
    request.getfixturevalue(request.param)
    return str(request.param)


@pytest.fixture
def items(home: str) -> Store:
    """The item store, on both engines."""
    return store()


def basic(username: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class Reader(Client):
    """A client that reads every answer to its end, as real ones do."""

    def request(self, **request: Any) -> Any:
        response: Any = super().request(**request)
        if response.streaming:
            response.streaming_content = [response.getvalue()]
        return response


@pytest.fixture
def alice(home: str) -> Client:
    """A client with the credentials of an account, on both homes."""
    return Reader(headers={"authorization": basic("alice", "correct horse")})


Publish = Callable[..., Any]


@pytest.fixture
def publish(alice: Client) -> Publish:
    """Upload a distribution as a publishing tool does, and expect success."""

    def upload(built: Built | None = None, **fields: str) -> Built:
        built = built or a_wheel()
        response = alice.post("/legacy/", built.upload(**fields))
        assert (response.status_code, response.content) == (200, b""), response.content
        return built

    return upload
