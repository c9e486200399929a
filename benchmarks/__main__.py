"""Measure every workload at several sizes of the index, and print one table."""

import base64
import http.client
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.corpus import BIG_PROJECT, name_of
from benchmarks.load import Cost, Request, measure
from benchmarks.running import index, server
from tests.builders import a_wheel

SIZES = (100, 1_000, 10_000)
USER, PASSWORD = "bench", "only for this run"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
JSON = {"Authorization": AUTHORIZATION, "Accept": "application/vnd.pypi.simple.v1+json"}
HTML = {"Authorization": AUTHORIZATION, "Accept": "text/html"}


def main() -> None:
    """Run everything once; the floor goes before and after, for these machines are noisy."""
    results: dict[str, dict[int, Cost]] = {}
    floors = [_floor()]
    for size in SIZES:
        with (
            tempfile.TemporaryDirectory() as folder,
            index(Path(folder), size, USERNAME=USER, PASSWORD=PASSWORD) as (port, pid),
        ):
            for workload, count, request_of in _workloads(port, size):
                results.setdefault(workload, {})[size] = measure(port, pid, count, request_of)
                print(f"  {size:6} projects: {workload}", file=sys.stderr)
    floors.append(_floor())
    floor = sum(cost.cpu for cost in floors) / len(floors)
    _print(results, floors, floor)


def _print(results: dict[str, dict[int, Cost]], floors: list[Cost], floor: float) -> None:
    print("\nCPU seconds of the server per 1,000 requests (requests per second), by projects in the index\n")
    print("| workload | " + " | ".join(f"{size:,}" for size in SIZES) + f" | {SIZES[-1]:,} : floor |")
    print("|---|" + "---|" * (len(SIZES) + 1))
    rates = " and ".join(f"{cost.rate:.0f}" for cost in floors)
    print(f"| floor: constant bytes, bare Django view | {floor:.2f} ({rates}) |" + " |" * len(SIZES))
    for workload, by_size in results.items():
        cells = [f"{cost.cpu:.2f} ({cost.rate:.0f})" for cost in by_size.values()]
        print(f"| {workload} | " + " | ".join(cells) + f" | {by_size[SIZES[-1]].cpu / floor:.1f} |")


def _workloads(port: int, size: int) -> Iterator[tuple[str, int, Callable[[int], Request]]]:
    def small(number: int) -> str:
        return f"/simple/{name_of(number % (size - 1))}/"

    big = f"/simple/{BIG_PROJECT}/"
    yield "small project page, JSON", 2000, lambda number: Request(small(number), JSON)
    yield "small project page, HTML", 2000, lambda number: Request(small(number), HTML)
    known = {**JSON, "If-None-Match": _etag(port, small(0))}
    yield "small project page, not modified", 2000, lambda number: Request(small(0), known, status=304)
    yield "page of 2,000 files, JSON", 40, lambda number: Request(big, JSON)
    yield "page of 2,000 files, HTML", 40, lambda number: Request(big, HTML)
    known_big = {**JSON, "If-None-Match": _etag(port, big)}
    yield "page of 2,000 files, not modified", 2000, lambda number: Request(big, known_big, status=304)
    yield "list of all projects, JSON", 20, lambda number: Request("/simple/", JSON)
    known_list = {**JSON, "If-None-Match": _etag(port, "/simple/")}
    yield "list of all projects, not modified", 2000, lambda number: Request("/simple/", known_list, status=304)
    yield "upload of a small wheel", 300, _upload


def _upload(number: int) -> Request:
    wheel = a_wheel(name_of(abs(number) % 90), f"2.{number + 100}")
    body = (
        b'--limit\r\nContent-Disposition: form-data; name=":action"\r\n\r\nfile_upload\r\n--limit\r\n'
        b'Content-Disposition: form-data; name="content"; filename="' + wheel.filename.encode() + b'"\r\n\r\n'
    )
    headers = {"Authorization": AUTHORIZATION, "Content-Type": "multipart/form-data; boundary=limit"}
    return Request("/legacy/", headers, method="POST", body=body + wheel.content + b"\r\n--limit--\r\n")


def _etag(port: int, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=JSON)
    response = connection.getresponse()
    response.read()
    connection.close()
    return str(response.headers["ETag"])


def _floor() -> Cost:
    with server([sys.executable, "-m", "benchmarks.floor"], {}) as (port, pid):
        return measure(port, pid, 3000, lambda number: Request("/", {}))


main()
