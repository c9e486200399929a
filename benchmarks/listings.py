"""How long a search takes, and what the list of projects costs. Run: ``python -m benchmarks.listings [PROJECTS …]``.

In one process, on SQLite: warm; when one change was made since; in a new process that finds the kept list; and
where nothing is kept, so that everything is read.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import django
from packaging.utils import NormalizedName

from benchmarks.corpus import ROWS_AT_ONCE, SMALL_FILES, _write, name_of

SIZES = (100, 10_000)
WORDS = ("client", "tools", "data", "reads", "writes", "serves", "small", "fast", "typed", "async", "files")
QUERIES = ("", "project", "project-00042", "00042", "fast data", "typed async serves", "nothing like it", "x" * 200)


def main(sizes: list[int]) -> None:
    """Measure each size in a process of its own, and print a table."""
    results = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.listings", "measure", str(size)],
                env={**os.environ, "DATA_DIR": folder, "USERS": "", "BUCKET": "", "TABLE": ""},
                capture_output=True,
                text=True,
                check=True,
            )
        results[size] = json.loads(done.stdout)
    print("Milliseconds of a search, median (worst), by projects in the index\n")
    print("| the list of projects | " + " | ".join(f"{size:,}" for size in results) + " |")
    print("|---|" + "---|" * len(results))
    for name in next(iter(results.values())):
        cells = [f"{statistics.median(times[name]):.2f} ({max(times[name]):.2f})" for times in results.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


def measure(size: int) -> dict[str, list[float]]:
    """Fill an index and search it; gives milliseconds."""
    from packages import listings, publishing
    from packages.access import OPERATOR
    from packages.journal import Origin
    from packages.models import ListChunk
    from packages.store import Delete, store

    fill(size)
    times: dict[str, list[float]] = {}

    def search(query: str = "fast data") -> Callable[[], object]:
        return lambda: listings.search(query, limit=50)

    def forget_kept() -> None:
        for chunk in list(store().query(ListChunk.partition("projects"))):
            store().write(Delete(item=chunk))
        store.cache_clear()

    times["is made anew and kept"] = list(_times(search(), 3, before=forget_kept))
    times["is kept by another process"] = list(_times(search(), 7, before=store.cache_clear))
    for query in QUERIES:
        shown = query if len(query) <= 40 else f"{query[:3]}…"
        times[f"is current: {shown!r}"] = list(_times(search(query), 50))
    by = Origin(actor=OPERATOR, time=datetime(2026, 11, 24, tzinfo=UTC))
    reasons = iter(range(1000))

    def change() -> None:
        number = next(reasons)
        publishing.yank(NormalizedName(name_of(number % size)), "1.0", by=by, reason=f"reason {number}")

    times["is one change behind"] = list(_times(search(), 50, before=change))
    return times


def _times(act: Callable[[], object], count: int, *, before: Callable[[], object] = dict) -> Iterator[float]:
    for _ in range(count):
        before()
        started = time.perf_counter()
        act()
        yield (time.perf_counter() - started) * 1000


def fill(projects: int) -> None:
    """Write so many projects with summaries, straight into the store."""
    from packages.distributions import DistributionFile
    from packages.models import PROJECTS, SERIAL, Counter, File, Item, Project

    rows: list[Item] = [Counter(*Counter.key(counter), value=projects) for counter in (SERIAL, PROJECTS)]
    for number in range(projects):
        name = NormalizedName(name_of(number))
        rows.append(Project(*Project.key(name), name=name, display_name=name, serial=number + 1, owners={"bench"}))
        summary = " ".join(WORDS[(number * step) % len(WORDS)] for step in range(1, 15))
        for version in range(SMALL_FILES):
            filename = f"{name.replace('-', '_')}-1.{version}-py3-none-any.whl"
            file = DistributionFile(
                project=name,
                filename=filename,
                version=f"1.{version}",
                packagetype="bdist_wheel",
                size=123456,
                sha256="0" * 64,
                summary=summary,
                metadata_sha256="0" * 64,
                upload_time=datetime(2026, 11, 23, tzinfo=UTC),
                uploader="bench",
                key=f"files/{name}/{filename}",
            )
            rows.append(File.of(file))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        _write(rows[start : start + ROWS_AT_ONCE])


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_project.settings")
        django.setup()
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main([int(argument) for argument in sys.argv[1:]] or list(SIZES))
