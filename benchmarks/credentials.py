"""What it costs to know who asks. Run: ``python -m benchmarks.credentials [PROJECTS]``.

The same conditional request (a small project's page, not modified) by nobody, where reading is
public, and with each kind of credentials, in turn and several times over in one run.
"""

import base64
import http.client
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.corpus import name_of
from benchmarks.load import Request, measure
from benchmarks.running import index

ADMIN, PASSWORD = "bench", "only for this run"
ROUNDS, REQUESTS = 15, 1000


def main(projects: int) -> None:
    """Measure, and print a table."""
    with (
        tempfile.TemporaryDirectory() as folder,
        index(Path(folder), projects, USERNAME=ADMIN, PASSWORD=PASSWORD, PUBLIC_READ="true") as (port, pid),
    ):
        visitors = {
            "nobody": {},
            "an account of the settings, by password": _basic(ADMIN, PASSWORD),
            **_made(port),
        }
        path = f"/simple/{name_of(0)}/"
        etag = _get(port, path, {})[0]
        costs: dict[str, list[float]] = {visitor: [] for visitor in visitors}
        for _ in range(ROUNDS):
            for visitor, headers in visitors.items():
                request = Request(path, {**headers, "If-None-Match": etag}, status=304)
                costs[visitor].append(measure(port, pid, REQUESTS, _always(request)).cpu)
    nobody = statistics.median(costs["nobody"])
    print(f"\nCPU seconds of the server per 1,000 answers of 304, median (least) of {ROUNDS} rounds\n")
    print("| who asks | CPU s | : nobody |\n|---|---|---|")
    for visitor, values in costs.items():
        median = statistics.median(values)
        print(f"| {visitor} | {median:.3f} ({min(values):.3f}) | {median / nobody:.2f} |")


def _always(request: Request) -> Callable[[int], Request]:
    return lambda number: request


def _made(port: int) -> dict[str, dict[str, str]]:
    """An account of the index's own, and a token of it."""
    admin = _basic(ADMIN, PASSWORD)
    password = _post(port, "/api/accounts", {"name": "carol", "role": "reader"}, admin)["password"]
    token = _post(port, "/api/tokens", {"account": "carol", "scopes": ["read"]}, admin)["token"]
    return {
        "an account of the index, by password": _basic("carol", password),
        "a token of that account": _basic("__token__", token),
    }


def _basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def _get(port: int, path: str, headers: dict[str, str]) -> tuple[str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    etag, body = str(response.headers["ETag"]), response.read()
    connection.close()
    return etag, body


def _post(port: int, path: str, value: object, headers: dict[str, str]) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, json.dumps(value), {**headers, "Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    connection.close()
    if response.status != 201:
        raise RuntimeError(f"{path}: {response.status} {body!r}")
    answer: dict[str, str] = json.loads(body)
    return answer


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
