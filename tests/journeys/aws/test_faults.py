"""AWS that fails under the function: a proxy spoils what DynamoDB and S3 answer; the index says so, in time."""

import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from packaging.utils import NormalizedName

from packages import storage
from tests.builders import Built, a_wheel
from tests.journeys.aws.emulator import Emulator, a_free_port
from tests.journeys.aws.front import Front, Kind, front
from tests.journeys.aws.function import deployed
from tests.journeys.aws.test_zip import HANDLER, PASSWORD, USERNAME, variables_for
from tests.journeys.clients import HERE, alone, program, succeed
from tests.journeys.server import ROOT, STARTING_SECONDS, a_process, environment_of_the_machine
from tests.views.test_direct import announcement

pytestmark = [pytest.mark.registry, pytest.mark.aws]

PROJECT = "demo-pkg"
# API Gateway's patience; ours has to be over before.
GATEWAY_SECONDS = 29.0


@dataclass(frozen=True)
class Faults:
    """A proxy before the emulator, and what it spoils."""

    endpoint: str

    def set(self, *rules: dict[str, Any]) -> None:
        self._control("POST", "rules", list(rules))

    def clear(self) -> None:
        self.set()
        self._control("DELETE", "fired")

    def fired(self) -> int:
        """How often something was spoilt since the last clearing."""
        return len(self._control("GET", "fired"))

    def _control(self, method: str, what: str, content: Any = None) -> Any:
        url = f"{self.endpoint}/_microburst/{what}"
        answer = requests.request(method, url, json=content, timeout=STARTING_SECONDS)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def spoiling(emulator: Emulator, folder: Path) -> Iterator[Faults]:
    faults = Faults(f"http://127.0.0.1:{a_free_port()}")
    where = ["--host", "127.0.0.1", "--port", faults.endpoint.rpartition(":")[2], "--upstream", emulator.endpoint]
    environment = {**environment_of_the_machine(), "HOME": str(folder)}
    with a_process([program("microburst"), *where], env=environment, log=folder / "faults.log"):
        deadline = time.monotonic() + STARTING_SECONDS
        while True:
            try:
                faults.clear()
                break
            except requests.ConnectionError:
                assert time.monotonic() < deadline, (folder / "faults.log").read_text()
                time.sleep(0.05)
        yield faults


@dataclass(frozen=True)
class Index:
    """The index behind an API Gateway, on an AWS that can be made to fail."""

    front: Front
    faults: Faults
    emulator: Emulator
    bucket: str

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request, which must be answered in time, and say so if it is to be tried again."""
        begun = time.monotonic()
        answer = requests.request(
            method, self.front.at(path), auth=(USERNAME, PASSWORD), timeout=60, allow_redirects=False, **options
        )
        assert time.monotonic() - begun < GATEWAY_SECONDS
        assert answer.status_code < 500 or (answer.status_code == 503 and answer.headers["Retry-After"] == "2")
        return answer

    def upload(self, built: Built) -> requests.Response:
        return self.ask("POST", "legacy/", files={"content": (built.filename, built.content)})

    def announce(self, step: str, built: Built, version: str) -> requests.Response:
        form = announcement(built, name=PROJECT, version=version)
        return self.ask("POST", f"legacy/{step}", files={name: (None, value) for name, value in form.items()})

    def assert_consistent(self) -> set[str]:
        """Every listed file has its bytes; gives the filenames."""
        self.faults.clear()
        accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
        page = self.ask("GET", f"simple/{PROJECT}/", headers=accept)
        files = page.json()["files"] if page.status_code == 200 else []
        s3 = self.emulator.client("s3")
        for file in files:
            key = f"files/{PROJECT}/{file['hashes']['sha256']}/{file['filename']}"
            assert s3.head_object(Bucket=self.bucket, Key=key)["ContentLength"] == file["size"]
            assert s3.head_object(Bucket=self.bucket, Key=f"{key}.metadata")["ContentLength"] > 0
        return {file["filename"] for file in files}


@pytest.fixture(scope="module")
def index(zip_file: Path, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    folder = tmp_path_factory.mktemp("faults")
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(folder / "task")
    variables = variables_for(emulator, "packages-with-faults")
    succeed([HERE / "python", "manage.py", "provision"], env={**alone(folder / "home"), **variables}, cwd=ROOT)
    with spoiling(emulator, folder) as faults:
        variables["AWS_ENDPOINT_URL"] = faults.endpoint
        with (
            deployed(folder / "task", handler=HANDLER, variables=variables, folder=folder) as function,
            front(function, Kind.REST_API, patience=GATEWAY_SECONDS) as opened,
        ):
            yield Index(opened, faults, emulator, variables["BUCKET"])


@pytest.fixture(scope="module")
def published(index: Index) -> Built:
    wheel = a_wheel(PROJECT, "0.1", files={"noise.bin": bytes(range(256)) * 400})
    assert index.upload(wheel).status_code == 200
    return wheel


@pytest.fixture(autouse=True)
def _without_faults(index: Index) -> Iterator[None]:
    yield
    index.faults.clear()


def table(**fault: Any) -> dict[str, Any]:
    return {"service": "dynamodb", **fault}


def bucket(operation: str = "", **fault: Any) -> dict[str, Any]:
    return {"service": "s3", **({"operation": operation} if operation else {}), **fault}


THROTTLED: dict[str, Any] = {"error": {"code": "ProvisionedThroughputExceededException"}}
BROKEN: dict[str, Any] = {"error": {"code": "InternalServerError", "status": 500}}
SLOW_DOWN: dict[str, Any] = {"error": {"code": "SlowDown", "status": 503}}


@pytest.mark.parametrize(
    "fault",
    [
        table(**THROTTLED, times=2),
        table(**BROKEN, times=1),
        table(reset=True, times=1),
        table(timeout_ms=7000, times=1),
        table(latency={"min": 300, "max": 300}),
        bucket("GetObject", **SLOW_DOWN, times=2),
        bucket("GetObject", error={"code": "InternalError", "status": 500}, times=1),
        bucket("GetObject", reset=True, times=1),
        bucket("GetObject", response={"abort_frac": 0.3}, times=1),
        bucket("GetObject", response={"bandwidth_kbps": 4000}),
    ],
    ids=repr,
)
def test_what_passes_is_not_noticed(index: Index, published: Built, fault: dict[str, Any]) -> None:
    index.faults.set(fault)
    page = index.ask("GET", f"simple/{PROJECT}/")
    file = index.ask("GET", f"packages/{PROJECT}/{published.filename}")
    assert (page.status_code, file.status_code) == (200, 200)
    assert file.content == published.content
    assert index.faults.fired() > 0


@pytest.mark.parametrize(
    "fault",
    [
        table(**THROTTLED),
        table(**BROKEN),
        table(reset=True),
        table(timeout_ms=20_000),
        bucket(**SLOW_DOWN),
        bucket(reset=True),
        bucket(timeout_ms=20_000),
        bucket("GetObject", response={"abort_frac": 0.3}),
        bucket("GetObject", response={"corrupt_bytes": 16}),
    ],
    ids=repr,
)
def test_what_lasts_is_said_in_time(index: Index, published: Built, fault: dict[str, Any]) -> None:
    index.faults.set(fault)
    file = index.ask("GET", f"packages/{PROJECT}/{published.filename}")
    # Never "not found", and never other bytes.
    assert file.status_code == 503 or (file.status_code, file.content) == (200, published.content)
    assert index.faults.fired() > 0
    if fault["service"] == "dynamodb":
        assert file.status_code == 503


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("1.0", table(operation="BatchGetItem", **BROKEN)),
        ("1.1", table(operation="TransactWriteItems", **BROKEN)),
        ("1.2", table(operation="TransactWriteItems", error={"code": "TransactionCanceledException"})),
        ("1.3", bucket("PutObject", **SLOW_DOWN)),
        ("1.4", bucket("PutObject", reset=True)),
        ("1.5", bucket("PutObject", request={"cut_upload": {"after_bytes": 100}})),
    ],
)
def test_an_upload_is_there_whole_or_not_at_all(index: Index, version: str, fault: dict[str, Any]) -> None:
    wheel = a_wheel(PROJECT, version)
    index.faults.set(fault)
    assert index.upload(wheel).status_code == 503
    assert wheel.filename not in index.assert_consistent()
    assert index.upload(wheel).status_code == 200
    assert wheel.filename in index.assert_consistent()


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ("2.0", bucket("HeadObject", error={"code": "InternalError", "status": 500})),
        ("2.1", bucket("GetObject", **SLOW_DOWN)),
        ("2.2", bucket("PutObject", **SLOW_DOWN)),
        ("2.3", table(operation="TransactWriteItems", **BROKEN)),
        ("2.4", bucket("DeleteObject", **SLOW_DOWN)),
    ],
)
def test_finalizing_can_be_repeated(index: Index, version: str, fault: dict[str, Any]) -> None:
    wheel = a_wheel(PROJECT, version)
    # The signed address names the proxy, and the emulator takes it for its own name only.
    key = storage.incoming_key_for(NormalizedName(PROJECT), wheel.sha256, wheel.filename)
    s3 = index.emulator.client("s3")
    s3.put_object(Bucket=index.bucket, Key=key, Body=wheel.content, ChecksumAlgorithm="SHA256")
    index.faults.set(fault)
    assert index.announce("finalize", wheel, version).status_code == 503
    index.assert_consistent()
    assert index.announce("finalize", wheel, version).status_code == 200
    assert wheel.filename in index.assert_consistent()
    left = s3.list_objects_v2(Bucket=index.bucket, Prefix=storage.INCOMING)
    assert left["KeyCount"] == 0
