"""Open a wheel or an sdist from any seekable file, without extracting it, and read its core metadata."""

import gzip
import io
import posixpath
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from packaging.utils import NormalizedName, canonicalize_name

from packages.distributions import WHEEL, packagetype_of
from packages.errors import InvalidDistribution

# READMEs are part of the metadata; the largest in public use stay below 2 MB.
LARGEST_METADATA = 8 * 1024 * 1024

# Long names and other attributes of one member of a tar.
LARGEST_HEADER = 1024 * 1024

# An archive that grows beyond both is a decompression bomb: PyPI's limits.
BOMB_SIZE = 64 * 1024 * 1024
BOMB_RATIO = 50

# Each member costs memory before anything is known of it. Real archives have some ten thousand.
MOST_MEMBERS = 200_000
LARGEST_DIRECTORY = 16 * 1024 * 1024

CHUNK = 1024 * 1024

# What the standard library raises on bytes that are not the archive they claim to be. RuntimeError
# is zipfile's word for encryption, NotImplementedError for an unknown compression.
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
)


def read_core_metadata(file: IO[bytes], filename: str) -> bytes:
    """Return the bytes of a wheel's METADATA or an sdist's PKG-INFO.

    Raises InvalidDistribution when the archive is broken, is not what its name says, or holds
    no metadata. ``file`` is left open, at any position.
    """
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    with _refusing_broken(filename):
        if packagetype_of(filename) == WHEEL:
            return _read_wheel(file, filename, size)
        if filename.endswith(".zip"):
            return _read_zip_sdist(file, filename, size)
        return _read_tar_sdist(file, filename, size)


@contextmanager
def _refusing_broken(filename: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        kind = "a valid gzipped tar archive" if filename.endswith(".tar.gz") else "a valid zip archive"
        raise InvalidDistribution(f"Invalid distribution file: {filename} is not {kind} ({error}).") from error


def _read_wheel(file: IO[bytes], filename: str, size: int) -> bytes:
    with _opened_zip(file, filename, size) as archive:
        names = set(archive.namelist())
        # pip finds the directory in the same way: the only one of its kind, named for the project.
        dist_infos = {top for name in names if (top := name.partition("/")[0]).endswith(".dist-info")}
        if len(dist_infos) != 1:
            found = ", ".join(sorted(dist_infos)) or "none"
            raise InvalidDistribution(
                f"Invalid distribution file: wheel {filename} must hold exactly one .dist-info directory "
                f"(found: {found})."
            )
        (dist_info,) = dist_infos
        if _project_of_dist_info(dist_info) != canonicalize_name(filename.partition("-")[0]):
            raise InvalidDistribution(
                f"Invalid distribution file: wheel {filename} holds the .dist-info directory "
                f"of another project, {dist_info}."
            )
        for required in ("METADATA", "WHEEL"):
            if f"{dist_info}/{required}" not in names:
                raise InvalidDistribution(
                    f"Invalid distribution file: wheel {filename} does not contain "
                    f"the required file {dist_info}/{required}."
                )
        return _read_member(archive, f"{dist_info}/METADATA", filename)


def _project_of_dist_info(directory: str) -> NormalizedName:
    return canonicalize_name(directory.removesuffix(".dist-info").rpartition("-")[0])


def _read_zip_sdist(file: IO[bytes], filename: str, size: int) -> bytes:
    with _opened_zip(file, filename, size) as archive:
        names = {posixpath.normpath(name): name for name in archive.namelist() if not name.endswith("/")}
        metadata_name = _sdist_metadata_name(set(names), filename)
        return _read_member(archive, names[metadata_name], filename)


def _read_tar_sdist(file: IO[bytes], filename: str, size: int) -> bytes:
    # Read to the end as a stream: a cut archive shows only there, and memory stays flat.
    found: dict[str, bytes] = {}
    names: set[str] = set()
    with gzip.GzipFile(fileobj=file) as unpacked:
        metered = _Metered(unpacked, filename, size)
        with tarfile.open(fileobj=metered, mode="r|", tarinfo=_Member) as archive:
            for number, member in enumerate(archive, 1):
                if number > MOST_MEMBERS:
                    raise _too_many_members(filename)
                name = posixpath.normpath(member.name)
                # Of the other members only their top is of interest.
                names.add(name.partition("/")[0])
                if name.count("/") == 1 and name.endswith("/PKG-INFO"):
                    names.add(name)
                    if member.isreg():
                        if member.size > LARGEST_METADATA:
                            raise _metadata_too_large(filename)
                        content = archive.extractfile(member)
                        assert content is not None, "a regular member can be read"
                        found[name] = content.read()
                # The archive would remember every member otherwise.
                archive.members = []  # type: ignore[attr-defined]
        # tarfile stops at the archive's own end; the checksum, and perhaps a bomb, come after it.
        while metered.read(CHUNK):
            pass
    metadata_name = _sdist_metadata_name(names, filename)
    if metadata_name not in found:
        raise InvalidDistribution(f"Invalid distribution file: {metadata_name} in {filename} is not a regular file.")
    return found[metadata_name]


def _sdist_metadata_name(names: set[str], filename: str) -> str:
    tops = {name.partition("/")[0] for name in names} - {"."}
    if len(tops) != 1:
        raise InvalidDistribution(
            f"Invalid distribution file: sdist {filename} must hold exactly one top-level directory "
            f"(found: {len(tops)})."
        )
    name = f"{tops.pop()}/PKG-INFO"
    if name not in names:
        raise InvalidDistribution(
            f"Invalid distribution file: sdist {filename} does not contain the required file {name}."
        )
    return name


def _read_member(archive: zipfile.ZipFile, name: str, filename: str) -> bytes:
    with archive.open(name) as member:
        content = member.read(LARGEST_METADATA + 1)
    if len(content) > LARGEST_METADATA:
        raise _metadata_too_large(filename)
    return content


def _metadata_too_large(filename: str) -> InvalidDistribution:
    limit = LARGEST_METADATA // (1024 * 1024)
    return InvalidDistribution(f"Invalid distribution file: the metadata in {filename} is larger than {limit} MiB.")


def _too_many_members(filename: str) -> InvalidDistribution:
    return InvalidDistribution(f"Invalid distribution file: {filename} has more than {MOST_MEMBERS} members.")


@contextmanager
def _opened_zip(file: IO[bytes], filename: str, packed: int) -> Iterator[zipfile.ZipFile]:
    # ZipFile reads the whole directory when it is made.
    end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if end and end[zipfile._ECD_SIZE] > LARGEST_DIRECTORY:  # type: ignore[attr-defined]
        raise _too_many_members(filename)
    with zipfile.ZipFile(file) as archive:
        if len(archive.filelist) > MOST_MEMBERS:
            raise _too_many_members(filename)
        _check_members(archive, filename, packed)
        yield archive


def _check_members(archive: zipfile.ZipFile, filename: str, packed: int) -> None:
    # Other methods are slow, or ask for gigabytes of memory in a header; build tools use neither.
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in archive.infolist()):
        raise InvalidDistribution(
            f"Invalid distribution file: {filename} does not use a supported compression type (stored or deflated)."
        )
    _refuse_bomb(filename, sum(member.file_size for member in archive.infolist()), packed)


def _refuse_bomb(filename: str, unpacked: int, packed: int) -> None:
    if unpacked > BOMB_SIZE and unpacked > packed * BOMB_RATIO:
        raise InvalidDistribution(f"Invalid distribution file: {filename} exceeds a compression ratio of {BOMB_RATIO}.")


class _Member(tarfile.TarInfo):
    """A tar's member; the headers that only describe the next one are bounded, for they are read whole."""

    _DESCRIPTIONS = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        if self.type in self._DESCRIPTIONS and self.size > LARGEST_HEADER:
            raise tarfile.ReadError("a header that is too large")
        return super()._proc_member(tar)  # type: ignore[misc, no-any-return]


class _Metered(io.RawIOBase):
    """Counts what a decompressor gives, and stops a bomb."""

    def __init__(self, stream: gzip.GzipFile, filename: str, packed: int) -> None:
        self._stream = stream
        self._filename = filename
        self._packed = packed
        self._unpacked = 0

    def read(self, size: int = -1, /) -> bytes:
        content = self._stream.read(size)
        self._unpacked += len(content)
        _refuse_bomb(self._filename, self._unpacked, self._packed)
        return content
