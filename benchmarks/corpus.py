"""Fill an empty index with projects, straight into its store. Run: ``python -m benchmarks.corpus PROJECTS``.

What is measured reads rows; the bytes of these files exist nowhere.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import django
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from packages.models import Item

# One project has as many files as the largest ones of the public index.
BIG_PROJECT, BIG_FILES = "big", 2000
SMALL_FILES = 4
ROWS_AT_ONCE = 2000


def name_of(number: int) -> str:
    """The name of a small project."""
    return f"project-{number:05}"


def fill(projects: int) -> None:
    """Write the rows of so many projects."""
    from packages.distributions import DistributionFile
    from packages.models import PROJECTS, SERIAL, Counter, File, Project, ProjectEntry

    def file(project: str, version: str) -> DistributionFile:
        name = canonicalize_name(project)
        filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        sha256 = hashlib.sha256(filename.encode()).hexdigest()
        return DistributionFile(
            project=name,
            filename=filename,
            version=version,
            packagetype="bdist_wheel",
            size=123456,
            sha256=sha256,
            requires_python=">=3.9",
            metadata_sha256=sha256,
            upload_time=datetime(2026, 11, 23, tzinfo=UTC),
            uploader="bench",
            key=f"files/{name}/{sha256}/{filename}",
        )

    rows: list[Item] = []
    names = [BIG_PROJECT, *(name_of(number) for number in range(projects - 1))]
    for serial, project in enumerate(names, start=1):
        name = canonicalize_name(project)
        rows.append(Project(*Project.key(name), name=name, display_name=name, serial=serial))
        rows.append(ProjectEntry(*ProjectEntry.key(name), name=name, serial=serial))
        count = BIG_FILES if project == BIG_PROJECT else SMALL_FILES
        rows.extend(File.of(file(project, f"1.{number}")) for number in range(count))
    rows.extend(Counter(*Counter.key(counter), value=len(names)) for counter in (SERIAL, PROJECTS))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        _write(rows[start : start + ROWS_AT_ONCE])


def _write(rows: Sequence[Item]) -> None:
    from packages.store import Put, store

    store().amend([(row.pk, row.sk) for row in rows], lambda _: ([Put(item=row) for row in rows], None))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pypi_project.settings")
    django.setup()
    fill(int(sys.argv[1]))
