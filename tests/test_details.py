"""What a project's page shows of core metadata: made at publication, kept, and made anew where it is not there."""

import gzip
import json
import random
from typing import Any

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import catalog, details, publishing, readmes, storage
from packages.details import Details, RequirementLink, requirement_links
from packages.distributions import DistributionFile
from packages.errors import Unavailable
from packages.metadata import parse_metadata
from packages.models import FileDetails, project_partition
from packages.store import Delete, Put, Store
from tests.builders import Built, a_wheel, an_origin, an_sdist, core_metadata

DEMO = NormalizedName("demo-pkg")
BY = an_origin()

FULL: dict[str, Any] = {
    "metadata_version": "2.4",
    "summary": "A demonstration",
    "description_content_type": "text/markdown",
    "license_expression": "MIT OR Apache-2.0",
    "license_file": ["LICENSE", "NOTICE"],
    "author": "Ada",
    "author_email": "Ada <ada@example.org>",
    "maintainer": "Grace",
    "maintainer_email": "grace@example.org",
    "keywords": "one,two words,one",
    "classifier": ["Framework :: Django", "Typing :: Typed"],
    "requires_python": ">=3.9",
    "requires_dist": ["requests>=2", "pytest; extra == 'test'"],
    "provides_extra": ["test"],
    "project_url": ["Source, https://example.org/source", "Homepage, https://example.org"],
    "home_page": "https://example.org",
    "download_url": "https://example.org/files",
    "dynamic": ["License-File"],
    "body": "# Demo\n\nSome *text*.\n",
}


def publish(built: Built) -> DistributionFile:
    return publishing.publish(built.received(), by=BY, overwrite=True)


def kept(items: Store) -> list[str]:
    """The digests of the metadata of which details are kept."""
    return [item.sk.partition("#")[2] for item in items.query(project_partition(DEMO), FileDetails.PREFIX)]


def drop(items: Store) -> None:
    for item in list(items.query(project_partition(DEMO), FileDetails.PREFIX)):
        items.write(Delete(item=item))


def made(metadata: bytes) -> Details:
    return details.made(parse_metadata(metadata))


def test_are_kept_at_publication(items: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    file = publish(a_wheel(**FULL))
    assert kept(items) == [file.metadata_sha256]
    # Nothing but the item is read.
    monkeypatch.setattr(storage, "read", None)
    assert details.of(file) == Details(
        summary="A demonstration",
        description_html='<h2 id="readme-demo">Demo</h2>\n<p>Some <em>text</em>.</p>\n',
        readme_how="markdown",
        license="MIT OR Apache-2.0",
        license_files=("LICENSE", "NOTICE"),
        author="Ada",
        author_email="Ada <ada@example.org>",
        maintainer="Grace",
        maintainer_email="grace@example.org",
        keywords=("one", "two words"),
        classifiers=("Framework :: Django", "Typing :: Typed"),
        requires_python=">=3.9",
        requires_dist=("requests>=2", "pytest; extra == 'test'"),
        provides_extra=("test",),
        project_urls=(
            ("Source", "https://example.org/source"),
            ("Homepage", "https://example.org"),
            ("Download", "https://example.org/files"),
        ),
        metadata_version="2.4",
        dynamic=("License-File",),
    )


def test_are_made_where_they_are_not_there(items: Store) -> None:
    file = publish(a_wheel(**FULL))
    before = details.of(file)
    drop(items)
    assert details.of(file) == before
    assert kept(items) == [file.metadata_sha256]


@pytest.mark.parametrize(
    ("format", "body"),
    [
        (details.FORMAT - 1, gzip.compress(b"{}", mtime=0)),
        (details.FORMAT, gzip.compress(b"{}", mtime=0)),
        (details.FORMAT, gzip.compress(b"[", mtime=0)),
        (details.FORMAT, gzip.compress(b"{}", mtime=0)[:-4]),
        (details.FORMAT, b"no gzip"),
        (details.FORMAT, b""),
    ],
)
def test_that_cannot_be_read_are_made_anew(items: Store, format: int, body: bytes) -> None:
    file = publish(a_wheel(**FULL))
    key = FileDetails.key(DEMO, file.metadata_sha256)
    before = items.get(key)
    assert isinstance(before, FileDetails)
    whole = before.body
    items.write(Put(item=FileDetails(*key, format=format, body=body)))
    assert details.of(file).author == "Ada"
    after = items.get(key)
    assert isinstance(after, FileDetails)
    assert (after.format, after.body) == (details.FORMAT, whole)


def test_that_cannot_be_made_keep_nobody_from_the_page(
    items: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = publish(a_wheel(**FULL))
    pk, sk = FileDetails.key(DEMO, file.metadata_sha256)
    items.write(Delete(item=FileDetails(pk, sk)))
    monkeypatch.setattr(readmes, "render", lambda text, content_type: 1 // 0)
    assert details.of(file) == Details()
    assert "could not be made" in caplog.text


def test_requirements_that_would_take_long_to_take_apart_are_shown_as_they_are() -> None:
    endless = f"p; {'(' * 230}extra == 'x'{')' * 230}"
    links = requirement_links([endless, *[f"p{number}" for number in range(1000)]])
    assert links[0] == RequirementLink(text=endless)
    assert [link.name for link in links[1:300]] == [f"p{number}" for number in range(299)]
    assert {link.name for link in links[300:]} == {None}


def test_nobody_waits_for_their_being_kept(
    items: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = publish(a_wheel(**FULL))
    drop(items)

    def busy(*_: object) -> None:
        raise Unavailable("no")

    monkeypatch.setattr(details, "_put", busy)
    assert details.of(file).author == "Ada"
    assert f"the details of {file.filename} could not be kept" in caplog.text


def test_without_the_metadata_are_empty(items: Store) -> None:
    file = publish(a_wheel(**FULL))
    drop(items)
    storage.delete(file.metadata_key)
    assert details.of(file) == Details()
    assert kept(items) == []


def test_of_metadata_that_is_not_taken_any_more_are_empty(items: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    file = publish(a_wheel(**FULL))
    drop(items)
    monkeypatch.setattr(storage, "read", lambda key: b"Name: demo\n")
    assert details.of(file) == Details()


def test_of_equal_metadata_are_made_once(items: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str | None] = []
    render = readmes.render

    def counted(text: str, content_type: str | None) -> readmes.Readme:
        calls.append(content_type)
        return render(text, content_type)

    monkeypatch.setattr(readmes, "render", counted)
    metadata = core_metadata("demo-pkg", "1.0", **FULL)
    wheel, sdist = (publish(make(metadata=metadata)) for make in (a_wheel, an_sdist))
    assert wheel.metadata_sha256 == sdist.metadata_sha256
    assert details.of(wheel) == details.of(sdist)
    assert calls == ["text/markdown"]
    # A file that is there already costs nothing either.
    publish(a_wheel(metadata=metadata))
    assert calls == ["text/markdown"]


@pytest.mark.parametrize("error", [RuntimeError("broken"), RecursionError(), MemoryError(), Unavailable("no")])
def test_never_fail_a_publication(
    items: Store, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(readmes, "render", fails)
        file = publish(a_wheel(**FULL))
    assert f"the details of {file.filename} could not be made" in caplog.text
    assert [one.filename for one in catalog.files_of(catalog.find_project(DEMO))] == [file.filename]
    assert kept(items) == []
    assert details.of(file).readme_how == "markdown"


class TestPurge:
    def test_forgets_them(self, items: Store) -> None:
        wheel = publish(a_wheel(**FULL))
        other = publish(a_wheel(version="2.0"))
        publishing.remove(DEMO, "1.0", by=BY)
        assert wheel.metadata_sha256 in kept(items)
        publishing.purge(DEMO, "1.0", by=BY)
        assert kept(items) == [other.metadata_sha256]

    def test_leaves_those_of_other_files(self, items: Store) -> None:
        metadata = core_metadata("demo-pkg", "1.0", **FULL)
        wheel, sdist = (publish(make(metadata=metadata)) for make in (a_wheel, an_sdist))
        for file, left in ((wheel, 1), (sdist, 0)):
            publishing.remove(DEMO, filename=file.filename, by=BY)
            publishing.purge(DEMO, filename=file.filename, by=BY)
            assert len(kept(items)) == left

    def test_leaves_those_of_hidden_files(self, items: Store) -> None:
        metadata = core_metadata("demo-pkg", "1.0", **FULL)
        wheel, sdist = (publish(make(metadata=metadata)) for make in (a_wheel, an_sdist))
        for file in (wheel, sdist):
            publishing.remove(DEMO, filename=file.filename, by=BY)
        publishing.purge(DEMO, filename=wheel.filename, by=BY)
        assert len(kept(items)) == 1
        publishing.restore(DEMO, filename=sdist.filename, by=BY)
        assert details.of(sdist).author == "Ada"

    def test_of_a_project_forgets_those_of_overwritten_files_too(self, items: Store, settings: Settings) -> None:
        publish(a_wheel(**FULL))
        publish(a_wheel(summary="Another one"))
        assert len(kept(items)) == 2
        publishing.remove(DEMO, by=BY)
        publishing.purge(DEMO, by=BY)
        assert kept(items) == []


@pytest.mark.parametrize("home", ["machine"], indirect=True)
class TestSize:
    def test_of_the_longest_readme_fits(self, items: Store) -> None:
        # As much as is shown: in hexadecimal it packs to its half.
        noise = random.Random(1).randbytes(readmes.LONGEST // 2 - 10).hex()
        file = publish(a_wheel(**{**FULL, "description_content_type": "text/plain", "body": noise}))
        (item,) = items.query(project_partition(DEMO), FileDetails.PREFIX)
        assert isinstance(item, FileDetails)
        assert len(item.body) <= details.LARGEST_BODY
        found = details.of(file)
        assert (found.author, found.description_html, found.readme_omitted) == ("Ada", f"<pre>\n{noise}</pre>", False)

    def test_too_large_is_left_out(self, items: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(details, "LARGEST_BODY", 2000)
        noise = random.Random(1).randbytes(2000).hex()
        file = publish(a_wheel(**{**FULL, "body": noise}))
        found = details.of(file)
        assert (found.description_html, found.readme_omitted, found.author) == ("", True, "Ada")

    def test_of_everything_at_once_fits(self, items: Store) -> None:
        random_text = random.Random(2)

        def words() -> str:
            return random_text.randbytes(500).hex()

        many = {name: [f"{words()}{n}" for n in range(1500)] for name in ("classifier", "license_file", "dynamic")}
        urls = [f"{n}{words()[:200]}, https://example.org/{n}" for n in range(1000)]
        metadata = core_metadata("demo-pkg", "1.0", **{**FULL, **many, "project_url": urls})
        file = publish(a_wheel(metadata=metadata))
        (item,) = items.query(project_partition(DEMO), FileDetails.PREFIX)
        assert isinstance(item, FileDetails)
        assert len(item.body) <= details.LARGEST_BODY
        found = details.of(file)
        assert (found.author, found.classifiers, found.readme_omitted) == ("Ada", (), True)


class TestValues:
    def test_are_bounded_text(self) -> None:
        long = "x" * 10_000
        found = made(
            core_metadata(
                "demo-pkg",
                "1.0",
                author=f"<script>{long}",
                keywords=",".join(f"{n}{long[:200]}" for n in range(100)),
                classifier=[f"a\u2028b {long}"],
                project_url=[
                    "Bad, javascript:alert(1)",
                    "Data, data:text/html,x",
                    "Relative, //evil.example",
                    "Split, https://a.example/ b",
                    "No host, https:///x",
                    f"Long, https://a.example/{long}",
                    f"{long[:100]}, HTTPS://a.example/",
                    ", https://b.example/",
                ],
                home_page="ftp://a.example",
                download_url="UNKNOWN",
            )
        )
        assert found.author == f"<script>{long}"[: details.LONGEST_VALUE]
        assert len(found.keywords) == details.MOST_KEYWORDS
        assert {len(word) for word in found.keywords} == {details.LONGEST_LABEL}
        assert found.classifiers[0].startswith("a b x")
        assert found.project_urls == (("x" * 80, "HTTPS://a.example/"), ("Link", "https://b.example/"))

    def test_that_no_text_can_hold_are_none(self) -> None:
        found = made(b"Metadata-Version: 2.1\nName: demo-pkg\nVersion: 1.0\nAuthor: \xff\xfe\n\n\xff")
        assert found == Details(metadata_version="2.1")

    @pytest.mark.parametrize(
        ("fields", "license"),
        [
            ({"license_expression": "MIT", "license": "BSD"}, "MIT"),
            ({"license": "BSD-3-Clause"}, "BSD-3-Clause"),
            ({"license": "UNKNOWN", "classifier": ["License :: OSI Approved :: MIT License"]}, "MIT License"),
            ({"classifier": ["License :: OSI Approved :: A", "License :: B", "Typing :: Typed"]}, "A, B"),
            ({"license": "\n        Copyright\n        All of it " + "y" * 300}, "Copyright"),
            ({"license": "MIT", "classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
            (
                {"license": "Copyright (c) 2005, N.", "classifier": ["License :: OSI Approved :: B License"]},
                "B License",
            ),
            ({"license": "B\n        All of it", "classifier": ["License :: OSI Approved :: B License"]}, "B License"),
            ({"license": "B\n        All of it", "classifier": ["Typing :: Typed"]}, "B"),
            ({"license": "z" * 300}, "z" * 200),
            ({}, ""),
        ],
    )
    def test_of_the_license(self, fields: dict[str, Any], license: str) -> None:
        assert made(core_metadata("demo-pkg", "1.0", **fields)).license == license

    @pytest.mark.parametrize(
        ("keywords", "words"),
        [("a b c", ("a", "b", "c")), ("a b,c", ("a b", "c")), ("UNKNOWN", ()), (" , ,a", ("a",)), ("", ())],
    )
    def test_of_keywords(self, keywords: str, words: tuple[str, ...]) -> None:
        assert made(core_metadata("demo-pkg", "1.0", keywords=keywords)).keywords == words

    def test_of_a_description_in_a_header(self) -> None:
        for mark in ("        ", "       |"):
            text = f"# Demo\n{mark}\n{mark}* one\n{mark}\n{mark}* two"
            metadata = core_metadata("demo-pkg", "1.0", description=text, description_content_type="text/markdown")
            assert made(metadata).description_html.startswith('<h2 id="readme-demo">Demo</h2>\n<ul>')

    def test_of_a_description_that_there_is_not(self) -> None:
        assert made(core_metadata("demo-pkg", "1.0", description="UNKNOWN")).description_html == ""

    def test_can_all_be_kept(self) -> None:
        found = made(core_metadata("demo-pkg", "1.0", **FULL))
        values = json.loads(gzip.decompress(details._closed(found)))
        assert Details(**{name: details._frozen(value) for name, value in values.items()}) == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Requests[socks]>=2", ("requests", "", None)),
        ("pytest; extra == 'test'", ("pytest", 'extra == "test"', "test")),
        (
            "tomli>=1; python_version < '3.11' and extra == \"test\"",
            ("tomli", 'python_version < "3.11" and extra == "test"', "test"),
        ),
        (
            "x; (python_version < '3' or os_name == 'nt') and extra == 't'",
            ("x", '(python_version < "3" or os_name == "nt") and extra == "t"', "t"),
        ),
        # Of two extras, so of no single one.
        ("x; extra == 'a' or extra == 'b'", ("x", 'extra == "a" or extra == "b"', None)),
        ("y @ https://example.org/y.zip ; os_name == 'nt'", ("y", 'os_name == "nt"', None)),
        ("no requirement at all", (None, "", None)),
        ("<script>", (None, "", None)),
        ("x; " + "(" * 5000, (None, "", None)),
        ("", (None, "", None)),
    ],
)
def test_requirements_are_linked(text: str, expected: tuple[str | None, str, str | None]) -> None:
    (link,) = requirement_links([text])
    name, marker, extra = expected
    assert link == RequirementLink(text, None if name is None else NormalizedName(name), marker, extra)
