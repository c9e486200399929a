"""Core metadata: what an installer depends on is checked, the rest is kept as it was written."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from packages import metadata
from packages.errors import InvalidDistribution
from packages.metadata import parse_metadata
from tests.builders import core_metadata

HEAD = b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n"

LONG_NUMBER = "1" * 5000


@pytest.mark.parametrize("metadata_version", ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"])
def test_reads_every_metadata_version_in_use(metadata_version: str) -> None:
    parsed = parse_metadata(core_metadata("demo", "1.0", metadata_version=metadata_version))
    assert (parsed.name, parsed.version) == ("demo", Version("1.0"))
    assert parsed.raw["metadata_version"] == metadata_version


@pytest.mark.parametrize(
    ("written", "normalized"),
    [("demo", "demo"), ("Demo.Pkg", "demo-pkg"), ("zope.interface", "zope-interface"), ("A__b", "a-b"), ("7", "7")],
)
def test_keeps_the_name_as_written_beside_the_normalized_one(written: str, normalized: str) -> None:
    parsed = parse_metadata(core_metadata(written, "1.0"))
    assert (parsed.name, parsed.display_name) == (normalized, written)


@pytest.mark.parametrize(
    ("written", "normalized"),
    [
        ("1.0", "1.0"),
        ("v1.0-dev", "1.0.dev0"),
        ("1.0-1", "1.0.post1"),
        ("1!2.0", "1!2.0"),
        ("1.0+Corp-1", "1.0+corp.1"),
    ],
)
def test_reads_versions_as_old_tools_wrote_them(written: str, normalized: str) -> None:
    assert str(parse_metadata(core_metadata("demo", written)).version) == normalized


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "the field Metadata-Version is missing", id="empty"),
        pytest.param(b"\x00\xff\xfe", "the field Metadata-Version is missing", id="no text"),
        pytest.param(b"<html></html>", "the field Metadata-Version is missing", id="a page"),
        pytest.param(b"\n" + HEAD, "the field Metadata-Version is missing", id="fields in the description"),
        pytest.param(b"Metadata-Version: 2.1\nVersion: 1.0\n\n", "the field Name is missing", id="no name"),
        pytest.param(b"Metadata-Version: 2.1\nName: demo\n\n", "the field Version is missing", id="no version"),
        pytest.param(HEAD + b"Name: other\n\n", "Name is given more than once", id="two names"),
        pytest.param(HEAD + b"Version: 2.0\n\n", "Version is given more than once", id="two versions"),
        pytest.param(
            HEAD + b"Metadata-Version: 2.2\n\n", "Metadata-Version is given more than once", id="two metadata versions"
        ),
        pytest.param(
            b"Name: demo\nVersion: 1.0\n\n", "the field Metadata-Version is missing", id="no metadata version"
        ),
        pytest.param(
            core_metadata("demo", "1.0", metadata_version="2.7"), "'2.7' is not a valid metadata version", id="the next"
        ),
        pytest.param(
            core_metadata("demo", "1.0", metadata_version="3.0"), "'3.0' is not a valid metadata version", id="the far"
        ),
        pytest.param(
            core_metadata("demo", "1.0", metadata_version="1.3"), "'1.3' is not a valid metadata version", id="unissued"
        ),
        pytest.param(core_metadata("-demo", "1.0"), "'-demo' is invalid", id="a name begins with a separator"),
        pytest.param(core_metadata("demo pkg", "1.0"), "'demo pkg' is invalid", id="a space in the name"),
        pytest.param(core_metadata("démo", "1.0"), "'démo' is invalid", id="a name beyond ASCII"),
        pytest.param(core_metadata("../demo", "1.0"), "is invalid for 'name'", id="a path as name"),
        pytest.param(core_metadata("demo\n x", "1.0"), "is invalid for 'name'", id="a name of two lines"),
        pytest.param(core_metadata("", "1.0"), "name", id="an empty name"),
        pytest.param(
            b"Metadata-Version: 2.1\nName: d\xe9mo\nVersion: 1.0\n\n", "Name .*is not in UTF-8", id="a name in Latin-1"
        ),
        pytest.param(core_metadata("demo", "2004d"), "'2004d' is invalid for 'version'", id="not PEP 440"),
        pytest.param(core_metadata("demo", "UNKNOWN"), "'UNKNOWN' is invalid for 'version'", id="a placeholder"),
        pytest.param(core_metadata("demo", "1.0 beta x"), "invalid for 'version'", id="words in the version"),
        pytest.param(core_metadata("demo", LONG_NUMBER), "version", id="a number that Python does not read"),
        pytest.param(
            core_metadata("demo", "1.0", requires_dist=["fine", "broken ((>=1)"]),
            r"Requires-Dist 'broken \(\(>=1\)' is not a valid requirement",
            id="parentheses",
        ),
        pytest.param(
            core_metadata("demo", "1.0", requires_dist="other>=1.*"),
            "Requires-Dist 'other>=1.[*]' is not a valid requirement: .*can only be used with",
            id="a star with an order",
        ),
        pytest.param(core_metadata("demo", "1.0", requires_dist=""), "Requires-Dist ''", id="an empty requirement"),
        pytest.param(
            core_metadata("demo", "1.0", requires_dist="other; python=='3'"), "Requires-Dist", id="an unknown marker"
        ),
        pytest.param(
            core_metadata("demo", "1.0", requires_dist=f"other; {'(' * 5000}extra == 'x'{')' * 5000}"),
            "Requires-Dist",
            id="a marker that is too deep",
        ),
        pytest.param(
            HEAD + b"Requires-Dist: fine\nRequires-Dist: d\xe9mo\n\n",
            "Requires-Dist .*is not in UTF-8",
            id="a requirement in Latin-1",
        ),
        pytest.param(
            HEAD + b"Requires-Python: >=3.9\nRequires-Python: >=3.10\n\n",
            "Requires-Python is given more than once",
            id="two Requires-Python",
        ),
    ],
)
def test_refuses_what_an_installer_could_not_use(data: bytes, sentence: str) -> None:
    with pytest.raises(InvalidDistribution, match=f"^Invalid core metadata: .*{sentence}") as refusal:
        parse_metadata(data)
    assert str(refusal.value).isprintable()


def test_names_every_fault_at_once() -> None:
    with pytest.raises(InvalidDistribution, match="'-x' is invalid") as refusal:
        parse_metadata(core_metadata("-x", "2004d"))
    assert "'2004d' is invalid" in str(refusal.value)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"license_file": ["LICENSE", "NOTICE"]}, id="License-File before 2.4"),
        pytest.param({"license_file": "../LICENSE"}, id="License-File outside"),
        pytest.param({"license_expression": "Apache 2"}, id="License-Expression that is not SPDX"),
        pytest.param({"dynamic": "Name"}, id="Dynamic that may not be"),
        pytest.param({"provides_extra": "Some Extra!"}, id="Provides-Extra that is no name"),
        pytest.param({"description_content_type": "text/html"}, id="README of another type"),
        pytest.param({"classifier": "No :: Such"}, id="unknown classifier"),
        pytest.param({"project_url": ["Home, https://a", "Home, https://b"]}, id="one label for two addresses"),
        pytest.param({"author_email": "not an address"}, id="no address"),
        pytest.param({"x_private": "anything", "installer_hint": "any"}, id="unknown headers"),
        pytest.param({"content_type": "multipart/mixed; boundary=x"}, id="a header of e-mail"),
        pytest.param({"requires_dist": ["other (>=1,<2)", "other[x] @ https://host/o.whl ; extra == 'x'"]}, id="forms"),
    ],
)
@pytest.mark.parametrize("metadata_version", ["1.0", "2.1", "2.4"])
def test_accepts_faults_that_no_installer_minds(metadata_version: str, fields: dict[str, Any]) -> None:
    parsed = parse_metadata(core_metadata("demo", "1.0", metadata_version=metadata_version, **fields))
    assert parsed.name == "demo"


def test_keeps_fields_that_the_metadata_version_does_not_know() -> None:
    parsed = parse_metadata(core_metadata("demo", "1.0", metadata_version="2.1", license_file=["LICENSE", "NOTICE"]))
    assert parsed.raw["license_files"] == ["LICENSE", "NOTICE"]


@pytest.mark.parametrize(
    ("fields", "summary"),
    [
        ({"summary": "A  demo"}, "A demo"),
        ({"summary": "A demo\n        of two lines"}, "A demo of two lines"),
        ({"summary": "Un résumé"}, "Un résumé"),
        ({"summary": "UNKNOWN"}, ""),
        ({"summary": " UNKNOWN "}, ""),
        ({"summary": "UNKNOWN origins"}, "UNKNOWN origins"),
        ({}, ""),
    ],
)
def test_makes_the_summary_one_line(fields: dict[str, str], summary: str) -> None:
    assert parse_metadata(core_metadata("demo", "1.0", **fields)).summary == summary


@pytest.mark.parametrize(
    ("fields", "requires_python"),
    [
        ({"requires_python": ">=3.9"}, ">=3.9"),
        ({"requires_python": ">=3.6,\n        <4"}, ">=3.6, <4"),
        pytest.param({"requires_python": ">=3.*"}, ">=3.*", id="no specifier, but pip and uv know it"),
        pytest.param({"requires_python": "3.6"}, "3.6", id="no operator"),
        pytest.param({"requires_python": "UNKNOWN"}, None, id="a placeholder"),
        pytest.param({"requires_python": ""}, None, id="empty"),
        ({}, None),
    ],
)
def test_keeps_requires_python_as_written(fields: dict[str, str], requires_python: str | None) -> None:
    assert parse_metadata(core_metadata("demo", "1.0", **fields)).requires_python == requires_python


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (HEAD + b"\n# Demo\n\nR\xc3\xa9sum\xc3\xa9\n", "# Demo\n\nRésumé\n"),
        (HEAD.replace(b"\n", b"\r\n") + b"\r\nDemo\r\n", "Demo\r\n"),
        pytest.param(HEAD + b"\nR\xe9sum\xe9", None, id="not UTF-8"),
        pytest.param(HEAD + b"Description: one\n\nother", None, id="told twice"),
        (HEAD + b"\n", None),
    ],
)
def test_reads_the_description_where_it_can(data: bytes, description: str | None) -> None:
    assert parse_metadata(data).raw.get("description") == description


def test_reads_a_name_and_version_with_space_around() -> None:
    parsed = parse_metadata(b"metadata-version:2.1\nNAME:demo\nversion:   1.0 \n\n")
    assert (parsed.name, str(parsed.version)) == ("demo", "1.0")


@pytest.mark.parametrize(
    ("text", "given_text"),
    [(None, ""), ("", ""), ("UNKNOWN", ""), ("\tUNKNOWN\n", ""), ("unknown", "unknown"), ("MIT ", "MIT ")],
)
def test_takes_the_placeholder_of_old_tools_for_nothing(text: str | None, given_text: str) -> None:
    assert metadata.given(text) == given_text


field_names = ["Metadata-Version", "Name", "Version", "Requires-Dist", "Requires-Python", "Keywords", "Content-Type"]
field_values = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"2.1", b"demo", b"1.0", b"UNKNOWN", b"=?utf-8?q?x?=", b"multipart/mixed; boundary=x"]),
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(field_names), field_values)), st.binary(max_size=40))
def test_reads_or_refuses_any_bytes(fields: list[tuple[str, bytes]], body: bytes) -> None:
    data = b"".join(name.encode() + b": " + value + b"\n" for name, value in fields) + b"\n" + body
    with suppress(InvalidDistribution):
        parse_metadata(data)
