"""Mirrors of this index, made by the two tools that people make mirrors with."""

import base64
import hashlib
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from pypi_simple import ACCEPT_HTML_ONLY, ACCEPT_JSON_PREFERRED, DistributionPackage, PyPISimple

from tests.builders import a_wheel, an_sdist
from tests.journeys.clients import PATIENCE_SECONDS, alone, program, succeed
from tests.journeys.server import Index, a_process, serving

pytestmark = pytest.mark.registry

STOCK = [
    a_wheel("demo-app", "1.0", requires_dist=["demo-lib"], requires_python=">=3.9, <4"),
    an_sdist("demo-app", "1.0"),
    a_wheel("Demo.Lib", "1!2.0"),
    a_wheel("Demo.Lib", "1!2.1+corp.1"),
    a_wheel("Demo.Lib", "1!2.2"),
    an_sdist("old.style", "1.0", filename="Old.Style-1.0.tar.gz"),
]
PROJECTS = {"demo-app", "demo-lib", "old-style"}
FILES = {built.filename: built.sha256 for built in STOCK}
YANKED = "demo_lib-1!2.2-py3-none-any.whl"
REASON = 'it <burns> & "smokes"'

# devpi sends the credentials of a mirrored address as they stand there, without decoding them.
PLAIN_PASSWORD = "needs-no-quoting"


@pytest.fixture(scope="module", params=["public", "private"])
def stocked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with something to mirror: open to read, and not."""
    public = {"PUBLIC_READ": "true"} if request.param == "public" else {}
    with serving(tmp_path_factory.mktemp("index"), password=PLAIN_PASSWORD, **public) as index:
        for built in STOCK:
            files = {"content": (built.filename, built.content)}
            requests.post(index.at("legacy/"), files=files, auth=index.auth, timeout=60).raise_for_status()
        index.manage("yank", "demo-lib", "1!2.2", "--reason", REASON)
        yield index


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


BANDERSNATCH = """\
[mirror]
directory = {folder}
master = {master}
api-method = simple
allow-non-https = true
json = true
release-files = true
hash-index = false
simple-format = ALL
compare-method = hash
storage-backend = filesystem
timeout = 60
workers = 2
verifiers = 1
stop-on-error = true
"""


@pytest.mark.parametrize("stocked", ["public"], indirect=True)
def test_bandersnatch_mirrors_everything_and_then_finds_nothing_new(stocked: Index, tmp_path: Path) -> None:
    # It sends no credentials with its requests for files, so what it mirrors must be open to read.
    configuration = tmp_path / "bandersnatch.conf"
    configuration.write_text(BANDERSNATCH.format(folder=tmp_path / "mirror", master=stocked.root))
    command: list[str | Path] = [program("bandersnatch"), "-c", configuration, "mirror"]

    assert f"{len(PROJECTS)} packages had changes" in succeed(command, env=alone(tmp_path / "home"))

    web = tmp_path / "mirror" / "web"
    files = [path for path in (web / "packages").rglob("*") if path.is_file()]
    assert {path.name: sha256_of(path.read_bytes()) for path in files} == FILES
    pages = [json.loads((web / "simple" / project / "index.v1_json").read_text()) for project in PROJECTS]
    listed = {file["filename"]: file for page in pages for file in page["files"]}
    assert {filename: file["hashes"]["sha256"] for filename, file in listed.items()} == FILES
    assert {filename for filename, file in listed.items() if file["yanked"]} == {YANKED}
    assert listed["demo_app-1.0-py3-none-any.whl"]["requires-python"] == ">=3.9, <4"

    assert "0 packages had changes" in succeed(command, env=alone(tmp_path / "home"))
    stocked.manage("unyank", "demo-lib", "1!2.2")
    stocked.manage("yank", "demo-lib", "1!2.2", "--reason", REASON)
    assert "1 packages had changes" in succeed(command, env=alone(tmp_path / "home"))


@contextmanager
def devpi(folder: Path) -> Iterator[str]:
    """A devpi server without any index; gives its address."""
    folder.mkdir()
    env, data = alone(folder / "home"), folder / "data"
    succeed([program("devpi-server", "devpi-init"), "--serverdir", data, "--no-root-pypi"], env=env)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    root = f"http://127.0.0.1:{port}"
    command: list[str | Path] = [program("devpi-server"), "--serverdir", data, "--port", str(port)]
    with a_process(command, env=env, log=folder / "log") as process:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(f"{root}/+api"):
            assert time.monotonic() < deadline, (folder / "log").read_text()
            assert process.poll() is None, (folder / "log").read_text()
            time.sleep(0.1)
        yield root


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=PATIENCE_SECONDS).ok
    except requests.ConnectionError:
        return False


def add_mirror(root: str, name: str, of: str) -> None:
    """Make an index of devpi that mirrors another one."""
    login = requests.post(f"{root}/+login", json={"user": "root", "password": ""}, timeout=60)
    login.raise_for_status()
    token = base64.b64encode(f"root:{login.json()['result']['password']}".encode()).decode()
    made = requests.put(
        f"{root}/root/{name}",
        headers={"X-Devpi-Auth": token},
        json={"type": "mirror", "volatile": False, "mirror_url": of},
        timeout=60,
    )
    made.raise_for_status()


@pytest.mark.parametrize("stocked", ["public", "private"], indirect=True)
def test_devpi_lists_and_serves_everything(stocked: Index, tmp_path: Path) -> None:
    public = "PUBLIC_READ" in stocked.environment
    with devpi(tmp_path / "devpi") as root:
        add_mirror(root, "ours", stocked.at("simple/") if public else stocked.with_credentials("simple/"))
        for accept in (ACCEPT_JSON_PREFERRED, ACCEPT_HTML_ONLY):
            with PyPISimple(f"{root}/root/ours/+simple/", accept=accept) as reader:
                assert set(reader.get_index_page().projects) == PROJECTS
                listed: dict[str, DistributionPackage] = {
                    package.filename: package
                    for project in PROJECTS
                    for package in reader.get_project_page(project).packages
                }
                contents = {name: reader.s.get(package.url, timeout=60).content for name, package in listed.items()}
            assert {filename: package.digests["sha256"] for filename, package in listed.items()} == FILES
            assert {filename: sha256_of(content) for filename, content in contents.items()} == FILES
            assert {name: package.yanked_reason for name, package in listed.items() if package.is_yanked} == {
                YANKED: REASON
            }
            assert listed["demo_app-1.0-py3-none-any.whl"].requires_python == ">=3.9, <4"
