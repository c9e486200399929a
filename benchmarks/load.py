"""Requests over a few kept connections, and what they cost the server's process."""

import http.client
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 4
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Request:
    """What to send, and the status that must come back."""

    path: str
    headers: Mapping[str, str]
    method: str = "GET"
    body: bytes | None = None
    status: int = 200


@dataclass(frozen=True)
class Cost:
    """Of one workload: requests per second (all connections), and CPU seconds of the server per 1,000 requests."""

    rate: float
    cpu: float


def measure(port: int, pid: int, count: int, request_of: Callable[[int], Request]) -> Cost:
    """Send ``count`` requests and account for them; a tenth more go first, uncounted, to warm up."""
    _send(port, range(-max(count // 10, CONNECTIONS), 0), request_of)
    cpu, started = _cpu_seconds(pid), time.perf_counter()
    _send(port, range(count), request_of)
    elapsed = time.perf_counter() - started
    return Cost(rate=count / elapsed, cpu=(_cpu_seconds(pid) - cpu) * 1000 / count)


def _send(port: int, numbers: range, request_of: Callable[[int], Request]) -> None:
    failures: list[str] = []

    def work(share: range) -> None:
        try:
            send(share)
        except Exception as error:
            failures.append(repr(error))

    def send(share: range) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in share:
            request = request_of(number)
            connection.request(request.method, request.path, body=request.body, headers=dict(request.headers))
            response = connection.getresponse()
            response.read()
            if response.status != request.status:
                failures.append(f"{request.method} {request.path}: {response.status} {response.reason}")
        connection.close()

    shares = [numbers[start::CONNECTIONS] for start in range(CONNECTIONS)]
    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} requests failed, the first: {failures[0]}")


def _cpu_seconds(pid: int) -> float:
    # The fields after the command's name, which is in parentheses: utime and stime are the 12th and 13th.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
