"""uv's own trusted publishing, in what it takes for a job of GitHub, against a running server behind TLS."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.builders import a_wheel
from tests.issuer import GITHUB_FIELDS, OwnIssuer, issuing
from tests.journeys.clients import HERE, Outcome, alone, program, run
from tests.journeys.server import ROOT, Index, serving
from tests.journeys.tls import Door, behind_tls


@dataclass(frozen=True)
class Job:
    """A job of the issuer's, which may get identity tokens."""

    issuer: OwnIssuer
    index: Index
    door: Door
    folder: Path

    def publish(self, *wheels: Path) -> Outcome:
        """What a workflow of GitHub runs: uv publish, without any secret."""
        url = f"{self.door.root}/legacy/"
        options = ["-v", "--trusted-publishing", "always", "--publish-url", url]
        return run([HERE / "uv", "publish", *options, *wheels], env=self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """What GitHub tells its jobs; and whom to trust."""
        return {
            **alone(self.folder / "home"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.issuer.address}/id-token?job=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of-the-runner",
            "SSL_CERT_FILE": str(self.door.authority),
        }

    def wheel(self, name: str, version: str = "1.0") -> Path:
        built = a_wheel(name, version)
        path = self.folder / built.filename
        path.write_bytes(built.content)
        return path

    def post(self, step: str, token: str) -> requests.Response:
        address = f"{self.door.root}/_/oidc/{step}"
        return requests.post(address, json={"token": token}, verify=str(self.door.authority), timeout=60)

    def said(self, *arguments: str) -> str:
        """What one of the operator's commands writes."""
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.index.environment, check=True, timeout=60, capture_output=True, text=True
        ).stdout

    def journal(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.said("journal", "export").splitlines()]


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    with (
        issuing() as issuer,
        serving(tmp_path, TRUSTED_ISSUERS=f"github={issuer.address}", OIDC_AUDIENCE="packages-of-tests") as index,
        behind_tls(index.root, tmp_path) as door,
    ):
        yield Job(issuer, index, door, tmp_path)


def register(job: Job, project: str) -> None:
    """Register the job for a project that is not there yet, and that will be dora's."""
    fields = [f"{name}={value}" for name, value in GITHUB_FIELDS.items()]
    options = ["--issuer", job.issuer.address, "--owner", "dora"]
    job.said("publisher", "add", project, "github", *fields, *options)


def test_uv_publishes_without_a_secret(job: Job) -> None:
    job.said("account", "create", "dora", "--role", "publisher")
    register(job, "first-demo")
    register(job, "second-demo")
    wheels = [job.wheel("first-demo"), job.wheel("first-demo", "2.0"), job.wheel("second-demo")]

    outcome = job.publish(*wheels)

    assert outcome.code == 0, outcome
    assert set(job.index.listed("first-demo")) == {wheels[0].name, wheels[1].name}
    assert set(job.index.listed("second-demo")) == {wheels[2].name}
    # It belongs to who registered the publisher.
    assert "dora" in job.said("role", "list", "first-demo")
    assert "dora" in job.said("role", "list", "second-demo")

    entries = job.journal()
    minted, *published, burnt = entries[-5:]
    assert [entry["action"] for entry in entries[-5:]] == ["token-mint", *["publish"] * 3, "token-burn"]
    assert {entry["actor"] for entry in entries[-5:]} == {"github:octo-org/demo"}
    assert minted["details"]["claims"]["run_id"] == "1296269"
    assert {entry["credential"] for entry in (*published, burnt)} == {f"token {minted['target']}"}

    # Once: whoever has seen the identity token, in a log perhaps, has nothing of it.
    (identity,) = job.issuer.minted
    again = job.post("mint-token", identity)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "invalid-reuse-token")

    # The next release, of projects that are there now.
    assert job.publish(job.wheel("first-demo", "3.0")).code == 0
    assert len(job.index.listed("first-demo")) == 3


def test_uv_publishes_nowhere_else(job: Job) -> None:
    job.said("account", "create", "dora", "--role", "publisher")
    register(job, "first-demo")

    outcome = job.publish(job.wheel("another-demo"))

    assert outcome.code != 0, outcome
    assert "the token is for 'first-demo' only" in outcome.shown
    assert job.index.listed("another-demo") == {}
    assert [entry["action"] for entry in job.journal()][-2:] == ["token-mint", "token-burn"]


def test_uv_says_why_there_is_no_token(job: Job) -> None:
    job.said("account", "create", "dora", "--role", "publisher")
    register(job, "first-demo")
    job.issuer.job["event_name"] = "pull_request_target"

    outcome = job.publish(job.wheel("first-demo"))

    assert outcome.code != 0, outcome
    assert "the event 'pull_request_target' may not publish" in outcome.shown
    assert job.index.listed("first-demo") == {}


@pytest.mark.registry
def test_pdm_publishes_without_a_secret(job: Job) -> None:
    job.said("account", "create", "dora", "--role", "publisher")
    register(job, "first-demo")
    tree = job.folder / "tree"
    (tree / "dist").mkdir(parents=True)
    wheel = job.wheel("first-demo")
    wheel.rename(tree / "dist" / wheel.name)
    (tree / "pyproject.toml").write_text('[project]\nname = "first-demo"\nversion = "1.0"\n')
    options = ["--no-build", "--repository", f"{job.door.root}/legacy/", "--ca-certs", str(job.door.authority)]

    outcome = run([program("pdm"), "publish", *options], env=job.environment, cwd=tree)

    assert outcome.code == 0, outcome
    assert set(job.index.listed("first-demo")) == {wheel.name}
