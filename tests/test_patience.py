"""AWS that fails: tried again while there is time, then said to be unavailable."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.files.base import ContentFile
from pytest_django import Settings

from packages import storage
from packages.errors import Unavailable
from packages.models import Item
from packages.patience import is_over, patience
from packages.store import store


class Aws(ThreadingHTTPServer):
    """AWS that answers every request with one failure, and counts them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Failure)
        self.asked = 0


class Failure(BaseHTTPRequestHandler):
    server: Aws

    def fail(self) -> None:
        self.server.asked += 1
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#InternalServerError"}).encode()
        self.send_response(500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_GET = do_HEAD = do_PUT = do_POST = fail

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def failing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with Aws() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        settings.BUCKET, settings.TABLE = "packages-of-tests", Item.Meta.table_name
        settings.STORAGES = {
            "default": {
                "BACKEND": "packages.storage.bucket.BucketStorage",
                "OPTIONS": {"bucket_name": settings.BUCKET},
            }
        }
        # The connection is made once for all models; one that leads elsewhere must not be found here, nor left.
        monkeypatch.setattr(Item, "_connection", None)
        yield server
        server.shutdown()
        thread.join()


def test_patience_ends() -> None:
    assert not is_over()
    with patience(60):
        assert not is_over()
        with patience(0):
            assert is_over()
        assert not is_over()
    assert not is_over()


def test_the_table_is_asked_again_but_not_without_end(failing: Aws) -> None:
    with patience(0), pytest.raises(Unavailable, match="The index's table cannot be used right now"):
        store().get(("pk", "sk"))
    assert failing.asked == 1
    with patience(0.5), pytest.raises(Unavailable):
        store().get(("pk", "sk"))
    assert failing.asked > 1


def test_the_bucket_is_asked_again_but_not_without_end(failing: Aws) -> None:
    with patience(0), pytest.raises(Unavailable, match="The file storage cannot be used right now"):
        storage.check()
    assert failing.asked == 1
    with patience(60), pytest.raises(Unavailable):
        storage.find("files/x")
    assert failing.asked == 1 + 4


def test_no_thread_that_carries_a_file_goes_on_trying(failing: Aws) -> None:
    with patience(0):
        with pytest.raises(Unavailable):
            storage.save("files/x", ContentFile(b"content"))
        assert failing.asked == 1
        with pytest.raises(Unavailable):
            storage.copy(storage.Stored(key="files/x", size=7, etag='"x"'), "files/y")
        assert failing.asked == 2
