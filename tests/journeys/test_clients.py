"""Publishing tools and installers, as they are, against a running server."""

import hashlib
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.builders import Built, a_wheel, an_sdist
from tests.journeys.clients import HERE, Outcome, alone, installed, program, run, succeed, with_registry
from tests.journeys.server import Index, serving

pytestmark = pytest.mark.registry


@dataclass(frozen=True)
class Tool:
    """A publishing tool: its command, with {url}, {username} and {password} to be filled in."""

    name: str
    publish: str
    variables: Mapping[str, str] = field(default_factory=dict)
    # The requirement and the name of its build backend; without one it takes archives of any origin.
    backend: tuple[str, str] | None = None
    # What it says of a file whose name is taken by other content, and whether it calls that a failure.
    says_taken: str = "File already exists"
    fails_on_taken: bool = True
    says_wrong_password: str = "Invalid or non-existent authentication information"

    @property
    def project(self) -> str:
        return f"demo-{self.name}"

    def run(self, index: Index, tree: Path, *, more: str = "", url: str = "", password: str = "") -> Outcome:
        """Publish what is in a project's ``dist`` folder."""
        values = {
            "url": url or index.at("legacy/"),
            "username": index.username,
            "password": password or index.password,
        }
        arguments = [part.format(**values) for part in shlex.split(f"{self.publish} {more}")]
        variables = {name: value.format(**values) for name, value in self.variables.items()}
        return run([program(self.name), *arguments], env={**alone(tree.parent / "home"), **variables}, cwd=tree)


TOOLS = [
    Tool(
        name="twine",
        publish="upload --non-interactive --disable-progress-bar"
        " --repository-url {url} -u {username} -p {password} dist/*",
    ),
    Tool(name="uv", publish="publish --publish-url {url} -u {username} -p {password}"),
    Tool(
        name="poetry",
        publish="publish --no-interaction --repository ours",
        variables={
            "POETRY_REPOSITORIES_OURS_URL": "{url}",
            "POETRY_HTTP_BASIC_OURS_USERNAME": "{username}",
            "POETRY_HTTP_BASIC_OURS_PASSWORD": "{password}",
        },
        backend=("poetry-core", "poetry.core.masonry.api"),
    ),
    Tool(
        name="pdm",
        publish="publish --no-build --repository {url} -u {username} -P {password}",
        backend=("pdm-backend", "pdm.backend"),
        # pdm keeps what the server says for its debug log.
        says_taken="Client error '400 Bad Request'",
        says_wrong_password="Client error '401 Unauthorized'",
    ),
    Tool(
        name="hatch",
        publish="publish --no-prompt --repo {url} -u {username} -a {password}",
        backend=("hatchling", "hatchling.build"),
        # hatch asks first which names are there, and never sends those files.
        says_taken="already exists",
        fails_on_taken=False,
    ),
    Tool(
        name="flit",
        # flit builds again whenever it publishes.
        publish="publish",
        variables={"FLIT_INDEX_URL": "{url}", "FLIT_USERNAME": "{username}", "FLIT_PASSWORD": "{password}"},
        backend=("flit_core", "flit_core.buildapi"),
    ),
]
BY_NAME = {tool.name: tool for tool in TOOLS}

every_tool = pytest.mark.parametrize("tool", [pytest.param(tool, id=tool.name) for tool in TOOLS])

PYPROJECT = """\
[build-system]
requires = ["{requirement}"]
build-backend = "{backend}"

[project]
name = "{name}"
version = "1.0"
description = "A demonstration"
readme = "README.md"
requires-python = ">=3.9"
dependencies = ["demo-lib>=1 ; python_version < '3'"]

[project.optional-dependencies]
more = ["demo-lib"]
"""


def a_tree(folder: Path, tool: Tool, module: str = "") -> Path:
    """A project with a wheel and an sdist in ``dist``, which the tool itself has built if it builds."""
    tree = folder / "tree"
    (tree / "dist").mkdir(parents=True)
    if tool.backend is None:
        files = {"more.py": module.encode()}
        write(tree / "dist", a_wheel(tool.project, files=files), an_sdist(tool.project, version="1.0", body=module))
        return tree
    requirement, backend = tool.backend
    (tree / "pyproject.toml").write_text(PYPROJECT.format(requirement=requirement, backend=backend, name=tool.project))
    (tree / "README.md").write_text("# Demo\n\nEine größere Sache.\n", encoding="utf-8")
    (tree / f"{tool.project.replace('-', '_')}.py").write_text(module)
    succeed([program(tool.name), "build"], env={**with_registry(), "HOME": str(folder / "home")}, cwd=tree)
    return tree


def write(folder: Path, *distributions: Built) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for built in distributions:
        (folder / built.filename).write_bytes(built.content)


def digests(tree: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (tree / "dist").iterdir()
        if path.name.endswith((".whl", ".tar.gz"))
    }


# Publishing.


@every_tool
def test_publishes_a_wheel_and_an_sdist_and_the_same_again(tool: Tool, index: Index, tmp_path: Path) -> None:
    tree = a_tree(tmp_path, tool)
    files = digests(tree)
    assert len(files) == 2

    first = tool.run(index, tree)
    assert first.code == 0, first
    assert index.listed(tool.project) == files

    again = tool.run(index, tree)
    assert again.code == 0, again
    assert index.listed(tool.project) == files == digests(tree)


@every_tool
def test_shows_that_a_file_with_other_content_exists(tool: Tool, index: Index, tmp_path: Path) -> None:
    tree = a_tree(tmp_path / "first", tool)
    files = digests(tree)
    assert tool.run(index, tree).code == 0
    other = a_tree(tmp_path / "other", tool, module="changed = True\n")
    changed = digests(other)
    assert changed.keys() == files.keys()
    assert set(changed.values()).isdisjoint(files.values())

    outcome = tool.run(index, other)

    assert (outcome.code != 0) is tool.fails_on_taken, outcome
    assert tool.says_taken in outcome.shown
    assert index.listed(tool.project) == files


@every_tool
def test_shows_that_the_password_is_wrong(tool: Tool, index: Index, tmp_path: Path) -> None:
    tree = a_tree(tmp_path, tool)

    outcome = tool.run(index, tree, password="wrong")

    assert outcome.code != 0, outcome
    assert tool.says_wrong_password in outcome.shown
    assert index.listed(tool.project) == {}


def test_hatch_skips_what_it_finds_below_the_upload_address(index: Index, tmp_path: Path) -> None:
    hatch = BY_NAME["hatch"]
    tree = a_tree(tmp_path, hatch)
    assert "already exists" not in hatch.run(index, tree).shown

    for address in ("legacy/", "legacy", "simple/", ""):
        outcome = hatch.run(index, tree, url=index.at(address))
        assert outcome.code == 0, outcome
        assert outcome.shown.count("already exists") == 2, outcome


def test_hatch_shows_the_reason_of_a_refusal(index: Index, tmp_path: Path) -> None:
    hatch = BY_NAME["hatch"]
    write(tmp_path / "tree" / "dist", an_sdist(hatch.project))
    assert hatch.run(index, tmp_path / "tree").code == 0
    # Another spelling of the same name, which hatch does not find in the list.
    write(tmp_path / "other" / "dist", an_sdist(hatch.project, filename="Demo.Hatch-1.0.tar.gz", body="changed"))

    outcome = hatch.run(index, tmp_path / "other")

    assert outcome.code != 0
    assert "File already exists" in outcome.shown


def test_uv_skips_what_check_url_lists_and_refuses_other_content(index: Index, tmp_path: Path) -> None:
    uv = BY_NAME["uv"]
    tree = a_tree(tmp_path / "first", uv)
    other = a_tree(tmp_path / "other", uv, module="changed = True\n")
    # Without credentials of its own uv asks this address anonymously, and uploads all the same.
    check = f"--check-url {index.with_credentials('simple/')}"
    assert uv.run(index, tree, more=check).code == 0

    again = uv.run(index, tree, more=check)
    assert again.code == 0, again
    assert again.shown.count("already exists, skipping") == 2, again
    assert "Uploading" not in again.shown

    changed = uv.run(index, other, more=check)
    assert changed.code != 0
    assert "Local file and index file do not match" in changed.shown


@pytest.mark.parametrize("address", ["legacy", "legacy/", "simple", "simple/", ""])
def test_takes_a_bare_form_at_each_address_without_a_redirect(shop: Index, address: str) -> None:
    built = a_wheel(f"bare-{address.replace('/', '-slash') or 'root'}".strip("-"))

    response = requests.post(
        shop.at(address),
        files={"content": (built.filename, built.content)},
        auth=shop.auth,
        allow_redirects=False,
        timeout=60,
    )

    assert (response.status_code, response.content) == (200, b"")
    assert shop.listed(built.filename.partition("-")[0]) == {built.filename: built.sha256}


# Installing.

# A build backend without requirements: it takes out the wheel that lies in the sdist.
BACKEND = """\
import pathlib, shutil

def build_wheel(folder, config_settings=None, metadata_directory=None):
    (wheel,) = pathlib.Path().glob("*.whl")
    shutil.copy(wheel, folder)
    return wheel.name
"""


def an_installable_sdist(name: str, version: str) -> Built:
    wheel = a_wheel(name, version)
    top = f"{name.replace('-', '_')}-{version}"
    pyproject = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        f"{top}/pyproject.toml": pyproject,
        f"{top}/backend.py": BACKEND.encode(),
        f"{top}/{wheel.filename}": wheel.content,
    }
    return an_sdist(name, version, files=files)


STOCK = [
    a_wheel("demo-app", "2.0", requires_dist=["demo-lib>=1", "Demo.Source[more]"], requires_python=">=3.9"),
    # Not for this Python.
    a_wheel("demo-app", "3.0", requires_python=">=4"),
    a_wheel("demo-lib", "1.0"),
    a_wheel("demo-lib", "1.1+local.1"),
    a_wheel("demo-lib", "1.2"),
    an_installable_sdist("demo-source", "0.5"),
]
NEEDED = {"demo-app": "2.0", "demo-lib": "1.1+local.1", "demo-source": "0.5"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index with something to install; demo-lib 1.2 is yanked."""
    folder = tmp_path_factory.mktemp("shop")
    with serving(folder) as index:
        for built in STOCK:
            files = {"content": (built.filename, built.content)}
            requests.post(index.at("legacy/"), files=files, auth=index.auth, timeout=60).raise_for_status()
        index.manage("yank", "demo-lib", "1.2", "--reason", "it <burns>")
        yield index


@dataclass(frozen=True)
class Installer:
    """An installer: its command, with {python} and {url} to be filled in."""

    name: str
    install: tuple[str, ...]

    def run(self, url: str, python: Path, *arguments: str, home: Path) -> Outcome:
        values = {"here": HERE, "python": python, "url": url}
        return run([*(part.format(**values) for part in self.install), *arguments], env=alone(home))


PIP = Installer(
    "pip",
    ("{here}/python", "-m", "pip", "--isolated", "--python", "{python}", "install", "--index-url", "{url}"),
)
UV = Installer("uv", ("{here}/uv", "pip", "install", "--python", "{python}", "--default-index", "{url}"))

every_installer = pytest.mark.parametrize("installer", [PIP, UV], ids=lambda installer: installer.name)


def pip(*arguments: str, home: Path) -> str:
    return succeed([HERE / "python", "-m", "pip", "--isolated", *arguments], env=alone(home))


@every_installer
def test_installs_with_credentials_in_the_address(
    installer: Installer, shop: Index, virtualenv: Path, tmp_path: Path
) -> None:
    url = shop.with_credentials("simple/")

    outcome = installer.run(url, virtualenv, "demo-app", home=tmp_path / "home")

    assert outcome.code == 0, outcome
    assert installed(virtualenv) == NEEDED


@every_installer
def test_installs_with_credentials_from_netrc(
    installer: Installer, shop: Index, virtualenv: Path, tmp_path: Path
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {shop.username} password {shop.password}\n")
    netrc.chmod(0o600)

    outcome = installer.run(shop.at("simple/"), virtualenv, "demo-app", home=tmp_path)

    assert outcome.code == 0, outcome
    assert installed(virtualenv) == NEEDED


@every_installer
@pytest.mark.parametrize("credentials", ["", "carol:wrong@"])
def test_installs_nothing_without_credentials(
    installer: Installer, credentials: str, shop: Index, virtualenv: Path, tmp_path: Path
) -> None:
    url = shop.at("simple/").replace("://", f"://{credentials}")

    assert installer.run(url, virtualenv, "demo-lib", home=tmp_path / "home").code != 0
    assert installed(virtualenv) == {}


@every_installer
def test_installs_a_yanked_release_only_when_it_is_pinned(
    installer: Installer, shop: Index, virtualenv: Path, tmp_path: Path
) -> None:
    url, home = shop.with_credentials("simple/"), tmp_path / "home"

    assert installer.run(url, virtualenv, "demo-lib>=1", home=home).code == 0
    assert installed(virtualenv) == {"demo-lib": "1.1+local.1"}
    assert installer.run(url, virtualenv, "demo-lib>1.1.9", home=home).code != 0

    pinned = installer.run(url, virtualenv, "demo-lib==1.2", home=home)
    assert pinned.code == 0, pinned
    assert "yanked" in pinned.shown
    assert "it <burns>" in pinned.shown
    assert installed(virtualenv) == {"demo-lib": "1.2"}


def test_pip_downloads_an_sdist(shop: Index, tmp_path: Path) -> None:
    url, target = shop.with_credentials("simple/"), tmp_path / "target"

    arguments = ["--no-binary", ":all:", "--index-url", url, "--dest", str(target), "demo-source"]
    pip("download", *arguments, home=tmp_path / "home")

    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in target.iterdir()} == shop.listed(
        "demo-source"
    )


def test_pip_takes_a_file_from_its_cache_the_second_time(shop: Index, tmp_path: Path) -> None:
    # pip keeps answers only of hosts that it trusts.
    trusted = ["--trusted-host", "127.0.0.1", "--cache-dir", str(tmp_path / "cache")]
    arguments = ["download", *trusted, "--index-url", shop.with_credentials("simple/"), "demo-lib"]

    first = pip(*arguments, "--dest", str(tmp_path / "1"), home=tmp_path / "home")
    second = pip(*arguments, "--dest", str(tmp_path / "2"), home=tmp_path / "home")

    assert "Downloading" in first
    assert "Using cached demo_lib-1.1" in second
    assert "Downloading" not in second


def test_pip_lists_versions(shop: Index, tmp_path: Path) -> None:
    shown = pip("index", "versions", "demo-lib", "--index-url", shop.with_credentials("simple/"), home=tmp_path)

    assert "Available versions: 1.1+local.1, 1.0" in shown
