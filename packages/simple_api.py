"""The Simple repository API: media types, and the values its pages are made of.

Source: the PyPA specification "Simple repository API" (PEP 503, 592, 629, 658, 691, 700, 714, 740, 792).
"""

from collections.abc import Callable, Iterable
from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from packaging.utils import NormalizedName

from packages.distributions import WHEEL, DistributionFile, newest_first

API_VERSION = "1.4"

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
HTML_TYPE = "application/vnd.pypi.simple.v1+html"
LEGACY_HTML_TYPE = "text/html"

# PEP 792's markers, and what each forbids.
ACTIVE, ARCHIVED, QUARANTINED, DEPRECATED = "active", "archived", "quarantined", "deprecated"
STATUSES = (ACTIVE, ARCHIVED, QUARANTINED, DEPRECATED)
ACCEPTS_UPLOADS = frozenset({ACTIVE, DEPRECATED})
OFFERS_FILES = frozenset({ACTIVE, ARCHIVED, DEPRECATED})

UrlFor = Callable[[DistributionFile], str]

FileEntry = TypedDict(
    "FileEntry",
    {
        "filename": str,
        "url": str,
        "hashes": dict[str, str],
        "requires-python": NotRequired[str],
        "core-metadata": dict[str, str] | bool,
        "dist-info-metadata": dict[str, str] | bool,
        "size": int,
        "upload-time": str,
        "yanked": bool | str,
        "provenance": None,
    },
)


def project_list(projects: Iterable[tuple[NormalizedName, int]], serial: int) -> dict[str, Any]:
    """The root page: every project's name and serial, and the serial of the whole index."""
    return {
        "meta": {"api-version": API_VERSION, "_last-serial": serial},
        "projects": [{"name": name, "_last-serial": last} for name, last in projects],
    }


def project_detail(
    name: NormalizedName,
    files: Iterable[DistributionFile],
    *,
    status: str,
    status_reason: str,
    serial: int,
    url_for: UrlFor,
) -> dict[str, Any]:
    """A project's page: its status, its versions and its files, oldest release first."""
    files = list(files)
    return {
        "meta": {"api-version": API_VERSION, "_last-serial": serial},
        "name": name,
        # PEP 792: a missing reason is an absent key, never null.
        "project-status": {"status": status, "reason": status_reason} if status_reason else {"status": status},
        "versions": newest_first(file.version for file in files)[::-1],
        "files": [file_entry(file, url_for(file)) for file in files],
    }


def file_entry(file: DistributionFile, url: str) -> FileEntry:
    """One file of a project's page. uv refuses the whole page for a null in most of these keys."""
    core_metadata = advertised_metadata(file)
    entry: FileEntry = {
        "filename": file.filename,
        "url": url,
        "hashes": {"sha256": file.sha256},
        "core-metadata": core_metadata,
        # PEP 714: the older spelling, for installers from before it.
        "dist-info-metadata": core_metadata,
        "size": file.size,
        "upload-time": file.upload_time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "yanked": yanked_value(file),
        "provenance": None,
    }
    if file.requires_python:
        entry["requires-python"] = file.requires_python
    return entry


def advertised_metadata(file: DistributionFile) -> dict[str, str] | bool:
    """PEP 658: the digest of a wheel's metadata; False for an sdist, whose metadata may change when built."""
    return {"sha256": file.metadata_sha256} if file.packagetype == WHEEL else False


def yanked_value(file: DistributionFile) -> bool | str:
    """PEP 592 and 691: False, True, or the reason; the empty string means different things to different clients."""
    return (file.yanked_reason or True) if file.yanked else False


def file_url(file: DistributionFile) -> str:
    """A file's address below the index's root, without a query: clients append ``.metadata`` to it."""
    return f"packages/{file.project}/{quote(file.filename, safe='+!')}"
