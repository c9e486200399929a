"""The values of the JSON API's answers."""

from typing import Any

import pytest

from packages.distributions import SDIST, DistributionFile
from packages.json_api import file_info, metadata_source, release_files, release_info
from packages.metadata import parse_metadata
from packages.simple_api import file_url
from tests.builders import a_file, core_metadata

AN_SDIST: dict[str, Any] = {"filename": "demo_pkg-1.0.tar.gz", "packagetype": SDIST}


def info(*files: DistributionFile, **fields: Any) -> dict[str, Any]:
    metadata = parse_metadata(core_metadata("Demo.Pkg", "1.0", **fields))
    return release_info(metadata, files, project_url="https://host/project/demo-pkg/")


def test_tells_of_a_release_what_its_metadata_says() -> None:
    told = info(
        metadata_version="2.4",
        summary="A demo",
        author="Ada",
        author_email="ada@host",
        maintainer="Bob",
        maintainer_email="bob@host",
        home_page="https://home",
        download_url="https://down",
        license="MIT",
        license_expression="MIT",
        license_file=["LICENSE"],
        keywords="one,two",
        platform=["linux", "win"],
        classifier=["Topic :: A", "Topic :: B"],
        requires_dist=["other>=1"],
        requires_python=">=3.*",
        provides_extra=["x"],
        project_url=["Source, https://src"],
        dynamic=["Requires-Dist"],
        description_content_type="text/markdown",
        body="# Demo",
    )
    expected = {
        "name": "Demo.Pkg",
        "version": "1.0",
        "summary": "A demo",
        "author": "Ada",
        "author_email": "ada@host",
        "maintainer": "Bob",
        "maintainer_email": "bob@host",
        "home_page": "https://home",
        "download_url": "https://down",
        "license": "MIT",
        "license_expression": "MIT",
        "license_files": ["LICENSE"],
        "keywords": "one,two",
        "platform": "linux,win",
        "classifiers": ["Topic :: A", "Topic :: B"],
        "requires_dist": ["other>=1"],
        "requires_python": ">=3.*",
        "provides_extra": ["x"],
        "project_urls": {"Source": "https://src"},
        "dynamic": ["Requires-Dist"],
        "description_content_type": "text/markdown",
        "description": "# Demo",
        "package_url": "https://host/project/demo-pkg/",
        "project_url": "https://host/project/demo-pkg/",
        "release_url": "https://host/project/demo-pkg/",
        "yanked": False,
        "yanked_reason": None,
    }
    assert {key: told[key] for key in expected} == expected


def test_tells_of_a_bare_release_in_the_same_keys() -> None:
    bare = info()
    assert bare.keys() == info(summary="A demo", author="Ada").keys()
    texts = ("author", "description", "home_page", "keywords", "license", "maintainer", "platform", "summary")
    assert {bare[key] for key in texts} == {""}
    assert (bare["classifiers"], bare["requires_dist"], bare["requires_python"]) == ([], None, None)


@pytest.mark.parametrize(
    "field", ["summary", "author", "author_email", "home_page", "download_url", "license", "keywords", "platform"]
)
def test_takes_the_placeholder_of_old_tools_for_nothing(field: str) -> None:
    assert info(**{field: "UNKNOWN"})[field] == ""


@pytest.mark.parametrize(
    ("files", "yanked", "reason"),
    [
        pytest.param([], False, None, id="no file"),
        ([a_file()], False, None),
        ([a_file(yanked=True), a_file(yanked=True)], True, None),
        ([a_file(yanked=True), a_file(yanked=True, yanked_reason="broken")], True, "broken"),
        pytest.param([a_file(yanked=True, yanked_reason="broken"), a_file()], False, None, id="yanked in part"),
    ],
)
def test_calls_a_release_yanked_when_all_its_files_are(
    files: list[DistributionFile], yanked: bool, reason: str | None
) -> None:
    told = info(*files)
    assert (told["yanked"], told["yanked_reason"]) == (yanked, reason)


def test_tells_of_a_file_what_mirrors_read() -> None:
    told = file_info(a_file(md5="c" * 32, blake2b_256="d" * 64, requires_python=">=3.9"), "https://host/x")
    assert told == {
        "comment_text": "",
        "core-metadata": {"sha256": "b" * 64},
        "digests": {"md5": "c" * 32, "sha256": "a" * 64, "blake2b_256": "d" * 64},
        "downloads": -1,
        "filename": "demo_pkg-1.0-py3-none-any.whl",
        "has_sig": False,
        "md5_digest": "c" * 32,
        "packagetype": "bdist_wheel",
        "python_version": "py3",
        "requires_python": ">=3.9",
        "size": 1234,
        "upload_time": "2026-11-23T12:00:00",
        "upload_time_iso_8601": "2026-11-23T12:00:00.250000Z",
        "url": "https://host/x",
        "yanked": False,
        "yanked_reason": None,
    }


def test_leaves_digests_out_that_it_does_not_know() -> None:
    told = file_info(a_file(), "x")
    assert told["digests"] == {"sha256": "a" * 64}
    assert told["md5_digest"] is None


def test_tells_of_an_sdist_that_it_is_source_without_fixed_metadata() -> None:
    told = file_info(a_file(**AN_SDIST), "x")
    assert (told["packagetype"], told["python_version"], told["core-metadata"]) == ("sdist", "source", False)


@pytest.mark.parametrize(("reason", "told"), [("", None), ("broken", "broken")])
def test_tells_of_a_yanked_file_in_two_keys(reason: str, told: str | None) -> None:
    answer = file_info(a_file(yanked=True, yanked_reason=reason), "x")
    assert (answer["yanked"], answer["yanked_reason"]) == (True, told)


def test_sorts_files_into_their_releases() -> None:
    files = [
        a_file(version="1.0", **AN_SDIST),
        a_file(version="1.0"),
        a_file(version="1.1", filename="demo_pkg-1.1-py3-none-any.whl"),
    ]
    releases = release_files(files, file_url)
    assert {version: [file["url"] for file in told] for version, told in releases.items()} == {
        "1.0": ["packages/demo-pkg/demo_pkg-1.0.tar.gz", "packages/demo-pkg/demo_pkg-1.0-py3-none-any.whl"],
        "1.1": ["packages/demo-pkg/demo_pkg-1.1-py3-none-any.whl"],
    }
    assert release_files([], file_url) == {}


@pytest.mark.parametrize(
    ("filenames", "source"),
    [
        (["a-1.tar.gz", "a-1-py3-none-any.whl"], "a-1-py3-none-any.whl"),
        (["a-1-py3-none-any.whl", "a-1-cp311-cp311-win32.whl"], "a-1-cp311-cp311-win32.whl"),
        (["a-1.zip", "a-1.tar.gz"], "a-1.tar.gz"),
        ([], None),
    ],
)
def test_lets_a_wheel_speak_for_a_release_and_always_the_same_one(filenames: list[str], source: str | None) -> None:
    def kind(filename: str) -> str:
        return "bdist_wheel" if filename.endswith(".whl") else "sdist"

    for order in (filenames, filenames[::-1]):
        speaker = metadata_source(a_file(filename=filename, packagetype=kind(filename)) for filename in order)
        assert (speaker and speaker.filename) == source
