"""Distributions of the public registry, published here as they are, must be listed here as they are listed there."""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests
from packaging.utils import canonicalize_name
from pypi_simple import ACCEPT_HTML_ONLY, ACCEPT_JSON_ONLY, DistributionPackage, PyPISimple

from tests.journeys.clients import CACHE, HERE, a_virtualenv, alone, installed, program, succeed, with_registry
from tests.journeys.server import Index, serving

pytestmark = pytest.mark.registry

TWINE, UV, FORM = "twine", "uv", "bare form"

# What a file is called, who publishes it, and why it is here. twine 7 refuses Metadata-Version 2.0
# and (for its classifiers) 1.0 before it sends anything; uv passes over files whose names are not
# normalised, and refuses .zip. The bare form takes what neither would send.
DISTRIBUTIONS = [
    # One release for many platforms.
    ("MarkupSafe-2.1.5.tar.gz", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-macosx_10_9_universal2.whl", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-macosx_10_9_x86_64.whl", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-manylinux_2_17_aarch64.manylinux2014_aarch64.whl", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", TWINE),
    (
        "MarkupSafe-2.1.5-cp311-cp311-manylinux_2_5_i686.manylinux1_i686.manylinux_2_17_i686.manylinux2014_i686.whl",
        TWINE,
    ),
    ("MarkupSafe-2.1.5-cp311-cp311-musllinux_1_1_aarch64.whl", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-musllinux_1_1_x86_64.whl", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-win32.whl", TWINE),
    ("MarkupSafe-2.1.5-cp311-cp311-win_amd64.whl", TWINE),
    # Other kinds of tags: an ABI for many versions, Python 2.
    ("psutil-5.9.8-cp38-abi3-macosx_11_0_arm64.whl", UV),
    ("psutil-5.9.8-cp27-none-win32.whl", UV),
    # Dots, upper case, hyphens and underscores in names; sdists named before PEP 625, and after.
    ("zope.interface-5.0.0.tar.gz", TWINE),
    ("zope.interface-5.5.2-cp311-cp311-win_amd64.whl", TWINE),
    ("ruamel.yaml-0.18.6-py3-none-any.whl", TWINE),
    ("jaraco.text-4.0.0-py3-none-any.whl", TWINE),
    ("jaraco_text-4.0.0.tar.gz", UV),
    ("backports.functools_lru_cache-1.6.1.tar.gz", TWINE),
    ("backports.functools_lru_cache-1.6.1-py2.py3-none-any.whl", TWINE),
    ("Flask-Cors-3.0.10.tar.gz", TWINE),
    ("Flask_Cors-3.0.10-py2.py3-none-any.whl", TWINE),
    ("PyYAML-3.13.tar.gz", TWINE),
    ("PyYAML-6.0.1-cp311-cp311-win_amd64.whl", TWINE),
    ("typing_extensions-4.12.2.tar.gz", UV),
    ("typing_extensions-4.12.2-py3-none-any.whl", UV),
    # Versions: an epoch, a post-release, pre-releases, a build number.
    ("antlerinator-1!3.0.1.tar.gz", UV),
    ("antlerinator-1!3.0.1-py3-none-any.whl", UV),
    ("python-dateutil-2.9.0.post0.tar.gz", TWINE),
    ("python_dateutil-2.9.0.post0-py2.py3-none-any.whl", UV),
    ("colorama-0.4.6rc1-py2.py3-none-any.whl", UV),
    ("black-23.1a1-py3-none-any.whl", UV),
    ("cffi-1.0.2-2-cp27-none-win32.whl", UV),
    # Metadata: 140 kB with hundreds of extras; specifiers of odd spelling.
    ("boto3_stubs-1.35.0-py3-none-any.whl", UV),
    ("boto3_stubs-1.35.0.tar.gz", UV),
    ("importlib_metadata-0.23-py2.py3-none-any.whl", UV),
    ("requests-2.32.3.tar.gz", UV),
    # Metadata-Version 1.0, 1.1, 1.2, 2.0, 2.4 and 2.5 (all others are 2.1); three sdists are .zip.
    ("six-1.0.0.tar.gz", UV),
    ("simplejson-1.7.3.tar.gz", UV),
    ("Jinja2-2.7.3.tar.gz", FORM),
    ("pyreadline-2.0.zip", FORM),
    ("simplegeneric-0.8.1.zip", FORM),
    ("wget-3.2.zip", TWINE),
    ("docopt-0.6.2.tar.gz", UV),
    ("atomicwrites-1.4.0.tar.gz", UV),
    ("six-1.10.0-py2.py3-none-any.whl", UV),
    ("packaging-25.0-py3-none-any.whl", UV),
    ("hatchling-1.33.0-py3-none-any.whl", UV),
]

# Files of the registry that contradict their own metadata, or PEP 440; and what we say of them.
CONTRADICTIONS = [
    ("pyzmq-15.3.0+fix-cp27-cp27m-win32.whl", "names version '15.3.0+fix', but the metadata inside says '15.3.0'"),
    ("cffi-1.0.2-2.tar.gz", "does not match its metadata: an sdist of cffi 1.0.2 should be named 'cffi-1.0.2.tar.gz'"),
    ("pytz-2004d.tar.gz", "'2004d' is invalid for 'version'"),
]

# A dependency tree, as it was on a day: some seventy wheels.
REQUIREMENTS = "jupyterlab-server\nflask[async]\nrequests[socks]\n"
DAY = "2026-10-01T00:00:00Z"


def project_of(filename: str) -> str:
    found = re.match(r"(.+?)-[0-9]", filename)
    assert found, filename
    return canonicalize_name(found[1])


def sha256_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def fetch(session: requests.Session, url: str, filename: str, sha256: str) -> Path:
    """A file of the registry, kept from run to run."""
    path = CACHE / "distributions" / sha256[:16] / filename
    if not path.exists() or sha256_of(path.read_bytes()) != sha256:
        response = session.get(url, timeout=120)
        response.raise_for_status()
        assert sha256_of(response.content) == sha256, url
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(response.content)
    return path


def publish(index: Index, tool: str, files: Sequence[Path], home: Path) -> None:
    username, password = index.auth
    if tool == TWINE:
        options = ["--non-interactive", "--disable-progress-bar", "--repository-url", index.at("legacy/")]
        succeed([program("twine"), "upload", *options, "-u", username, "-p", password, *files], env=alone(home))
    elif tool == UV:
        options = ["--publish-url", index.at("legacy/"), "--username", username, "--password", password]
        succeed([program("uv"), "publish", *options, *files], env=alone(home))
    else:
        for path in files:
            response = post(index, path)
            assert response.status_code == 200, response.text


def post(index: Index, path: Path) -> requests.Response:
    files = {"content": (path.name, path.read_bytes())}
    return requests.post(index.at("legacy/"), files=files, auth=index.auth, timeout=60)


def metadata_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return archive.read(name)


@pytest.fixture(scope="module")
def registry() -> Iterator[PyPISimple]:
    with PyPISimple() as reader:
        yield reader


@pytest.fixture(scope="module")
def originals(registry: PyPISimple) -> dict[str, DistributionPackage]:
    """What the registry says of each file."""
    filenames = [filename for filename, _ in [*DISTRIBUTIONS, *CONTRADICTIONS]]
    found = {
        package.filename: package
        for project in sorted({project_of(filename) for filename in filenames})
        for package in registry.get_project_page(project).packages
    }
    return {filename: found[filename] for filename in filenames}


@pytest.fixture(scope="module")
def archives(registry: PyPISimple, originals: dict[str, DistributionPackage]) -> dict[str, Path]:
    """The files themselves."""
    return {
        filename: fetch(registry.s, package.url, filename, package.digests["sha256"])
        for filename, package in originals.items()
    }


@pytest.fixture(scope="module")
def mirror(archives: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index that the files were published to."""
    folder = tmp_path_factory.mktemp("mirror")
    with serving(folder) as index:
        for tool in (TWINE, UV, FORM):
            files = [archives[filename] for filename, by in DISTRIBUTIONS if by == tool]
            publish(index, tool, files, folder / "home")
        yield index


@pytest.mark.parametrize("accept", [ACCEPT_JSON_ONLY, ACCEPT_HTML_ONLY], ids=["json", "html"])
def test_lists_each_file_as_the_registry_does(
    accept: str, mirror: Index, originals: dict[str, DistributionPackage], archives: dict[str, Path]
) -> None:
    filenames = {filename for filename, _ in DISTRIBUTIONS}
    projects = {project_of(filename) for filename in filenames}
    with mirror.reader(accept=accept) as reader:
        assert set(reader.get_index_page().projects) == projects
        listed = {one.filename: one for name in projects for one in reader.get_project_page(name).packages}

    assert listed.keys() == filenames
    for filename, ours in listed.items():
        theirs = originals[filename]
        assert ours.digests["sha256"] == theirs.digests["sha256"], filename
        assert ours.requires_python == theirs.requires_python, filename
        assert ours.project == theirs.project or canonicalize_name(ours.project or "") == project_of(filename)
        assert ours.version == theirs.version, filename
        assert not ours.is_yanked, filename
        if accept == ACCEPT_JSON_ONLY:
            assert ours.size == archives[filename].stat().st_size, filename
        if filename.endswith(".whl"):
            assert ours.has_metadata, filename
            assert ours.metadata_digests == {"sha256": sha256_of(metadata_of(archives[filename]))}, filename
            if theirs.metadata_digests:
                assert ours.metadata_digests["sha256"] == theirs.metadata_digests["sha256"], filename
        else:
            assert not ours.has_metadata, filename


def test_serves_the_bytes_and_the_metadata_of_each_file(
    mirror: Index, registry: PyPISimple, originals: dict[str, DistributionPackage], archives: dict[str, Path]
) -> None:
    equal_to_the_registry = 0
    with mirror.reader() as reader:
        for project in {project_of(filename) for filename, _ in DISTRIBUTIONS}:
            for package in reader.get_project_page(project).packages:
                path = archives[package.filename]
                assert reader.s.get(package.url, timeout=60).content == path.read_bytes(), package.filename
                if not package.filename.endswith(".whl"):
                    assert reader.s.get(f"{package.url}.metadata", timeout=60).status_code == 404
                    continue
                metadata = reader.get_package_metadata_bytes(package)
                assert metadata == metadata_of(path), package.filename
                # A registry need not have the metadata of every old file.
                theirs = registry.s.get(f"{originals[package.filename].url}.metadata", timeout=60)
                if theirs.ok:
                    assert metadata == theirs.content, package.filename
                    equal_to_the_registry += 1
    assert equal_to_the_registry > 5


@pytest.mark.parametrize(("filename", "why"), CONTRADICTIONS, ids=[filename for filename, _ in CONTRADICTIONS])
def test_refuses_a_file_that_contradicts_itself_and_says_why(
    filename: str, why: str, mirror: Index, archives: dict[str, Path]
) -> None:
    before = mirror.listed(project_of(filename))

    response = post(mirror, archives[filename])

    assert response.status_code == 400
    assert why in response.text
    assert mirror.listed(project_of(filename)) == before


def resolve_with_pip(options: Sequence[str], env: dict[str, str], report: Path) -> dict[str, tuple[str, str]]:
    """What pip would install: name==version, with the address and the sha256 digest of its file."""
    options = ["--dry-run", "--ignore-installed", "--quiet", "--report", str(report), *options]
    requirements = report.with_suffix(".in")
    requirements.write_text(REQUIREMENTS)
    succeed([HERE / "python", "-m", "pip", "install", *options, "-r", requirements], env=env)
    return {
        f"{canonicalize_name(item['metadata']['name'])}=={item['metadata']['version']}": (
            item["download_info"]["url"],
            item["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for item in json.loads(report.read_text())["install"]
    }


def resolve_with_uv(options: Sequence[str], env: dict[str, str], lock: Path) -> dict[str, set[str]]:
    """What uv pins: name==version, with the sha256 digests of all files of that release."""
    plain = ["--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"]
    command: list[str | Path] = [
        HERE / "uv",
        "pip",
        "compile",
        *plain,
        "--generate-hashes",
        "--output-file",
        lock,
        "-",
        *options,
    ]
    succeed(command, env=env, stdin=REQUIREMENTS)
    pins: dict[str, set[str]] = {}
    for pin, digests in re.findall(
        r"^(\S+==\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)", lock.read_text(), re.MULTILINE
    ):
        pins[pin] = set(re.findall(r"[0-9a-f]{64}", digests))
    return pins


def pins_of(python: Path) -> set[str]:
    return {f"{name}=={version}" for name, version in installed(python).items()}


def test_resolves_and_installs_a_tree_from_here_alone_as_from_the_registry(
    index: Index, registry: PyPISimple, virtualenv: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    # A pip.conf may name other places besides the registry.
    registry_alone = {**with_registry(), "PIP_CONFIG_FILE": os.devnull}
    by_pip = resolve_with_pip(["--uploaded-prior-to", DAY], registry_alone, tmp_path / "pip-registry.json")
    lock = tmp_path / "registry.txt"
    by_uv = resolve_with_uv(["--exclude-newer", DAY], with_registry(), lock)
    assert by_uv.keys() == by_pip.keys()
    assert len(by_pip) > 50

    wheels = [fetch(registry.s, url, url.rpartition("/")[2], sha256) for url, sha256 in by_pip.values()]
    for number, tool in enumerate((TWINE, UV)):
        publish(index, tool, wheels[number::2], home)
    url = index.with_credentials("simple/")

    ours = resolve_with_pip(["--isolated", "--index-url", url], alone(home), tmp_path / "pip-ours.json")
    assert {pin: sha256 for pin, (_, sha256) in ours.items()} == {pin: sha256 for pin, (_, sha256) in by_pip.items()}
    assert all(address.startswith(index.root) for address, _ in ours.values())

    ours_by_uv = resolve_with_uv(["--default-index", url], alone(home), tmp_path / "ours.txt")
    assert ours_by_uv == {pin: {sha256} for pin, (_, sha256) in by_pip.items()}
    assert all(digests <= by_uv[pin] for pin, digests in ours_by_uv.items())

    # The lock file that was made from the registry, with its digests, fits.
    locked = [f"--requirement={lock}", "--require-hashes"]
    uv: list[str | Path] = [HERE / "uv", "pip", "install", f"--python={virtualenv}", f"--default-index={url}", *locked]
    succeed(uv, env=alone(home))
    assert pins_of(virtualenv) == by_pip.keys()

    other = a_virtualenv(tmp_path / "other")
    pip: list[str | Path] = [
        HERE / "python",
        "-m",
        "pip",
        "--isolated",
        f"--python={other}",
        "install",
        f"--index-url={url}",
        *locked,
    ]
    succeed(pip, env=alone(home))
    assert pins_of(other) == by_pip.keys()
