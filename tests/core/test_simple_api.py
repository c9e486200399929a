"""The values of the Simple API's pages."""

import string
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from packages.distributions import SDIST, DistributionFile
from packages.simple_api import (
    ACCEPTS_UPLOADS,
    ACTIVE,
    ARCHIVED,
    DEPRECATED,
    OFFERS_FILES,
    QUARANTINED,
    STATUSES,
    advertised_metadata,
    file_entry,
    file_url,
    project_detail,
    project_list,
    yanked_value,
)
from tests.builders import a_file

DEMO = canonicalize_name("demo-pkg")
AN_SDIST: dict[str, Any] = {"filename": "demo_pkg-1.0.tar.gz", "packagetype": SDIST}


def detail(*files: DistributionFile, status: str = ACTIVE, status_reason: str = "") -> dict[str, Any]:
    return project_detail(DEMO, files, status=status, status_reason=status_reason, serial=7, url_for=file_url)


def test_lists_projects_with_their_serials() -> None:
    assert project_list([(canonicalize_name("a"), 3), (canonicalize_name("b"), 9)], 9) == {
        "meta": {"api-version": "1.4", "_last-serial": 9},
        "projects": [{"name": "a", "_last-serial": 3}, {"name": "b", "_last-serial": 9}],
    }


def test_lists_no_project_of_an_empty_index() -> None:
    assert project_list([], 0) == {"meta": {"api-version": "1.4", "_last-serial": 0}, "projects": []}


def test_shows_a_project_as_the_specification_does() -> None:
    assert detail(a_file(requires_python=">=3.9")) == {
        "meta": {"api-version": "1.4", "_last-serial": 7},
        "name": "demo-pkg",
        "project-status": {"status": "active"},
        "versions": ["1.0"],
        "files": [
            {
                "filename": "demo_pkg-1.0-py3-none-any.whl",
                "url": "packages/demo-pkg/demo_pkg-1.0-py3-none-any.whl",
                "hashes": {"sha256": "a" * 64},
                "requires-python": ">=3.9",
                "core-metadata": {"sha256": "b" * 64},
                "dist-info-metadata": {"sha256": "b" * 64},
                "size": 1234,
                "upload-time": "2026-11-23T12:00:00.250000Z",
                "yanked": False,
                "provenance": None,
            }
        ],
    }


def test_shows_a_project_without_files() -> None:
    page = detail()
    assert (page["versions"], page["files"]) == ([], [])


def test_lists_each_version_once_and_the_oldest_first() -> None:
    files = [a_file(version=version) for version in ("1.10", "1.9", "1.10", "1.10rc1", "1!0.1")]
    page = detail(*files)
    assert page["versions"] == ["1.9", "1.10rc1", "1.10", "1!0.1"]
    assert len(page["files"]) == 5


def test_reads_files_that_come_only_once() -> None:
    page = project_detail(DEMO, iter([a_file()]), status=ACTIVE, status_reason="", serial=1, url_for=file_url)
    assert (len(page["versions"]), len(page["files"])) == (1, 1)


@pytest.mark.parametrize(
    ("status", "reason", "shown"),
    [
        (ACTIVE, "", {"status": "active"}),
        (ARCHIVED, "superseded by other", {"status": "archived", "reason": "superseded by other"}),
        (DEPRECATED, "", {"status": "deprecated"}),
        (QUARANTINED, "<malware>", {"status": "quarantined", "reason": "<malware>"}),
    ],
)
def test_shows_the_status_and_a_reason_only_where_there_is_one(status: str, reason: str, shown: dict[str, str]) -> None:
    assert detail(status=status, status_reason=reason)["project-status"] == shown


@pytest.mark.parametrize(
    ("status", "uploads", "files"),
    [
        (ACTIVE, True, True),
        (DEPRECATED, True, True),
        pytest.param(ARCHIVED, False, True, id="archived is read only"),
        pytest.param(QUARANTINED, False, False, id="quarantined is closed"),
    ],
)
def test_says_what_each_status_forbids(status: str, uploads: bool, files: bool) -> None:
    assert status in STATUSES
    assert (status in ACCEPTS_UPLOADS, status in OFFERS_FILES) == (uploads, files)


@pytest.mark.parametrize(
    ("yanked", "reason", "value"),
    [
        (False, "", False),
        (True, "", True),
        (True, "broken on Windows", "broken on Windows"),
        pytest.param(False, "was broken", False, id="a reason alone yanks nothing"),
    ],
)
def test_joins_yanked_and_its_reason(yanked: bool, reason: str, value: bool | str) -> None:
    file = a_file(yanked=yanked, yanked_reason=reason)
    assert yanked_value(file) == value
    assert file_entry(file, "x")["yanked"] == value


def test_advertises_a_wheels_metadata_but_not_an_sdists() -> None:
    assert advertised_metadata(a_file()) == {"sha256": "b" * 64}
    assert advertised_metadata(a_file(**AN_SDIST)) is False
    entry = file_entry(a_file(**AN_SDIST), "x")
    assert (entry["core-metadata"], entry["dist-info-metadata"]) == (False, False)


@pytest.mark.parametrize("requires_python", [None, ""])
def test_leaves_an_absent_requires_python_out(requires_python: str | None) -> None:
    assert "requires-python" not in file_entry(a_file(requires_python=requires_python), "x")


@pytest.mark.parametrize(
    "file",
    [
        a_file(),
        a_file(**AN_SDIST),
        a_file(yanked=True),
        a_file(md5="c" * 32, blake2b_256="d" * 64, requires_python=">=3.9"),
    ],
    ids=["wheel", "sdist", "yanked", "all digests"],
)
def test_shows_no_null_where_uv_refuses_one_and_sha256_alone(file: DistributionFile) -> None:
    entry = file_entry(file, "x")
    assert [key for key, value in entry.items() if value is None] == ["provenance"]
    assert list(entry["hashes"]) == ["sha256"]


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 23, 12, 0, 0, 250000, tzinfo=UTC), "2026-11-23T12:00:00.250000Z"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05.000000Z"),
    ],
)
def test_shows_the_upload_time_in_utc_with_microseconds(moment: datetime, shown: str) -> None:
    assert file_entry(a_file(upload_time=moment), "x")["upload-time"] == shown


@pytest.mark.parametrize(
    ("filename", "url"),
    [
        ("demo_pkg-1.0.tar.gz", "packages/demo-pkg/demo_pkg-1.0.tar.gz"),
        pytest.param(
            "demo_pkg-1!1.0+corp.1.zip", "packages/demo-pkg/demo_pkg-1!1.0+corp.1.zip", id="epoch and local version"
        ),
        pytest.param("Demo.Pkg-1.0-dev.zip", "packages/demo-pkg/Demo.Pkg-1.0-dev.zip", id="as it was uploaded"),
        pytest.param(
            "a#b?c%2Fd/e f.zip", "packages/demo-pkg/a%23b%3Fc%252Fd%2Fe%20f.zip", id="no letter of a filename"
        ),
    ],
)
def test_gives_a_file_its_address(filename: str, url: str) -> None:
    assert file_url(a_file(filename=filename)) == url


@settings(derandomize=True, database=None, deadline=None)
@given(st.text(alphabet=string.ascii_letters + string.digits + "._+!-", min_size=1))
def test_an_address_has_no_query_and_leads_back_to_the_filename(filename: str) -> None:
    parts = urlsplit(file_url(a_file(filename=filename)))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert unquote(parts.path) == f"packages/demo-pkg/{filename}"
