"""schemathesis against the running server: what its own document allows, what it does not, as three kinds of people."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.builders import a_wheel, an_sdist
from tests.journeys.server import Index, environment_of_the_machine, serving

# Of requests to each address, in each phase of random ones.
EXAMPLES = 15
SECONDS = 120.0

# Wrong passwords count for the address they came from, and schemathesis tries many.
# The document's example of a project stands for several: one that was purged is of no use any more.
PROJECTS = 20
HOOKS = f"""
import itertools
import schemathesis

numbers = itertools.count(1)

@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(numbers)
    if case.path_parameters and case.path_parameters.get("project") == "demo-pkg":
        project = f"demo-{{number % {PROJECTS}}}"
        case.path_parameters["project"] = project
        if case.path_parameters.get("filename") == "demo_pkg-1.0-py3-none-any.whl":
            case.path_parameters["filename"] = project.replace("-", "_") + "-1.0-py3-none-any.whl"
    address = f"10.{{number >> 16}}.{{number >> 8 & 255}}.{{number & 255}}"
    case.headers = {{**(case.headers or {{}}), "X-Forwarded-For": address}}
"""

# What the schema cannot say: until when a token may last depends on the clock, a publisher's fields on its provider.
CONFIGURATION = """
[phases.stateful.generation]
max-examples = 60

# The document's own links, which are few, are followed more often without those that could be.
[phases.stateful.inference]
algorithms = []

[[operations]]
include-name = "POST /api/tokens"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404]

[[operations]]
include-name = "POST /api/projects/{project}/publishers"
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 403, 404, 409]
"""

PUBLISHER = ("dave", "a publisher's password")


def check_everything(index: Index, folder: Path, auth: tuple[str, str] | None) -> None:
    """Send requests in every phase, and look at each answer by every check."""
    hooks, configuration = folder / "address_hooks.py", folder / "schemathesis.toml"
    hooks.write_text(HOOKS)
    configuration.write_text(CONFIGURATION)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run"]
    command += [index.at("api/openapi.json"), "--checks", "all", "--max-examples", str(EXAMPLES)]
    # The same requests each time.
    command += ["--generation-deterministic", "--warnings", "off", "--no-color"]
    command += ["--auth", ":".join(auth)] if auth else []
    done = subprocess.run(
        command,
        cwd=folder,
        env={**environment_of_the_machine(), "SCHEMATHESIS_HOOKS": "address_hooks", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# What each must have done in the end, so that it is known that requests came further than the door.
DONE = {
    "admin": {
        *("account-change", "account-create", "account-delete", "account-password", "token-create", "token-revoke"),
        *("status", "yank", "unyank", "remove", "restore", "purge", "remove-project", "purge-project", "role"),
        *("publisher-register", "publisher-withdraw"),
    },
    "publisher": {
        *("token-create", "token-revoke", "status", "yank", "unyank", "remove", "restore", "purge"),
        *("publisher-register",),
    },
    "nobody": set[str](),
}


@pytest.mark.parametrize("who", ["admin", "publisher", "nobody"])
def test_the_server_does_what_its_document_says(tmp_path: Path, who: str) -> None:
    variables = {
        "USERS": f"{PUBLISHER[0]}=publisher:{PUBLISHER[1]}",
        "TRUSTED_PROXIES": "127.0.0.1",
        "PUBLIC_READ": str(who == "nobody"),
    }
    with serving(tmp_path, password="an administrator's password", **variables) as index:
        names = [f"demo-{number}" for number in range(PROJECTS)]
        for built in [build(name) for name in names for build in (a_wheel, an_sdist)]:
            form = {":action": "file_upload", "protocol_version": "1"}
            files = {"content": (built.filename, built.content)}
            response = requests.post(index.at("legacy/"), form, files=files, auth=PUBLISHER, timeout=60)
            assert response.status_code == 200, response.text
        auth = {"admin": index.auth, "publisher": PUBLISHER, "nobody": None}[who]
        check_everything(index, tmp_path, auth)
        assert "Traceback" not in index.log.read_text()
        journal = requests.get(index.at("api/journal?limit=1000"), auth=index.auth, timeout=60).json()["entries"]
    done = {entry["action"] for entry in journal if auth is not None and entry["actor"] == auth[0]}
    assert DONE[who] - done == set()
    assert {entry["actor"] for entry in journal} <= {PUBLISHER[0], "anonymous", auth[0] if auth else ""}
