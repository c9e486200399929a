"""What a cold start costs: CPU of a fresh process to its first answer, with the very zip that Lambda would run.

Run: ``python -m benchmarks.cold_start build/dev/elastic-pypi-dev.zip``. Compared with a bare
Django view out of the same zip, in the same run, because machines differ and are noisy.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

RUNS = 11

# Lambda cannot write beside the code, and has nothing on its path but the zip (-I -S, -B).
PYTHON = [sys.executable, "-I", "-S", "-B", "-c"]

START = "import sys; sys.path.insert(0, {task!r})\n"
# Lambda freezes a process that has answered; it does not end it, and Python's own end costs a lot.
END = "\nimport os; os._exit(0)"

BARE_DJANGO = """
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("", lambda request: HttpResponse(b"x" * 1700))]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x" * 40)
from django.core.wsgi import get_wsgi_application
import io
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80"}
environ["wsgi.input"] = io.BytesIO()
answer = []
get_wsgi_application()(environ, lambda status, headers: answer.append(status))
assert answer == ["200 OK"], answer
"""

OURS = """
import json, os
from zappa.handler import lambda_handler
event = json.loads(os.environ["EVENT"])
answer = lambda_handler(event, None)
assert answer["statusCode"] == 200, answer
assert event["expected"] in answer["body"], answer
"""

HOST = "abc.lambda-url.eu-central-1.on.aws"
JSON = "application/vnd.pypi.simple.v1+json"


@dataclass(frozen=True)
class Cost:
    """Of one process: CPU milliseconds, and the most memory it held, in MB."""

    cpu: float
    memory: float


def main() -> None:
    """Measure each start several times, in turn, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("zip", type=Path, help="what `make deploy` has built")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, stand_in() as endpoint:
        with zipfile.ZipFile(arguments.zip) as archive:
            archive.extractall(folder)
        starts = {name: [*PYTHON, START.format(task=folder) + code + END] for name, code in codes().items()}
        costs: dict[str, list[Cost]] = {name: [] for name in starts}
        for _ in range(RUNS):
            for name, command in starts.items():
                costs[name].append(run(command, environment(endpoint, name)))
    report(costs, arguments.zip)


def codes() -> dict[str, str]:
    """What each process does."""
    return {
        "Python alone": "",
        "bare Django, one view": BARE_DJANGO,
        "Zappa's handler, imported": "import zappa.handler",
        "project page, JSON": OURS,
        "project page, HTML": OURS,
    }


def environment(endpoint: str, name: str) -> dict[str, str]:
    """The variables of a Lambda; the event to answer is one of them."""
    wanted = JSON if "JSON" in name else "text/html"
    return {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_SESSION_TOKEN": "bench",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_ENDPOINT_URL": endpoint,
        "BUCKET": "bench-packages",
        "TABLE": "bench-packages",
        "SECRET_KEY": "only for this measurement, and long enough",
        "USERS": "bench:secret",
        "EVENT": json.dumps(an_event(wanted)),
    }


def an_event(accept: str) -> dict[str, Any]:
    """A request for a project page, as a function URL hands it over."""
    path = "/simple/demo-pkg/"
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7", "userAgent": "bench"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": HOST, "accept": accept, "authorization": "Basic YmVuY2g6c2VjcmV0"},
        "requestContext": {"stage": "$default", "domainName": HOST, "http": http},
        "isBase64Encoded": False,
        "expected": FILENAME,
    }


def run(command: Sequence[str], variables: dict[str, str]) -> Cost:
    """One process, from its birth to its end."""
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(said.decode())
    return Cost(cpu=(usage.ru_utime + usage.ru_stime) * 1000, memory=usage.ru_maxrss / 1024)


def report(costs: dict[str, list[Cost]], built: Path) -> None:
    """Print the table."""
    bare = statistics.median(cost.cpu for cost in costs["bare Django, one view"])
    print(f"{built.name}: {built.stat().st_size / 1e6:.1f} MB; Python {sys.version.split()[0]}, {RUNS} runs in turn\n")
    print("| a fresh process, to its first answer | CPU ms, median (least) | times bare Django | memory, MB |")
    print("|---|---|---|---|")
    for name, found in costs.items():
        cpu = [cost.cpu for cost in found]
        memory = max(cost.memory for cost in found)
        median = statistics.median(cpu)
        print(f"| {name} | {median:.0f} ({min(cpu):.0f}) | {median / bare:.2f} | {memory:.0f} |")


FILENAME = "demo_pkg-1.0-py3-none-any.whl"
REVISION = {"revision": {"S": "0"}}
PROJECT = {
    "pk": {"S": "project#demo-pkg"},
    "sk": {"S": "#"},
    "kind": {"S": "project"},
    "name": {"S": "demo-pkg"},
    "display_name": {"S": "demo-pkg"},
    "serial": {"N": "7"},
    **REVISION,
}
FILE = {
    "pk": {"S": "project#demo-pkg"},
    "sk": {"S": f"file#{FILENAME}"},
    "kind": {"S": "file"},
    "project": {"S": "demo-pkg"},
    "filename": {"S": FILENAME},
    "version": {"S": "1.0"},
    "packagetype": {"S": "bdist_wheel"},
    "size": {"N": "1234"},
    "sha256": {"S": "a" * 64},
    "metadata_sha256": {"S": "b" * 64},
    "upload_time": {"S": "2026-11-23T12:00:00.000000+0000"},
    "uploader": {"S": "alice"},
    "object_key": {"S": f"files/demo-pkg/{'a' * 64}/{FILENAME}"},
    **REVISION,
}
ENTRY = {
    "pk": {"S": "directory#project"},
    "sk": {"S": "demo-pkg"},
    "kind": {"S": "project-entry"},
    "name": {"S": "demo-pkg"},
    "serial": {"N": "7"},
    **REVISION,
}


def answer(operation: str, body: bytes) -> dict[str, Any]:
    """What DynamoDB says to a read of the page of the one project, or of the list of projects."""
    if operation == "GetItem":
        return {"Item": PROJECT} if b"project#demo-pkg" in body else {}
    if operation == "BatchGetItem":
        # Who asks has no account in the table, and has given no wrong password.
        return {"Responses": {}}
    return {"Items": [ENTRY if b"directory#project" in body else FILE], "Count": 1, "ScannedCount": 1}


class StandIn(BaseHTTPRequestHandler):
    """DynamoDB with one project, and nothing else."""

    protocol_version = "HTTP/1.1"
    # Header and body in two writes would wait for each other.
    wbufsize = 65536

    def do_POST(self) -> None:
        """Answer an operation."""
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(answer(self.headers["X-Amz-Target"].rpartition(".")[2], asked)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def stand_in() -> Iterator[str]:
    """Run the stand-in; gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    main()
