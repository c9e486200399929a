"""Wheels and sdists, whole and broken, and the core metadata in them."""

import gzip
import io
import lzma
import random
import struct
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packages import archives
from packages.archives import read_core_metadata
from packages.errors import InvalidDistribution
from tests.builders import PINNED, Built, a_tar, a_wheel, a_zip, an_sdist, core_metadata

MIB = 1024 * 1024
WHEEL = "demo_pkg-1.0-py3-none-any.whl"
SDIST = "demo_pkg-1.0.tar.gz"
ZIP_SDIST = "demo_pkg-1.0.zip"
INFO = "demo_pkg-1.0.dist-info"
METADATA = core_metadata("demo-pkg", "1.0", summary="A résumé")

SYMLINK, DIRECTORY = tarfile.SYMTYPE, tarfile.DIRTYPE


def read(content: bytes, filename: str) -> bytes:
    return read_core_metadata(io.BytesIO(content), filename)


def wheel_of(*paths: str) -> bytes:
    return a_zip({path: METADATA if path.endswith("METADATA") else b"x" for path in paths})


def tar_of(*members: tuple[str, bytes, bytes], tar_format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tar_format) as archive:
        for path, kind, content in members:
            member = tarfile.TarInfo(path)
            member.type = kind
            member.linkname = "pyproject.toml" if kind == SYMLINK else ""
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def compressed_with(method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for path, content in ((f"{INFO}/METADATA", METADATA * 20), (f"{INFO}/WHEEL", b"x")):
            archive.writestr(zipfile.ZipInfo(path, PINNED), content, method)
    return buffer.getvalue()


def with_headers_saying(zipped: bytes, offset: int, value: int) -> bytes:
    changed = bytearray(zipped)
    # A member's entry in the central directory begins with two bytes more than its own header.
    for signature, further in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = zipped.find(signature)
        while at >= 0:
            struct.pack_into("<H", changed, at + offset + further, value)
            at = zipped.find(signature, at + 1)
    return bytes(changed)


def with_damage(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


@pytest.mark.parametrize(
    "built",
    [
        a_wheel(metadata=METADATA),
        a_wheel("Demo.Pkg", metadata=METADATA, filename="Demo.Pkg-1.0-py3-none-any.whl"),
        a_wheel(metadata=METADATA, filename="demo_pkg-1.0-1-py3-none-any.whl"),
        an_sdist(metadata=METADATA),
        an_sdist(metadata=METADATA, filename="Demo-Pkg-1.0-1.tar.gz"),
        an_sdist(metadata=METADATA, extension=".zip"),
    ],
    ids=lambda built: built.filename,
)
def test_reads_the_metadata_byte_by_byte(built: Built) -> None:
    file = io.BytesIO(built.content)
    file.seek(7)
    assert read_core_metadata(file, built.filename) == METADATA
    assert not file.closed


@pytest.mark.parametrize(
    ("filename", "content"),
    [
        pytest.param(WHEEL, wheel_of("Demo.Pkg-1.0.dist-info/METADATA", "Demo.Pkg-1.0.dist-info/WHEEL"), id="old name"),
        pytest.param(WHEEL, wheel_of("demo_pkg-1.dist-info/METADATA", "demo_pkg-1.dist-info/WHEEL"), id="1 for 1.0"),
        pytest.param(
            WHEEL,
            wheel_of(f"{INFO}/METADATA", f"{INFO}/WHEEL", "vendored/other-2.0.dist-info/METADATA"),
            id="a vendored dist-info further down",
        ),
        pytest.param(
            WHEEL, wheel_of(f"{INFO}/", f"{INFO}/METADATA", f"{INFO}/WHEEL"), id="a member for the folder itself"
        ),
        pytest.param(SDIST, a_tar({"whatever/PKG-INFO": METADATA}), id="top folder of another name"),
        pytest.param(SDIST, a_tar({"./a/PKG-INFO": METADATA, "./a/setup.py": b""}), id="dot before every member"),
        pytest.param(
            SDIST,
            tar_of(("./", DIRECTORY, b""), ("./a/", DIRECTORY, b""), ("./a/PKG-INFO", tarfile.REGTYPE, METADATA)),
            id="the dot itself",
        ),
        pytest.param(
            SDIST,
            a_tar({"a/PKG-INFO": METADATA, "a/src/a.egg-info/PKG-INFO": b"old", "a/tests/PKG-INFO": b"fake"}),
            id="other files of that name further down",
        ),
        pytest.param(
            SDIST,
            tar_of(
                (f"a/{'long/' * 60}x", tarfile.REGTYPE, b""),
                ("a/PKG-INFO", tarfile.REGTYPE, METADATA),
                tar_format=tarfile.GNU_FORMAT,
            ),
            id="GNU long names",
        ),
        pytest.param(
            SDIST,
            tar_of((f"a/{'long/' * 60}é", tarfile.REGTYPE, b""), ("a/PKG-INFO", tarfile.REGTYPE, METADATA)),
            id="pax long names",
        ),
        pytest.param(
            SDIST,
            tar_of(("a/PKG-INFO", tarfile.AREGTYPE, METADATA), tar_format=tarfile.USTAR_FORMAT),
            id="regular file of the oldest tars",
        ),
        pytest.param(
            SDIST, tar_of(("a/link", SYMLINK, b""), ("a/PKG-INFO", tarfile.REGTYPE, METADATA)), id="a link elsewhere"
        ),
        pytest.param(ZIP_SDIST, a_zip({"./a/PKG-INFO": METADATA, "./a/setup.py": b""}), id="dot in a zip"),
        pytest.param(ZIP_SDIST, a_zip({"a/": b"", "a/PKG-INFO": METADATA}), id="a member for the top folder"),
    ],
)
def test_reads_the_metadata_of_unusual_archives(filename: str, content: bytes) -> None:
    assert read(content, filename) == METADATA


TAR, ZIP = "not a valid gzipped tar archive", "not a valid zip archive"


@pytest.mark.parametrize(
    ("filename", "content", "sentence"),
    [
        pytest.param(WHEEL, b"", ZIP, id="an empty wheel"),
        pytest.param(ZIP_SDIST, b"", ZIP, id="an empty zip"),
        pytest.param(SDIST, b"", TAR, id="an empty tar"),
        pytest.param(WHEEL, b"<!DOCTYPE html>", ZIP, id="a page instead of a wheel"),
        pytest.param(SDIST, b"<!DOCTYPE html>", TAR, id="a page instead of an sdist"),
        pytest.param(WHEEL, an_sdist().content, ZIP, id="a tar named .whl"),
        pytest.param(ZIP_SDIST, an_sdist().content, ZIP, id="a tar named .zip"),
        pytest.param(SDIST, an_sdist(extension=".zip").content, TAR, id="a zip named .tar.gz"),
        pytest.param(SDIST, gzip.decompress(an_sdist().content), TAR, id="a tar that is not compressed"),
        pytest.param(SDIST, lzma.compress(gzip.decompress(an_sdist().content)), TAR, id="a tar.xz named .tar.gz"),
        pytest.param(SDIST, gzip.compress(b"no tar"), TAR, id="no tar in the gzip"),
        pytest.param(SDIST, gzip.compress(b""), TAR, id="nothing in the gzip"),
        pytest.param(WHEEL, with_headers_saying(a_wheel().content, 6, 1), f"{ZIP}.*encrypted", id="encrypted"),
        pytest.param(WHEEL, with_headers_saying(a_wheel().content, 8, 0), ZIP, id="not stored as it says"),
        pytest.param(WHEEL, with_headers_saying(a_wheel().content, 14, 0), ZIP, id="another checksum"),
    ],
)
def test_refuses_what_is_not_the_archive_it_claims_to_be(filename: str, content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidDistribution, match=rf"^Invalid distribution file: {filename} is {sentence}"):
        read(content, filename)


@pytest.mark.parametrize(
    "content",
    [
        with_headers_saying(a_wheel().content, 8, 99),
        with_headers_saying(a_wheel().content, 8, 1),
        compressed_with(zipfile.ZIP_BZIP2),
        # A header of this method can ask for gigabytes of memory.
        compressed_with(zipfile.ZIP_LZMA),
    ],
    ids=["unknown method", "shrunk", "bzip2", "lzma"],
)
def test_refuses_compression_that_no_build_tool_uses(content: bytes) -> None:
    with pytest.raises(InvalidDistribution, match=f"{WHEEL} does not use a supported compression type"):
        read(content, WHEEL)


@pytest.mark.parametrize(
    "built",
    [a_wheel(), an_sdist(), an_sdist(extension=".zip")],
    ids=["wheel", "tar", "zip"],
)
def test_refuses_an_archive_that_is_cut_anywhere(built: Built) -> None:
    for length in range(len(built.content)):
        with pytest.raises(InvalidDistribution, match="is not a valid"):
            read(built.content[:length], built.filename)


def test_refuses_a_tar_that_is_damaged_behind_its_metadata() -> None:
    filling = random.Random(440).randbytes(100_000)
    built = an_sdist(files={"demo_pkg-1.0/data.bin": filling})
    with pytest.raises(InvalidDistribution, match=TAR):
        read(with_damage(built.content, 50_000), built.filename)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(a_zip({}), "exactly one .dist-info directory .found: none.", id="an empty zip"),
        pytest.param(a_zip({"demo_pkg.py": b""}), "exactly one .dist-info directory .found: none.", id="no dist-info"),
        pytest.param(
            wheel_of("demo_pkg-1.0.egg-info/METADATA", "demo_pkg-1.0.egg-info/WHEEL"), "found: none", id="an egg-info"
        ),
        pytest.param(wheel_of("x/demo_pkg-1.0.dist-info/METADATA"), "found: none", id="dist-info not at the top"),
        pytest.param(
            wheel_of(f"{INFO}/METADATA", f"{INFO}/WHEEL", "other-1.0.dist-info/METADATA"),
            "found: demo_pkg-1.0.dist-info, other-1.0.dist-info",
            id="two dist-infos",
        ),
        pytest.param(
            wheel_of(f"{INFO}/METADATA", f"{INFO}/WHEEL", "demo_pkg-1.1.dist-info/METADATA"),
            "found: demo_pkg-1.0.dist-info, demo_pkg-1.1.dist-info",
            id="two versions",
        ),
        pytest.param(
            wheel_of("other-1.0.dist-info/METADATA", "other-1.0.dist-info/WHEEL"),
            "of another project, other-1.0.dist-info",
            id="another project",
        ),
        pytest.param(
            wheel_of("demo_pkg_extra-1.0.dist-info/METADATA", "demo_pkg_extra-1.0.dist-info/WHEEL"),
            "of another project, demo_pkg_extra-1.0.dist-info",
            id="a longer name",
        ),
        pytest.param(
            wheel_of("demo_pkg.dist-info/METADATA", "demo_pkg.dist-info/WHEEL"),
            "of another project, demo_pkg.dist-info",
            id="no version",
        ),
        pytest.param(
            a_wheel(leave_out=("METADATA",)).content, f"the required file {INFO}/METADATA[.]", id="no METADATA"
        ),
        pytest.param(a_wheel(leave_out=("WHEEL",)).content, f"the required file {INFO}/WHEEL[.]", id="no WHEEL"),
        pytest.param(wheel_of(f"{INFO}/METADATA/", f"{INFO}/WHEEL"), f"{INFO}/METADATA[.]", id="METADATA is a folder"),
        pytest.param(wheel_of(f"{INFO}/metadata", f"{INFO}/WHEEL"), f"{INFO}/METADATA[.]", id="METADATA in lower case"),
    ],
)
def test_refuses_a_wheel_without_its_own_dist_info(content: bytes, sentence: str) -> None:
    with pytest.raises(InvalidDistribution, match=f"^Invalid distribution file: wheel {WHEEL} .*{sentence}"):
        read(content, WHEEL)


@pytest.mark.parametrize("build", [a_tar, a_zip])
@pytest.mark.parametrize(
    ("paths", "sentence"),
    [
        pytest.param([], "exactly one top-level directory .found: 0.", id="an empty archive"),
        pytest.param(["./"], "exactly one top-level directory .found: 0.", id="nothing but the dot"),
        pytest.param(["a/PKG-INFO", "b/PKG-INFO"], "exactly one top-level directory .found: 2.", id="two tops"),
        pytest.param(["a/PKG-INFO", "setup.py"], "exactly one top-level directory .found: 2.", id="a file beside"),
        pytest.param(["a/PKG-INFO", "a/../../etc/passwd"], "found: 2", id="a way out"),
        pytest.param(["a/PKG-INFO", "/etc/passwd"], "found: 2", id="an absolute way out"),
        pytest.param(["a/setup.py"], "required file a/PKG-INFO[.]", id="no PKG-INFO"),
        pytest.param(["a/pkg-info"], "required file a/PKG-INFO[.]", id="PKG-INFO in lower case"),
        pytest.param(["a/b/PKG-INFO"], "required file a/PKG-INFO[.]", id="PKG-INFO too deep"),
        pytest.param(["a/setup.py", "a/PKG-INFO/x"], "required file a/PKG-INFO[.]", id="PKG-INFO is a folder"),
        pytest.param(["PKG-INFO"], "required file PKG-INFO/PKG-INFO[.]", id="no top directory"),
    ],
)
def test_refuses_an_sdist_without_its_own_pkg_info(
    build: Callable[[dict[str, bytes]], bytes], paths: list[str], sentence: str
) -> None:
    filename = SDIST if build is a_tar else ZIP_SDIST
    content = build({path: METADATA if path.endswith("PKG-INFO") else b"" for path in paths})
    with pytest.raises(InvalidDistribution, match=f"^Invalid distribution file: sdist {filename} .*{sentence}"):
        read(content, filename)


@pytest.mark.parametrize(
    "kind",
    [SYMLINK, tarfile.LNKTYPE, tarfile.FIFOTYPE, DIRECTORY],
    ids=["a symbolic link", "a hard link", "a pipe", "a folder"],
)
def test_refuses_an_sdist_whose_pkg_info_is_not_a_file(kind: bytes) -> None:
    with pytest.raises(InvalidDistribution, match=f"a/PKG-INFO in {SDIST} is not a regular file"):
        read(tar_of(("a/PKG-INFO", kind, b"")), SDIST)


def test_refuses_a_zip_sdist_whose_pkg_info_is_a_folder() -> None:
    with pytest.raises(InvalidDistribution, match="does not contain the required file a/PKG-INFO"):
        read(a_zip({"a/setup.py": b"", "a/PKG-INFO/": b""}), ZIP_SDIST)


def test_refuses_a_filename_that_is_no_distributions() -> None:
    with pytest.raises(InvalidDistribution, match="Eggs are no longer installable"):
        read(a_wheel().content, "demo_pkg-1.0.egg")


@pytest.mark.parametrize("build", [a_wheel, an_sdist, lambda **fields: an_sdist(extension=".zip", **fields)])
def test_reads_metadata_up_to_its_limit_and_refuses_more(
    build: Callable[..., Built], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "LARGEST_METADATA", MIB)
    largest = METADATA.ljust(MIB, b"x")
    built = build(metadata=largest)
    assert read(built.content, built.filename) == largest
    built = build(metadata=largest + b"x")
    with pytest.raises(InvalidDistribution, match=f"the metadata in {built.filename} is larger than 1 MiB"):
        read(built.content, built.filename)


BOMB = bytes(archives.BOMB_SIZE)


@pytest.mark.parametrize(
    "build", [a_wheel, an_sdist, lambda **fields: an_sdist(extension=".zip", **fields)], ids=["wheel", "tar", "zip"]
)
def test_refuses_a_bomb(build: Callable[..., Built]) -> None:
    built = build(files={"demo_pkg-1.0/zeros": BOMB})
    assert len(built.content) < MIB
    with pytest.raises(InvalidDistribution, match=f"{built.filename} exceeds a compression ratio of 50"):
        read(built.content, built.filename)


def test_refuses_a_bomb_of_many_members() -> None:
    members = {f"demo_pkg/{number}": bytes(MIB) for number in range(64)}
    built = a_wheel(files=members)
    with pytest.raises(InvalidDistribution, match="compression ratio"):
        read(built.content, built.filename)


@pytest.mark.parametrize("tar_format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "GNU"])
def test_refuses_a_header_that_would_fill_the_memory(tar_format: int) -> None:
    content = tar_of(("a/" + "n" * 2_000_000, tarfile.REGTYPE, b""), tar_format=tar_format)
    with pytest.raises(InvalidDistribution, match="a header that is too large"):
        read(content, SDIST)


def test_refuses_a_bomb_behind_the_end_of_the_tar() -> None:
    content = gzip.compress(gzip.decompress(an_sdist().content) + BOMB, mtime=0)
    with pytest.raises(InvalidDistribution, match="compression ratio"):
        read(content, SDIST)


@pytest.mark.parametrize("build", [a_wheel, an_sdist])
def test_reads_a_large_archive_that_compresses_as_usual(build: Callable[..., Built]) -> None:
    # A ratio of about 16: much beyond the size of a bomb, well below its ratio.
    block = random.Random(427).randbytes(MIB // 16) + bytes(MIB - MIB // 16)
    built = build(metadata=METADATA, files={"demo_pkg-1.0/large": block * 65})
    assert read(built.content, built.filename) == METADATA


def test_reads_a_small_archive_however_well_it_compresses() -> None:
    built = an_sdist(metadata=METADATA, files={"demo_pkg-1.0/zeros": bytes(MIB)})
    assert len(built.content) * archives.BOMB_RATIO < MIB
    assert read(built.content, built.filename) == METADATA


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    st.sampled_from(
        [
            a_wheel(),
            an_sdist(),
            an_sdist(extension=".zip"),
            Built(WHEEL, compressed_with(zipfile.ZIP_BZIP2), METADATA),
        ]
    ),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4),
)
def test_reads_or_refuses_whatever_a_damaged_archive_holds(built: Built, damages: list[tuple[float, int]]) -> None:
    content = bytearray(built.content)
    for place, change in damages:
        content[int(place * len(content))] ^= change
    with suppress(InvalidDistribution):
        read(bytes(content), built.filename)


@pytest.mark.parametrize("limit", ["MOST_MEMBERS", "LARGEST_DIRECTORY"])
@pytest.mark.parametrize(
    "built",
    [
        a_wheel(files={f"demo/{number}.py": b"" for number in range(50)}),
        an_sdist(files={f"demo_pkg-1.0/{number}.py": b"" for number in range(50)}),
        an_sdist(extension=".zip", files={f"demo_pkg-1.0/{number}.py": b"" for number in range(50)}),
    ],
    ids=["wheel", "sdist", "zip sdist"],
)
def test_refuses_an_archive_of_too_many_members(built: Built, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, limit, 40)
    if limit == "LARGEST_DIRECTORY" and built.filename.endswith(".tar.gz"):
        assert read(built.content, built.filename) == built.metadata
        return
    with pytest.raises(InvalidDistribution, match=f"{built.filename} has more than .* members"):
        read(built.content, built.filename)
