"""How long pages take. Run: ``python -m benchmarks.browsing [PROJECTS …]``.

In one process on SQLite, through Django's handler and without a server, for an administrator who has logged in:
warm, and the first request of a new process, which finds the kept list of projects.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import django
from django.utils import timezone
from packaging.utils import NormalizedName

from benchmarks.listings import fill
from tests.builders import a_wheel, an_sdist

SIZES = (100, 10_000)
WARM, COLD = 200, 5
USER, PASSWORD = "bench", "only for this run"
SHOWN, RELEASES = NormalizedName("shown"), 6
PAGES = {
    "home": "/",
    "search of two words": "/search/?q=fast+data",
    "search of two words, as one types": "/search/?q=fast+data&part=results",
    f"project of {2 * RELEASES} files, README of 8 KB": f"/project/{SHOWN}/",
    "/manage/projects/": "/manage/projects/",
}
READY = "a new process, until it can answer"

_SECTION = """## Part {number}

Reads *what there is*, and writes `what is wanted`: see [the guide](https://example.com/guide/{number}).

- It is **small**, typed and tested
- It takes [anything](https://example.com/{number}) and gives it back

```python
from shown import part
part({number}).reads("data").writes("files")  # as often as you like
```

| name | meaning |
|---|---|
| `reads` | where from |

"""


def main(sizes: list[int]) -> None:
    """Measure each size in processes of its own, and print a table."""
    results: dict[int, dict[str, list[float]]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            variables = {"DATA_DIR": folder, "USERS": "", "USERNAME": "", "BUCKET": "", "TABLE": "", "PUBLIC_URL": ""}
            measured = _asked(["measure", str(size)], variables)
            times: dict[str, list[float]] = {**measured["times"], READY: []}
            for page, path in PAGES.items():
                for _ in range(COLD):
                    begun = time.time()
                    cold = _asked(["first", path], {**variables, "COOKIE": measured["cookie"]})
                    times.setdefault(f"{page}, first of a new process", []).append(cold["took"])
                    times[READY].append((cold["ready"] - begun) * 1000)
        results[size] = times
    print("Milliseconds of a page, median (worst), by projects in the index\n")
    print("| page | " + " | ".join(f"{size:,}" for size in results) + " |")
    print("|---|" + "---|" * len(results))
    for name in next(iter(results.values())):
        cells = [f"{statistics.median(times[name]):.1f} ({max(times[name]):.1f})" for times in results.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


def measure(size: int) -> dict[str, Any]:
    """Fill an index and ask for its pages; gives milliseconds, and the cookie of who has logged in."""
    from django.test import Client

    from packages import accounts, listings, publishing
    from packages.access import OPERATOR, Role
    from packages.journal import Origin

    fill(size)
    by = Origin(actor=OPERATOR, time=timezone.now())
    readme = "# Shown\n\n" + "".join(_SECTION.format(number=number) for number in range(30))[:8000]
    for number in range(RELEASES):
        for build in (a_wheel, an_sdist):
            built = build(SHOWN, f"1.{number}", body=readme, description_content_type="text/markdown")
            publishing.publish(built.received(), by=by, overwrite=False)
    accounts.create(USER, role=Role.ADMIN, password=PASSWORD, by=by)
    # Made from the rows now, and kept for the processes that come.
    listings.projects()
    client = Client(headers={"host": "localhost"})
    answer = client.post("/login/", {"name": USER, "password": PASSWORD})
    if answer.status_code != 302:
        raise RuntimeError(f"not logged in: {answer.status_code}")
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    ask = asking(cookie)
    times = {page: list(_times(ask, path)) for page, path in PAGES.items()}
    return {"times": times, "cookie": cookie}


def first(path: str) -> dict[str, float]:
    """The first request of this process: when it could be asked, and how many milliseconds it took."""
    ask, ready = asking(os.environ["COOKIE"]), time.time()
    return {"ready": ready, "took": _timed(ask, path)}


def asking(cookie: str) -> Callable[[str], None]:
    """What asks for a page as a browser does."""
    from django.core.wsgi import get_wsgi_application

    # What it tells of its answer is looked at here alone.
    application: Any = get_wsgi_application()

    def ask(path: str) -> None:
        path, _, query = path.partition("?")
        said = list[str]()
        answer = application(
            {
                "REQUEST_METHOD": "GET",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "SERVER_NAME": "localhost",
                "SERVER_PORT": "80",
                "HTTP_HOST": "localhost",
                "HTTP_ACCEPT": "text/html,application/xhtml+xml,*/*;q=0.8",
                "HTTP_ACCEPT_ENCODING": "gzip, deflate, br",
                "HTTP_COOKIE": cookie,
                "REMOTE_ADDR": "127.0.0.1",
                "wsgi.input": io.BytesIO(),
                "wsgi.url_scheme": "http",
            },
            lambda status, headers, error=None: said.append(status),
        )
        body = b"".join(answer)
        answer.close()
        if said != ["200 OK"] or not body:
            raise RuntimeError(f"{path}: {said} {body[:200]!r}")

    return ask


def _times(ask: Callable[[str], None], path: str) -> Iterator[float]:
    for _ in range(3):
        ask(path)
    for _ in range(WARM):
        yield _timed(ask, path)


def _timed(ask: Callable[[str], None], path: str) -> float:
    started = time.perf_counter()
    ask(path)
    return (time.perf_counter() - started) * 1000


def _asked(arguments: list[str], variables: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.browsing", *arguments]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] in (["measure"], ["first"]):
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_project.settings")
        django.setup()
        print(json.dumps(measure(int(sys.argv[2])) if sys.argv[1] == "measure" else first(sys.argv[2])))
    else:
        main([int(argument) for argument in sys.argv[1:]] or list(SIZES))
