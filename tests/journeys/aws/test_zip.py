"""The zip that Lambda runs, at work: real clients, through each door that Lambda has for HTTP."""

import hashlib
import random
import shutil
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import requests
from pypi_simple import PyPISimple

from tests.builders import Built, a_wheel, an_sdist
from tests.journeys.aws.emulator import Emulator
from tests.journeys.aws.front import Front, Kind, front
from tests.journeys.aws.function import Function, FunctionFailed, deployed
from tests.journeys.clients import HERE, a_virtualenv, alone, installed, program, run, succeed
from tests.journeys.server import ROOT
from tests.journeys.test_direct_uploads import UV_DIRECT
from tests.journeys.test_upload_direct import Publisher, a_large_wheel, carol
from tests.views.test_direct import announcement

pytestmark = [pytest.mark.registry, pytest.mark.aws]

__all__ = ["carol"]

USERNAME, PASSWORD = "carol", "correct:horse@battery/staple"
HANDLER = "zappa.handler.lambda_handler"
SOURCE = "203.0.113.7"
TIMEOUT = 60
MEGABYTE = 1_000_000
Command = list[str | Path]
BLOB = bytes(range(256)) * 64
# What the seed's smallest function had.
LEAST_MEMORY = 128 * 1024**2


@dataclass(frozen=True)
class Deployed:
    """The index as it runs on Lambda, and the AWS that it runs on."""

    function: Function
    bucket: str
    task: Path
    variables: dict[str, str]
    emulator: Emulator

    @property
    def s3(self) -> Any:
        return self.emulator.client("s3")


@dataclass(frozen=True)
class Door:
    """The index as clients reach it."""

    front: Front
    project: str

    def at(self, path: str) -> str:
        return self.front.at(path)

    def with_credentials(self, path: str) -> str:
        scheme, _, rest = self.at(path).partition("://")
        return f"{scheme}://{USERNAME}:{quote(PASSWORD, safe='')}@{rest}"

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.request(
            options.pop("method", "GET"),
            self.at(path),
            auth=options.pop("auth", (USERNAME, PASSWORD)),
            timeout=TIMEOUT,
            allow_redirects=False,
            **options,
        )

    def listed(self, project: str) -> dict[str, str]:
        with PyPISimple(self.at("simple/"), auth=(USERNAME, PASSWORD)) as reader:
            return {file.filename: file.digests["sha256"] for file in reader.get_project_page(project).packages}


def variables_for(emulator: Emulator, name: str) -> dict[str, str]:
    """The variables of a function that has the emulator, with a bucket and a table of that name, for AWS."""
    return {
        "BUCKET": name,
        "TABLE": name,
        "STAGE": "dev",
        "SECRET_KEY": "only for tests, and long enough to be accepted",
        "USERS": f"{USERNAME}:{PASSWORD}",
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1",
        **emulator.environment,
        # The emulator knows keys, and no sessions.
        "AWS_SESSION_TOKEN": "",
    }


@pytest.fixture(scope="module")
def lambda_index(zip_file: Path, emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("lambda")
    task = folder / "task"
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(task)
    variables = variables_for(emulator, "packages-of-the-zip")
    succeed([HERE / "python", "manage.py", "provision"], env={**alone(folder / "home"), **variables}, cwd=ROOT)
    with deployed(task, handler=HANDLER, variables=variables, folder=folder) as function:
        yield Deployed(function, variables["BUCKET"], task, variables, emulator)


@pytest.fixture(scope="module", params=list(Kind), ids=[kind.name for kind in Kind])
def door(lambda_index: Deployed, request: pytest.FixtureRequest) -> Iterator[Door]:
    kind: Kind = request.param
    with front(lambda_index.function, kind, source=SOURCE) as opened:
        yield Door(opened, f"demo-{kind.name.lower().replace('_', '-')}")


def write(folder: Path, *files: Built) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for built in files:
        (folder / built.filename).write_bytes(built.content)
    return [folder / built.filename for built in files]


def test_publish_and_install(door: Door, tmp_path: Path) -> None:
    env = alone(tmp_path / "home")
    lib = a_wheel(f"{door.project}-lib", "1!2.0+local.1")
    app = a_wheel(door.project, "1.0", requires_dist=[f"{door.project}-lib"], files={"blob.bin": BLOB})
    sdist = an_sdist(door.project, "1.0")
    by_twine, by_uv = write(tmp_path / "twine", lib, sdist), write(tmp_path / "uv", app)
    options = ["--non-interactive", "--disable-progress-bar", "--repository-url", door.at("legacy/")]
    twine: Command = [program("twine"), "upload", *options, "-u", USERNAME, "-p", PASSWORD, *by_twine]
    uv: Command = [
        program("uv"),
        "publish",
        "--publish-url",
        door.at("legacy/"),
        "-u",
        USERNAME,
        "-p",
        PASSWORD,
        *by_uv,
    ]
    # A second time, for an upload that is repeated is a success.
    for _ in range(2):
        succeed(twine, env=env)
        succeed(uv, env=env)
    assert door.listed(door.project) == {built.filename: built.sha256 for built in (app, sdist)}
    index = ["--index-url", door.with_credentials("simple/")]
    for installer in ("pip", "uv"):
        python = a_virtualenv(tmp_path / f"installed by {installer}")
        if installer == "pip":
            succeed([HERE / "python", "-m", "pip", "--python", python, "install", *index, door.project], env=env)
        else:
            succeed([program("uv"), "pip", "install", "--python", python, *index, door.project], env=env)
        assert installed(python) == {door.project: "1.0", f"{door.project}-lib": "1!2.0+local.1"}
        (module,) = python.parents[1].glob("lib/*/site-packages/blob.bin")
        assert module.read_bytes() == BLOB


def test_large_files_go_past_lambda(door: Door, carol: Publisher, tmp_path: Path) -> None:
    env = alone(tmp_path / "home")
    wheel = a_large_wheel(f"{door.project}-large")
    carol.keep(wheel)
    (path,) = write(tmp_path / "dist", wheel)
    options = ["--non-interactive", "--disable-progress-bar", "--repository-url", door.at("legacy/")]
    refused = run([program("twine"), "upload", *options, "-u", USERNAME, "-p", PASSWORD, path], env=env)
    # AWS's own word: the index does not see the request.
    assert refused.code == 1
    assert "413" in refused.shown

    published = carol.publish(door.at("legacy/"), password=PASSWORD)
    assert published.code == 0, published
    assert door.listed(f"{door.project}-large") == {wheel.filename: wheel.sha256}
    index = ["--index-url", door.with_credentials("simple/"), "--trusted-host", "127.0.0.1"]
    pip: Command = [HERE / "python", "-m", "pip", "download", "--no-deps", *index, f"{door.project}-large"]
    for number in range(2):
        shown = succeed([*pip, "--dest", tmp_path / f"downloads{number}"], env=env)
        (downloaded,) = (tmp_path / f"downloads{number}").iterdir()
        assert hashlib.sha256(downloaded.read_bytes()).hexdigest() == wheel.sha256
    # The address in storage stays the same, so pip finds it in its cache.
    assert "Using cached" in shown
    python = a_virtualenv(tmp_path / "venv")
    with_uv: Command = [program("uv"), "pip", "install", "--python", python, *index[:2], f"{door.project}-large"]
    succeed(with_uv, env=env)
    assert installed(python) == {f"{door.project}-large": "1.0"}
    assert max(exchange.sent for exchange in door.front.exchanges) < MEGABYTE


@pytest.mark.parametrize("door", [Kind.FUNCTION_URL], indirect=True, ids=["FUNCTION_URL"])
def test_storage_takes_only_what_was_announced(door: Door) -> None:
    wheel = a_wheel(f"{door.project}-bound")
    form = {name: (None, value) for name, value in announcement(wheel, name=f"{door.project}-bound").items()}
    place = door.get("legacy/reserve", method="POST", files=form).json()
    url, headers = place["upload_url"], place["upload_headers"]
    other = bytes(len(wheel.content))
    other_checksum = b64encode(hashlib.sha256(other).digest()).decode()

    def put(content: bytes, **changed: str | None) -> int:
        sent = {**headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
        return requests.put(url, content, headers=sent, timeout=TIMEOUT).status_code

    assert put(other) == 400
    assert put(other, x_amz_checksum_sha256=other_checksum) == 403
    assert put(wheel.content, x_amz_checksum_sha256=None) == 403
    assert put(wheel.content, If_None_Match=None) == 403
    assert put(wheel.content + b"x") == 403
    assert requests.put(url[:-1], wheel.content, headers=headers, timeout=TIMEOUT).status_code == 403
    assert requests.get(url, timeout=TIMEOUT).status_code == 403
    assert door.get("legacy/finalize", method="POST", files=form).status_code == 400
    assert put(wheel.content) == 200
    # It is there, and cannot be replaced.
    assert put(wheel.content) == 412
    assert door.get("legacy/reserve", method="POST", files=form).json()["upload_url"] is None
    assert door.get("legacy/finalize", method="POST", files=form).status_code == 200
    assert door.listed(f"{door.project}-bound") == {wheel.filename: wheel.sha256}


def test_uv_publishes_directly(door: Door, tmp_path: Path) -> None:
    project = f"{door.project}-direct"
    files = [a_large_wheel(project), an_sdist(project, "0.9")]
    command: Command = [program("uv-direct", "uv"), *UV_DIRECT, "--publish-url", door.at("legacy/"), "-u", USERNAME]
    for _ in range(2):
        succeed([*command, "-p", PASSWORD, *write(tmp_path / "dist", *files)], env=alone(tmp_path / "home"))
    assert door.listed(project) == {built.filename: built.sha256 for built in files}


@pytest.fixture(scope="module")
def published(door: Door) -> Built:
    wheel = a_wheel(f"{door.project}-http", "1.0+a.b", files={"blob.bin": BLOB})
    answer = door.get(
        "legacy/", method="POST", files={"content": (wheel.filename, wheel.content)}, headers={"Accept": "*/*"}
    )
    assert (answer.status_code, answer.content) == (200, b"")
    return wheel


class TestHttp:
    def test_bytes_arrive_as_they_are(self, door: Door, published: Built) -> None:
        address = f"packages/{door.project}-http/{published.filename}"
        answer = door.get(address)
        assert (answer.status_code, answer.content) == (200, published.content)
        assert "Content-Encoding" not in answer.headers
        assert door.get(address.replace("+", "%2B")).content == published.content
        part = door.get(address, headers={"Range": "bytes=100-355"})
        assert (part.status_code, part.content) == (206, published.content[100:356])
        assert door.get(f"{address}.metadata").content == published.metadata
        known = door.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (known.status_code, known.content) == (304, b"")

    def test_head_says_the_length_and_nothing_else(self, door: Door, published: Built) -> None:
        head = door.get(f"packages/{door.project}-http/{published.filename}", method="HEAD")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["Content-Length"] == str(len(published.content))
        assert head.headers["Accept-Ranges"] == "bytes"

    @pytest.mark.parametrize("path", ["simple", "simple/{}", "simple/{}/", "packages/{}"])
    def test_redirects_keep_the_stage(self, door: Door, published: Built, path: str) -> None:
        name = published.filename if path.startswith("packages") else f"{door.project}-http".upper()
        answer = door.get(path.format(name))
        assert answer.status_code in {301, 302}
        followed = requests.get(door.at(path.format(name)), auth=(USERNAME, PASSWORD), timeout=TIMEOUT)
        assert followed.status_code == 200
        assert followed.url.startswith(door.front.root + "/")

    @pytest.mark.parametrize(
        ("accept", "kind"),
        [
            ("application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+json"),
            ("application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html"),
            ("text/html", "text/html"),
        ],
    )
    def test_pages_have_their_bare_type(self, door: Door, published: Built, accept: str, kind: str) -> None:
        answer = door.get(f"simple/{door.project}-http/", headers={"Accept": accept})
        assert answer.headers["Content-Type"] == kind
        assert published.filename in answer.text
        assert answer.headers["X-PyPI-Last-Serial"].isdigit()
        again = door.get(
            f"simple/{door.project}-http/", headers={"Accept": accept, "If-None-Match": answer.headers["ETag"]}
        )
        # pip takes the headers of a 304 for those of the page that it has kept.
        assert (again.status_code, again.headers["Content-Type"]) == (304, kind)

    def test_whole_addresses_have_the_stage_too(self, door: Door, published: Built) -> None:
        name = f"{door.project}-http"
        (file,) = door.get(f"pypi/{name}/json").json()["urls"]
        prefix = "" if door.front.kind is Kind.FUNCTION_URL else "/dev"
        assert file["url"] == f"https://{door.front.kind.domain}{prefix}/packages/{name}/{published.filename}"

    def test_refusals_keep_their_sentence(self, door: Door) -> None:
        stranger = door.get("simple/", auth=None)
        assert stranger.status_code == 401
        assert any(value.startswith("Basic realm=") for value in stranger.headers.values())
        missing = door.get("simple/nobody-has-this/")
        assert (missing.status_code, missing.text) == (404, "There is no project nobody-has-this in this index.\n")
        form = {"content": ("demo.txt", b"text")}
        refused = door.get("legacy/", method="POST", files=form, headers={"Accept": "application/json"})
        assert refused.status_code == 400
        assert refused.json()["code"].startswith("400 Filename 'demo.txt' has an unknown extension")


def test_each_cookie_comes_once_and_the_sender_is_whom_aws_names(lambda_index: Deployed, tmp_path: Path) -> None:
    # The index sets no cookie of its own yet: one module more does, around all that is ours.
    task = tmp_path / "task"
    shutil.copytree(lambda_index.task, task)
    (task / "telling.py").write_text(
        "from pypi_project.on_lambda import application as index\n"
        "def application(environ, start_response):\n"
        "    def start(status, headers, *more):\n"
        "        cookies = [('Set-Cookie', 'a=1'), ('Set-Cookie', 'b=2')]\n"
        "        return start_response(status, [*headers, *cookies, ('X-Sender', environ['REMOTE_ADDR'])], *more)\n"
        "    return index(environ, start)\n"
    )
    settings = task / "zappa_settings.py"
    settings.write_text(settings.read_text() + "\nAPP_MODULE = 'telling'\n")
    for compiled in task.glob("__pycache__/zappa_settings.*"):
        compiled.unlink()
    with deployed(task, handler=HANDLER, variables=lambda_index.variables, folder=tmp_path, instances=1) as function:
        for kind in Kind:
            with front(function, kind, source=SOURCE) as opened:
                spoofed = {"X-Forwarded-For": "6.6.6.6, 7.7.7.7"}
                answer = requests.get(opened.at("health/"), headers=spoofed, timeout=TIMEOUT)
                assert answer.status_code == 200
                assert answer.raw.headers.getlist("set-cookie") == ["a=1", "b=2"]
                assert answer.headers["X-Sender"] == SOURCE


def an_event(bucket: str, *records: tuple[str, str]) -> dict[str, Any]:
    """What S3 tells Lambda: names of events, and keys."""
    return {
        "Records": [
            {
                "eventSource": "aws:s3",
                "eventName": name,
                "s3": {
                    "configurationId": "elastic-pypi-dev:packages.events.on_bucket_change",
                    "bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"},
                    "object": {"key": quote_plus(key)},
                },
            }
            for name, key in records
        ]
    }


class TestBucket:
    def test_a_drop_is_published_and_a_deletion_forgotten(self, lambda_index: Deployed, door: Door) -> None:
        project = f"{door.project}-dropped"
        wheel, refused = a_wheel(project), Built("readme.txt", b"hello", b"")
        for built in (wheel, refused):
            lambda_index.s3.put_object(
                Bucket=lambda_index.bucket, Key=f"drop here/{built.filename}", Body=built.content
            )
        created = [("ObjectCreated:Put", f"drop here/{built.filename}") for built in (refused, wheel)]
        lambda_index.function.invoke_async(an_event(lambda_index.bucket, *created))
        assert door.listed(project) == {wheel.filename: wheel.sha256}
        left = lambda_index.s3.list_objects_v2(Bucket=lambda_index.bucket, Prefix="drop here/")["Contents"]
        assert [item["Key"] for item in left] == ["drop here/readme.txt"]
        key = f"files/{project}/{wheel.sha256}/{wheel.filename}"
        lambda_index.s3.delete_object(Bucket=lambda_index.bucket, Key=key)
        lambda_index.function.invoke_async(an_event(lambda_index.bucket, ("ObjectRemoved:DeleteMarkerCreated", key)))
        assert door.listed(project) == {}

    def test_an_event_of_another_bucket_is_none_of_ours(self, lambda_index: Deployed) -> None:
        assert lambda_index.function.invoke(an_event("somebody-elses", ("ObjectCreated:Put", "x-1.0.tar.gz"))) is None

    def test_a_failure_is_told_to_lambda(self, lambda_index: Deployed, tmp_path: Path) -> None:
        nowhere = {**lambda_index.variables, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
        event = an_event(lambda_index.bucket, ("ObjectCreated:Put", "demo-1.0.tar.gz"))
        with (
            deployed(lambda_index.task, handler=HANDLER, variables=nowhere, folder=tmp_path, instances=1) as function,
            pytest.raises(FunctionFailed, match="1 of 1 records of an S3 event are to be tried again"),
        ):
            function.invoke(event)


# Like a process of Lambda's: what is in the zip, and nothing else.
RENDER = """
import sys
sys.path[:] = [entry for entry in sys.path if "site-packages" not in entry and entry] + [sys.argv[1]]
from packages import readmes
from packages.readmes.rendering import LANGUAGES
code = "".join(f"```{language}\\nx = 1\\n```\\n\\n" for language in LANGUAGES.split())
markdown = readmes.render("# x\\n\\n" + code, "text/markdown")
rst = readmes.render("x\\n=\\n\\n.. code:: python\\n\\n   def f(): pass\\n", None)
print(markdown.how, '<span class="mi">' in markdown.html, rst.how, '<span class="k">' in rst.html)
"""


def test_readmes_are_rendered(lambda_index: Deployed, tmp_path: Path) -> None:
    command: Command = [sys.executable, "-I", "-S", "-c", RENDER, lambda_index.task]
    assert succeed(command, env=alone(tmp_path / "home")) == "markdown True rst True"


def a_huge_wheel(folder: Path, project: str) -> Path:
    """A wheel of 300 MB."""
    (path,) = write(folder, a_wheel(project))
    noise = random.Random(project).randbytes(MEGABYTE)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive, archive.open("noise.bin", "w") as member:
        for _ in range(300):
            member.write(noise)
    return path


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize("door", [Kind.FUNCTION_URL], indirect=True, ids=["FUNCTION_URL"])
class TestHugeFiles:
    def test_are_published_and_downloaded(self, door: Door, carol: Publisher, tmp_path: Path) -> None:
        wheel = a_huge_wheel(carol.folder / "dist", f"{door.project}-huge")
        assert carol.publish(door.at("legacy/"), password=PASSWORD).code == 0
        assert door.listed(f"{door.project}-huge") == {wheel.name: sha256_of(wheel)}
        index: Command = ["--index-url", door.with_credentials("simple/"), "--dest", tmp_path / "downloads"]
        pip: Command = [HERE / "python", "-m", "pip", "download", "--no-deps", *index, f"{door.project}-huge"]
        succeed(pip, env=alone(tmp_path / "home"))
        assert sha256_of(tmp_path / "downloads" / wheel.name) == sha256_of(wheel)

    def test_are_taken_in_from_the_bucket(self, lambda_index: Deployed, door: Door, tmp_path: Path) -> None:
        wheel = a_huge_wheel(tmp_path, f"{door.project}-hugely-dropped")
        # In parts, as AWS's own tools do it.
        lambda_index.s3.upload_file(str(wheel), lambda_index.bucket, wheel.name)
        lambda_index.function.invoke_async(an_event(lambda_index.bucket, ("ObjectCreated:Put", wheel.name)))
        assert door.listed(f"{door.project}-hugely-dropped") == {wheel.name: sha256_of(wheel)}


def test_it_all_fits_into_little_memory(lambda_index: Deployed, door: Door) -> None:
    door.get("simple/")
    assert lambda_index.function.peak_memory() < LEAST_MEMORY
