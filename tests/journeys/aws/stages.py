"""A stage on the emulator, deployed from a clean copy of the working tree by ``make deploy``."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.journeys.aws.emulator import Emulator
from tests.journeys.clients import Outcome, run, with_registry
from tests.journeys.server import ROOT

NAME = "dev"
FUNCTION = TABLE = "elastic-pypi-dev"
# The emulator's one account.
ACCOUNT = "000000000000"
BUCKET = f"elastic-pypi-dev-{ACCOUNT}-eu-central-1"

_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Tree:
    """A copy of the working tree, and the emulator that it deploys to."""

    folder: Path
    emulator: Emulator

    @property
    def zip(self) -> Path:
        return self.folder / "build" / NAME / f"elastic-pypi-{NAME}.zip"

    def make(self, target: str, **variables: str) -> Outcome:
        """Run make as an operator does; variables are those of the operator's shell, an empty one is not set there."""
        environment = {**_of_an_operator(), **self.emulator.environment, **variables}
        return run(["make", target], env={name: value for name, value in environment.items() if value}, cwd=self.folder)

    def variables(self) -> dict[str, str]:
        """The function's, as they are deployed."""
        configuration = self.emulator.client("lambda").get_function_configuration(FunctionName=FUNCTION)
        found: dict[str, str] = configuration["Environment"]["Variables"]
        return found

    def get(self, path: str, auth: tuple[str, str] | None = None) -> requests.Response:
        """Ask the function through its URL; the emulator knows it by the Host header."""
        url = self.emulator.client("lambda").get_function_url_config(FunctionName=FUNCTION)["FunctionUrl"]
        return requests.get(
            f"{self.emulator.endpoint}/{path}",
            auth=auth,
            headers={"Host": urlsplit(url).netloc},
            timeout=_ANSWER_SECONDS,
        )


@dataclass(frozen=True)
class Deployed:
    """A stage after its first deployment, and what was shown then."""

    tree: Tree
    outcome: Outcome

    @property
    def password(self) -> str:
        """The first account's, as it was shown this once."""
        found = re.search(r"user admin password (\S+)", self.outcome.shown)
        assert found, self.outcome
        return found[1]


def a_tree(folder: Path, emulator: Emulator) -> Tree:
    """Copy what a clone of the working tree would hold."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    # Making one is what `make serve` does as well, and takes its time.
    (folder / ".venv").symlink_to(sys.prefix)
    return Tree(folder, emulator)


def _of_an_operator() -> Mapping[str, str]:
    """The environment of a shell that neither make nor these tests have been in."""
    unwanted = ("AWS_", "MAKE", "MFLAGS", "STAGE", "ALLOWED_HOSTS", "COV_", "PYTEST_", "DJANGO_")
    return {name: value for name, value in with_registry().items() if not name.startswith(unwanted)}
