"""Publishing tools and installers with tokens in place of passwords, against a running server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.builders import a_wheel
from tests.journeys.clients import HERE, alone, installed, run, succeed
from tests.journeys.server import Index, serving
from tests.journeys.test_clients import TOOLS, Tool, a_tree, digests

PATIENCE = 60.0


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with serving(tmp_path_factory.mktemp("index")) as running:
        created = requests.post(
            running.at("api/accounts"),
            json={"name": "ci", "role": "publisher"},
            auth=running.auth,
            timeout=PATIENCE,
        )
        assert created.status_code == 201, created.text
        yield running


def with_token(index: Index, *scopes: str, **limits: Any) -> Index:
    """The index as somebody sees it who has a token for this alone."""
    response = requests.post(
        index.at("api/tokens"), json={"account": "ci", "scopes": scopes, **limits}, auth=index.auth, timeout=PATIENCE
    )
    assert response.status_code == 201, response.text
    return replace(index, username="__token__", password=response.json()["token"])


@pytest.mark.registry
@pytest.mark.parametrize("tool", [pytest.param(tool, id=tool.name) for tool in TOOLS])
def test_a_token_that_only_publishes_is_enough_for_every_tool(index: Index, tmp_path: Path, tool: Tool) -> None:
    tree = a_tree(tmp_path, tool)
    outcome = tool.run(with_token(index, "publish", projects=[tool.project]), tree)
    assert outcome.code == 0, outcome
    assert index.listed(tool.project) == digests(tree)


@pytest.mark.registry
def test_a_tool_says_why_a_token_will_not_do(index: Index, tmp_path: Path) -> None:
    (tool,) = (tool for tool in TOOLS if tool.name == "twine")
    tree = a_tree(tmp_path, tool)
    outcome = tool.run(with_token(index, "publish", projects=["something-else"]), tree)
    assert outcome.code != 0
    assert "project 'demo-twine': the token is for 'something-else' only" in outcome.shown
    outcome = tool.run(replace(index, username="__token__", password="epypi_cut-off"), tree)
    assert "This is not a whole token of this index" in outcome.shown


def test_installers_read_with_a_token(index: Index, tmp_path: Path, virtualenv: Path) -> None:
    wheel = a_wheel("demo-token")
    sent = requests.post(
        index.at("legacy/"), files={"content": (wheel.filename, wheel.content)}, auth=index.auth, timeout=PATIENCE
    )
    assert sent.status_code == 200, sent.text
    reading, publishing = with_token(index, "read", expires_in_days=1), with_token(index, "publish")
    uv: list[str | Path] = [HERE / "uv", "pip", "install", "--no-cache", f"--python={virtualenv}"]
    environment = alone(tmp_path / "home")
    assert run([*uv, "--index-url", publishing.with_credentials("simple/"), "demo-token"], env=environment).code != 0
    succeed([*uv, "--index-url", reading.with_credentials("simple/"), "demo-token"], env=environment)
    assert installed(virtualenv)["demo-token"] == "1.0"
    target = tmp_path / "target"
    pip: list[str | Path] = [HERE / "python", "-m", "pip", "install", "--no-cache-dir", "--target", target]
    succeed([*pip, "-i", reading.with_credentials("simple/"), "demo-token"], env=environment)
    assert (target / "demo_token.py").exists()
