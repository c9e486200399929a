"""What filenames say, and how releases are ordered."""

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from packages.distributions import (
    LONGEST_FILENAME,
    METADATA_SUFFIX,
    SDIST,
    WHEEL,
    check_filename,
    latest_version,
    newest_first,
    normalized_or_none,
    packagetype_of,
    possible_projects,
    slot_of,
)
from packages.errors import InvalidDistribution
from tests.builders import a_file

FOO = canonicalize_name("foo")
FOO_BAR = canonicalize_name("foo-bar")

LONG_NUMBER = "1" * 5000


@pytest.mark.parametrize(
    ("filename", "packagetype"),
    [
        ("foo-1.0-py3-none-any.whl", WHEEL),
        ("foo-1!1.0+corp.1-1-cp311.cp312-abi3-manylinux_2_17_x86_64.whl", WHEEL),
        ("foo-1.0.tar.gz", SDIST),
        ("foo-1.0.zip", SDIST),
        ("Foo.Bar_baz-1.0-dev.tar.gz", SDIST),
    ],
)
def test_tells_a_wheel_from_an_sdist_by_its_extension(filename: str, packagetype: str) -> None:
    assert packagetype_of(filename) == packagetype


@pytest.mark.parametrize(
    ("filename", "sentence"),
    [
        pytest.param("", "only letters, digits and", id="empty"),
        pytest.param("../foo-1.0.tar.gz", "only letters, digits and", id="leaves the folder"),
        pytest.param("a/foo-1.0.tar.gz", "only letters, digits and", id="slash"),
        pytest.param("a\\foo-1.0.tar.gz", "only letters, digits and", id="backslash"),
        pytest.param("C:foo-1.0.tar.gz", "only letters, digits and", id="drive letter"),
        pytest.param(".foo-1.0.tar.gz", "only letters, digits and", id="hidden file"),
        pytest.param("-foo-1.0.tar.gz", "only letters, digits and", id="option of a command"),
        pytest.param("_foo-1.0.tar.gz", "only letters, digits and", id="name begins with a separator"),
        pytest.param("foo 1.0.tar.gz", "only letters, digits and", id="space"),
        pytest.param("foo-1.0.tar.gz\n", "only letters, digits and", id="line end"),
        pytest.param("foo\r\nX: y-1.0.tar.gz", "only letters, digits and", id="header injection"),
        pytest.param("foo\x00-1.0.tar.gz", "only letters, digits and", id="NUL"),
        pytest.param("foo\x1b[31m-1.0.tar.gz", "only letters, digits and", id="terminal escape"),
        pytest.param("foo\x7f-1.0.tar.gz", "only letters, digits and", id="DEL"),
        pytest.param("föö-1.0.tar.gz", "only letters, digits and", id="letter beyond ASCII"),
        pytest.param("foo-\u0661.0.tar.gz", "only letters, digits and", id="digit beyond ASCII"),
        pytest.param("foo%2F1.0.tar.gz", "only letters, digits and", id="percent"),
        pytest.param("foo-1.0.tar.gz?x", "only letters, digits and", id="query"),
        pytest.param("foo-1.0.tar.gz#x", "only letters, digits and", id="fragment"),
        pytest.param(f"foo-{'1' * 240}.tar.gz", "longer than 246 characters", id="no room for .metadata"),
        pytest.param("foo-1.0-py2.7.egg", "Eggs are no longer installable", id="egg"),
        pytest.param("foo-1.0-py2.7.EGG", "Eggs are no longer installable", id="egg in upper case"),
        pytest.param("foo-1.0.win32-py2.7.exe", "Windows installers", id="bdist_wininst"),
        pytest.param("foo-1.0.win32.msi", "Windows installers", id="bdist_msi"),
        pytest.param("foo-1.0-1.noarch.rpm", "Linux packages", id="bdist_rpm"),
        pytest.param("foo_1.0_all.deb", "Linux packages", id="deb"),
        pytest.param("foo-1.0.dmg", "Disk images", id="bdist_dmg"),
        pytest.param("foo-1.0.tar.bz2", "unknown extension", id="bzip2"),
        pytest.param("foo-1.0.tar.xz", "unknown extension", id="xz"),
        pytest.param("foo-1.0.tgz", "unknown extension", id="short form of .tar.gz"),
        pytest.param("foo-1.0.tar", "unknown extension", id="not compressed"),
        pytest.param("foo-1.0.TAR.GZ", "unknown extension", id="pip compares case"),
        pytest.param("foo-1.0-py3-none-any.WHL", "unknown extension", id="pip compares case of wheels"),
        pytest.param("foo-1.0-py3-none-any.whl.metadata", "unknown extension", id="sidecar"),
        pytest.param("foo-1.0-py3-none-any.whl.asc", "unknown extension", id="signature"),
        pytest.param("foo", "unknown extension", id="no extension"),
    ],
)
def test_refuses_what_cannot_be_a_distributions_filename(filename: str, sentence: str) -> None:
    with pytest.raises(InvalidDistribution, match=sentence) as refusal:
        packagetype_of(filename)
    assert str(refusal.value).isprintable()


def test_accepts_the_longest_filename_whose_metadata_can_lie_beside_it() -> None:
    filename = "foo-1.0.tar.gz".rjust(LONGEST_FILENAME, "o")
    assert packagetype_of(filename) == SDIST
    assert len(filename + METADATA_SUFFIX) == 255


@pytest.mark.parametrize(
    ("filename", "name", "version"),
    [
        ("foo-1.0-py3-none-any.whl", FOO, "1.0"),
        ("foo-1.0-py2.py3-none-any.whl", FOO, "1.0"),
        ("foo-1.0-1-py3-none-any.whl", FOO, "1.0"),
        ("foo-1.0-20230101gabc-py3-none-any.whl", FOO, "1.0"),
        ("foo_bar-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", FOO_BAR, "1.0"),
        ("Foo.Bar-1.0-py3-none-any.whl", FOO_BAR, "1.0"),
        ("foo-1!1.0-py3-none-any.whl", FOO, "1!1.0"),
        ("foo-1.0+corp.1-py3-none-any.whl", FOO, "1.0+corp.1"),
        ("foo-1.0+corp_1-py3-none-any.whl", FOO, "1.0+corp.1"),
        ("foo-1.0.0-py3-none-any.whl", FOO, "1.0"),
        ("foo_bar-1.0.tar.gz", FOO_BAR, "1.0"),
        ("foo-bar-1.0.tar.gz", FOO_BAR, "1.0"),
        ("Foo.Bar-1.0.tar.gz", FOO_BAR, "1.0"),
        ("FOO__BAR-1.0.zip", FOO_BAR, "1.0"),
        ("foo-1.0-dev.tar.gz", FOO, "1.0.dev0"),
        ("foo-1.0-1.tar.gz", FOO, "1.0.post1"),
        ("foo-1.0-1.tar.gz", canonicalize_name("foo-1-0"), "1"),
        ("foo-v1.0-rc-1.zip", FOO, "1.0rc1"),
        ("foo-2-bar-1.0.tar.gz", canonicalize_name("foo-2-bar"), "1.0"),
        ("foo-1!1.0.tar.gz", FOO, "1!1.0"),
        ("foo-1.0+Corp-1.tar.gz", FOO, "1.0+corp.1"),
        ("foo-1.0.0.tar.gz", FOO, "1.0"),
    ],
)
def test_accepts_a_filename_that_names_the_project_and_the_version(
    filename: str, name: NormalizedName, version: str
) -> None:
    check_filename(filename, name, Version(version))
    assert name in possible_projects(filename)
    assert slot_of(filename, name) is not None


@pytest.mark.parametrize(
    ("filename", "sentence"),
    [
        pytest.param("foo-1.0.egg", "Eggs", id="no distribution at all"),
        pytest.param("bar-1.0-py3-none-any.whl", "names the project 'bar', but .* 'foo'", id="another project"),
        pytest.param("foo_bar-1.0-py3-none-any.whl", "names the project 'foo-bar'", id="a longer name"),
        pytest.param("foo-1.1-py3-none-any.whl", "names version '1.1', but .* '1.0'", id="another version"),
        pytest.param("foo-1.0+corp.1-py3-none-any.whl", "names version '1.0[+]corp.1'", id="a local version"),
        pytest.param("foo-1.0-py3-none.whl", "Invalid wheel filename.*number of parts", id="no platform tag"),
        pytest.param("foo-1.0-1-2-py3-none-any.whl", "Invalid wheel filename.*number of parts", id="a part too many"),
        pytest.param("foo-1.0-abc-py3-none-any.whl", "Invalid build number", id="a build begins with a digit"),
        pytest.param("foo__bar-1.0-py3-none-any.whl", "Invalid project name", id="two separators in a name"),
        pytest.param("foo+bar-1.0-py3-none-any.whl", "Invalid project name", id="plus in a name"),
        pytest.param("foo-2004d-py3-none-any.whl", "invalid version", id="not PEP 440"),
        pytest.param("foo-1.0_1-py3-none-any.whl", "invalid version", id="underscore in a version"),
        pytest.param("foo-1.0-py3.-none-any.whl", "invalid tag", id="an empty tag"),
        pytest.param("foo-1.0-py3+x-none-any.whl", "invalid tag", id="plus in a tag"),
        pytest.param("bar-1.0.tar.gz", "should be named 'foo-1.0.tar.gz'", id="sdist of another project"),
        pytest.param("foo-1.1.tar.gz", "should be named 'foo-1.0.tar.gz'", id="sdist of another version"),
        pytest.param("foo-1.0-1.tar.gz", "should be named 'foo-1.0.tar.gz'", id="a post release"),
        pytest.param("foo-2004d.tar.gz", "should be named", id="sdist not PEP 440"),
        pytest.param("foo.tar.gz", "should be named", id="no version"),
        pytest.param("foo-.tar.gz", "should be named", id="an empty version"),
        pytest.param("foo--1.0.tar.gz", "should be named", id="two hyphens"),
        pytest.param("foo.-1.0.tar.gz", "should be named", id="a name cannot end in a dot"),
        pytest.param("foo1.0.zip", "should be named", id="no hyphen"),
    ],
)
def test_refuses_a_filename_that_does_not_match_its_metadata(filename: str, sentence: str) -> None:
    with pytest.raises(InvalidDistribution, match=sentence):
        check_filename(filename, FOO, Version("1.0"))


def test_proposes_an_sdist_name_with_the_escaped_project() -> None:
    with pytest.raises(InvalidDistribution, match=r"an sdist of foo-bar 1\.0 should be named 'foo_bar-1\.0\.tar\.gz'"):
        check_filename("foo-1.0.zip", FOO_BAR, Version("1.0"))


@pytest.mark.parametrize("filename", ["foo-1.0-py3-none.whl", "foo-1.0-py3.-none-any.whl"])
def test_says_once_and_with_the_whole_filename_that_a_wheels_name_is_invalid(filename: str) -> None:
    with pytest.raises(InvalidDistribution) as refusal:
        check_filename(filename, FOO, Version("1.0"))
    assert str(refusal.value).count("Invalid wheel filename") == 1
    assert filename in str(refusal.value)


@pytest.mark.parametrize(
    ("filename", "project", "slot"),
    [
        ("foo-1.0-py3-none-any.whl", FOO, "foo-1.0-py3-none-any.whl"),
        ("Foo.Bar-1.0-py3-none-any.whl", FOO_BAR, "foo_bar-1.0-py3-none-any.whl"),
        ("foo-1.0-py3.py2-none-any.whl", FOO, "foo-1.0-py2.py3-none-any.whl"),
        ("foo-1.0-CP311-CP311-Win_AMD64.whl", FOO, "foo-1.0-cp311-cp311-win_amd64.whl"),
        ("foo-1.0-01-py3-none-any.whl", FOO, "foo-1.0-1-py3-none-any.whl"),
        ("foo-1.0-1abc-py3-none-any.whl", FOO, "foo-1.0-1abc-py3-none-any.whl"),
        ("foo-01.0.RC1-py3-none-any.whl", FOO, "foo-1.0rc1-py3-none-any.whl"),
        ("Foo-Bar-1.0.tar.gz", FOO_BAR, "foo_bar-1.0.tar.gz"),
        ("foo-1.0-1.tar.gz", FOO, "foo-1.0.post1.tar.gz"),
        ("foo-1.0-1.tar.gz", canonicalize_name("foo-1-0"), "foo_1_0-1.tar.gz"),
        ("foo-1.0.zip", FOO, "foo-1.0.zip"),
        ("foo-1!1.0+Corp-1.zip", FOO, "foo-1!1.0+corp.1.zip"),
        pytest.param("foo-1.0-py3-none.whl", FOO, None, id="no wheel filename"),
        pytest.param("foo-1.0-py3-none-any.whl", FOO_BAR, None, id="a wheel of another project"),
        pytest.param("foo-1.0.tar.gz", FOO_BAR, None, id="an sdist of another project"),
        pytest.param("foo-2004d.tar.gz", FOO, None, id="no version"),
        pytest.param("foo-1.0.egg", FOO, None, id="no distribution"),
        pytest.param("", FOO, None, id="empty"),
        pytest.param(f"foo-{LONG_NUMBER}.tar.gz", FOO, None, id="a number that Python does not read"),
        pytest.param(f"foo-{LONG_NUMBER}-py3-none-any.whl", FOO, None, id="such a number in a wheel"),
        pytest.param(f"foo-1.0-{LONG_NUMBER}-py3-none-any.whl", FOO, None, id="such a number as build"),
    ],
)
def test_gives_each_file_its_slot(filename: str, project: NormalizedName, slot: str | None) -> None:
    assert slot_of(filename, project) == slot


@pytest.mark.parametrize(
    ("filename", "projects"),
    [
        ("foo_bar-1.0-py3-none-any.whl", ["foo-bar"]),
        ("foo-1.0-py3-none.whl", []),
        ("Foo.Bar-1.0.tar.gz", ["foo-bar"]),
        ("foo-1.0-1.tar.gz", ["foo", "foo-1-0"]),
        ("foo-bar-1.0.zip", ["foo-bar"]),
        ("foo.tar.gz", []),
        ("foo-1.0.egg", []),
        (f"foo-{LONG_NUMBER}.tar.gz", []),
        (f"foo-{LONG_NUMBER}-py3-none-any.whl", []),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_finds_every_project_that_a_filename_may_belong_to(filename: str, projects: list[str]) -> None:
    assert possible_projects(filename) == projects


words = st.lists(st.from_regex(r"[a-z][a-z0-9]{0,3}|[0-9]{1,2}", fullmatch=True), min_size=1, max_size=4)
version_spellings = st.sampled_from(
    [
        ("1.0", ["1.0", "v1.0", "01.00"]),
        ("1.0.dev0", ["1.0.dev0", "1.0dev", "1.0.DEV"]),
        ("1.0rc1", ["1.0rc1", "1.0c1", "1.0.RC.1", "1.0pre1"]),
        ("2!1.0.post3", ["2!1.0.post3", "2!1.0post3", "2!1.0.rev3"]),
        ("1.0+corp.1", ["1.0+corp.1", "1.0+CORP.1", "1.0+corp_1"]),
    ]
)
sdist_only_spellings = st.sampled_from([("1.0.dev0", ["1.0-dev"]), ("1.0.post1", ["1.0-1", "1.0-r1", "1.0_post1"])])
DETERMINISTIC = settings(derandomize=True, database=None, deadline=None)


def respelled(data: st.DataObject, parts: list[str], separators: list[str]) -> str:
    spelling = parts[0]
    for part in parts[1:]:
        spelling += data.draw(st.sampled_from(separators)) + part
    return spelling.upper() if data.draw(st.booleans()) else spelling


@DETERMINISTIC
@given(st.data(), words, st.one_of(version_spellings, sdist_only_spellings), st.sampled_from([".tar.gz", ".zip"]))
def test_an_sdist_keeps_its_slot_however_it_is_spelled(
    data: st.DataObject, parts: list[str], version: tuple[str, list[str]], extension: str
) -> None:
    project = canonicalize_name("-".join(parts))
    name = respelled(data, parts, ["-", "_", ".", "--", "._"])
    filename = f"{name}-{data.draw(st.sampled_from(version[1]))}{extension}"
    check_filename(filename, project, Version(version[0]))
    slot = slot_of(filename, project)
    assert slot == f"{'_'.join(parts)}-{version[0]}{extension}"
    assert slot_of(slot, project) == slot
    assert project in possible_projects(filename)


@DETERMINISTIC
@given(st.data(), words, version_spellings, st.sampled_from(["", "-1", "-7abc"]))
def test_a_wheel_keeps_its_slot_however_it_is_spelled(
    data: st.DataObject, parts: list[str], version: tuple[str, list[str]], build: str
) -> None:
    project = canonicalize_name("-".join(parts))
    name = respelled(data, parts, ["_", "."])
    pythons = data.draw(st.permutations(["cp310", "cp311", "py3"]))
    platforms = data.draw(st.permutations(["linux_x86_64", "manylinux_2_17_x86_64"]))
    spelling = data.draw(st.sampled_from(version[1]))
    filename = f"{name}-{spelling}{build}-{'.'.join(pythons)}-none-{'.'.join(platforms)}.whl"
    check_filename(filename, project, Version(version[0]))
    slot = slot_of(filename, project)
    tags = "cp310.cp311.py3-none-linux_x86_64.manylinux_2_17_x86_64"
    assert slot == f"{'_'.join(parts)}-{version[0]}{build}-{tags}.whl"
    assert slot_of(slot, project) == slot
    assert possible_projects(filename) == [project]


@DETERMINISTIC
@given(
    st.text(alphabet="aZ019-._!+ v/%\n\x00\u0661é", max_size=24),
    st.sampled_from(["", ".tar.gz", ".zip", ".whl", "-py3-none-any.whl"]),
)
def test_reads_any_text_without_a_fault(stem: str, ending: str) -> None:
    filename = stem + ending
    slot_of(filename, FOO)
    for project in possible_projects(filename):
        assert slot_of(filename, project) is not None


def test_a_file_knows_its_slot_and_where_its_metadata_lies() -> None:
    file = a_file(filename="Demo.Pkg-1.0-py3-none-any.whl", key="files/demo-pkg/aaaa/Demo.Pkg-1.0-py3-none-any.whl")
    assert file.slot == "demo_pkg-1.0-py3-none-any.whl"
    assert file.metadata_key == "files/demo-pkg/aaaa/Demo.Pkg-1.0-py3-none-any.whl.metadata"


@pytest.mark.parametrize(
    ("filename", "packagetype", "python_version"),
    [
        ("demo_pkg-1.0-py2.py3-none-any.whl", WHEEL, "py2.py3"),
        ("demo_pkg-1.0-1-cp311-cp311-win32.whl", WHEEL, "cp311"),
        ("demo-pkg-1.0-1.tar.gz", SDIST, "source"),
    ],
)
def test_a_file_knows_its_python_version(filename: str, packagetype: str, python_version: str) -> None:
    assert a_file(filename=filename, packagetype=packagetype).python_version == python_version


def test_a_file_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        a_file().yanked = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("versions", "ordered"),
    [
        ([], []),
        (["1.9", "1.10", "1.9"], ["1.10", "1.9"]),
        (["1.0", "1.0.post1", "1.0rc1", "1.0.dev0"], ["1.0.post1", "1.0", "1.0rc1", "1.0.dev0"]),
        (["2024.1", "1!0.1", "1.0", "1.0+corp.1"], ["1!0.1", "2024.1", "1.0+corp.1", "1.0"]),
    ],
)
def test_puts_the_newest_version_first(versions: list[str], ordered: list[str]) -> None:
    assert newest_first(versions) == ordered


@pytest.mark.parametrize(
    ("files", "latest"),
    [
        pytest.param([], None, id="nothing published"),
        pytest.param([("1.9", False), ("1.10", False)], "1.10", id="by version and not by text"),
        pytest.param([("1.0", False), ("2.0rc1", False)], "1.0", id="a final release before a pre-release"),
        pytest.param([("1.0", False), ("2.0.dev1", False)], "1.0", id="a final release before a development one"),
        pytest.param([("1.0a1", False), ("1.0a2", False)], "1.0a2", id="a pre-release where there is no other"),
        pytest.param([("1.0", False), ("1.0.post1", False)], "1.0.post1", id="a post-release is final"),
        pytest.param([("1.0rc1", False), ("2.0", True)], "1.0rc1", id="a pre-release before a yanked one"),
        pytest.param([("1.0", True), ("2.0", True)], "2.0", id="a yanked one where there is no other"),
        pytest.param([("1.0", False), ("2.0", True), ("2.0", False)], "2.0", id="yanked only in part"),
        pytest.param([("1.0", False), ("2.0", False), ("2.0", True)], "2.0", id="yanked only in part, told late"),
    ],
)
def test_finds_the_release_that_a_person_wants(files: list[tuple[str, bool]], latest: str | None) -> None:
    assert latest_version(a_file(version=version, yanked=yanked) for version, yanked in files) == latest


@pytest.mark.parametrize(
    ("name", "normalized"),
    [
        ("Foo._-Bar", "foo-bar"),
        ("A", "a"),
        ("0", "0"),
        pytest.param("", None, id="empty"),
        pytest.param("-foo", None, id="begins with a separator"),
        pytest.param("foo.", None, id="ends with a separator"),
        pytest.param("foo bar", None, id="space"),
        pytest.param("foo\n", None, id="line end"),
        pytest.param("föö", None, id="beyond ASCII"),
        pytest.param("foo/bar", None, id="slash"),
    ],
)
def test_normalizes_a_name_or_says_that_it_is_none(name: str, normalized: str | None) -> None:
    assert normalized_or_none(name) == normalized
