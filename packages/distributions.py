"""What a distribution file is, what its filename says, and how releases are ordered."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from packaging.utils import (
    InvalidName,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_wheel_filename,
)
from packaging.version import Version

from packages.errors import InvalidDistribution

WHEEL = "bdist_wheel"
SDIST = "sdist"
SDIST_EXTENSIONS = (".tar.gz", ".zip")

# A file's core metadata lies beside it under this suffix (PEP 658); both must fit one path component.
METADATA_SUFFIX = ".metadata"
LONGEST_FILENAME = 255 - len(METADATA_SUFFIX)
# A wheel's compressed tag sets stand for every combination; real ones have a dozen.
MOST_TAGS = 1000
# It stands in every list that shows the project; PyPI takes no longer one either.
LONGEST_SUMMARY = 512

# Names, PEP 440 versions (with epoch and local part) and wheel tags need no other character.
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")

_RETIRED_FORMATS = {
    ".egg": "Eggs are no longer installable",
    ".exe": "Windows installers are not installable by pip",
    ".msi": "Windows installers are not installable by pip",
    ".rpm": "Linux packages are not installable by pip",
    ".deb": "Linux packages are not installable by pip",
    ".dmg": "Disk images are not installable by pip",
}


@dataclass(frozen=True, kw_only=True)
class DistributionFile:
    """One published wheel or sdist.

    ``size`` is in bytes, digests are lower-case hex, ``upload_time`` is in UTC. ``version`` is
    the normalised PEP 440 text; ``key`` is where storage keeps the bytes. ``md5`` and
    ``blake2b_256`` are known only for files whose bytes passed through the index.
    """

    project: NormalizedName
    filename: str
    version: str
    packagetype: str
    size: int
    sha256: str
    md5: str | None = None
    blake2b_256: str | None = None
    # Kept as written: pip and uv tolerate what the specifier grammar does not.
    requires_python: str | None = None
    # One line, cut to LONGEST_SUMMARY.
    summary: str = ""
    metadata_sha256: str
    upload_time: datetime
    uploader: str
    # PEP 592 joins these two into "a bool or a text"; that happens only at the edge.
    yanked: bool = False
    yanked_reason: str = ""
    key: str

    @property
    def metadata_key(self) -> str:
        """Where storage keeps the core metadata."""
        return self.key + METADATA_SUFFIX

    @property
    def slot(self) -> str:
        """The normalised form of the filename: one file per slot, however it is spelled."""
        slot = slot_of(self.filename, self.project)
        assert slot is not None, self.filename
        return slot

    @property
    def python_version(self) -> str:
        """The upload API's ``pyversion``: a wheel's Python tag, ``source`` for an sdist."""
        return "source" if self.packagetype == SDIST else self.filename.split("-")[-3]


class OfRelease(Protocol):
    """What counts of a file when a release is chosen."""

    @property
    def version(self) -> str:
        """The normalised PEP 440 text."""

    @property
    def yanked(self) -> bool:
        """Whether it is yanked."""


def packagetype_of(filename: str) -> str:
    """Tell by the extension what a file claims to be: ``bdist_wheel`` or ``sdist``.

    Raises InvalidDistribution for a filename that cannot be a distribution's.
    """
    if not _FILENAME.fullmatch(filename):
        raise InvalidDistribution(
            f"Filename {filename!a} is invalid: only letters, digits and '.', '_', '+', '!', '-' are allowed."
        )
    if len(filename) > LONGEST_FILENAME:
        raise InvalidDistribution(f"Filename {filename!a} is longer than {LONGEST_FILENAME} characters.")
    if filename.endswith(".whl"):
        return WHEEL
    if filename.endswith(SDIST_EXTENSIONS):
        return SDIST
    for extension, why in _RETIRED_FORMATS.items():
        if filename.lower().endswith(extension):
            raise InvalidDistribution(f"{why}: upload a wheel (.whl) or an sdist (.tar.gz) instead of {filename!a}.")
    raise InvalidDistribution(
        f"Filename {filename!a} has an unknown extension: a wheel ends in .whl, an sdist in .tar.gz (or .zip)."
    )


def check_filename(filename: str, name: NormalizedName, version: Version) -> None:
    """Refuse a filename that does not name this project and version.

    Raises InvalidDistribution. Wheels follow the binary distribution format to the letter;
    sdists may spell name and version as old tools did (``Foo.Bar-1.0-dev.tar.gz``), because
    pip reads them by the project's name too.
    """
    if packagetype_of(filename) == WHEEL:
        found_name, found_version = _named_by_wheel(filename)
        if found_name != name:
            raise InvalidDistribution(
                f"Filename {filename!a} names the project {found_name!a}, but the metadata inside names {name!a}."
            )
        if found_version != version:
            raise InvalidDistribution(
                f"Filename {filename!a} names version '{found_version}', but the metadata inside says '{version}'."
            )
    elif version not in _sdist_versions(filename, name):
        raise InvalidDistribution(
            f"Filename {filename!a} does not match its metadata: an sdist of {name} {version} "
            f"should be named '{name.replace('-', '_')}-{version}.tar.gz'."
        )


def slot_of(filename: str, project: NormalizedName) -> str | None:
    """The normalised form of a filename within a project; None if it cannot be one of its files.

    ``Foo.Bar-1.0.tar.gz`` and ``foo_bar-1.0.tar.gz`` are the same sdist: installers cache by
    name, version and tags, so two files in one slot would be mistaken for each other.
    """
    escaped = project.replace("-", "_")
    if filename.endswith(".whl"):
        try:
            name, version, build = _read_wheel_filename(filename)
        except ValueError:
            return None
        if name != project:
            return None
        tags = [".".join(sorted(part.split("."))) for part in filename[:-4].lower().split("-")[-3:]]
        builds = [f"{build[0]}{build[1]}"] if build else []
        return "-".join([escaped, str(version), *builds, *tags]) + ".whl"
    for version in _sdist_versions(filename, project):
        return f"{escaped}-{version}{_sdist_extension(filename)}"
    return None


def possible_projects(filename: str) -> list[NormalizedName]:
    """Which projects a file with this name may belong to (an old sdist's name is ambiguous)."""
    if filename.endswith(".whl"):
        try:
            return [_read_wheel_filename(filename)[0]]
        except ValueError:
            return []
    return [name for name, _ in _sdist_readings(filename)]


def readings(filename: str) -> list[tuple[NormalizedName, Version]]:
    """Which projects and versions a filename may name, at least one. Raises InvalidDistribution."""
    if packagetype_of(filename) == WHEEL:
        return [_named_by_wheel(filename)]
    found = list(_sdist_readings(filename))
    if not found:
        raise InvalidDistribution(
            f"Filename {filename!a} does not name a project and a version, as 'demo_pkg-1.0.tar.gz' does."
        )
    return found


def newest_first(versions: Iterable[str]) -> list[str]:
    """Distinct versions in descending PEP 440 order."""
    return sorted(set(versions), key=Version, reverse=True)


def latest_version(files: Iterable[OfRelease]) -> str | None:
    """The release a person wants: the newest final one, else a pre-release, else a yanked one."""
    releases: dict[str, bool] = {}
    for file in files:
        releases[file.version] = releases.get(file.version, True) and file.yanked

    def rank(version: str) -> tuple[bool, bool, Version]:
        parsed = Version(version)
        return (not releases[version], not parsed.is_prerelease, parsed)

    return max(releases, key=rank, default=None)


def normalized_or_none(name: str) -> NormalizedName | None:
    """The normalised project name (PEP 503), or None for a text that cannot be one."""
    if len(name) > LONGEST_FILENAME:
        return None
    try:
        return canonicalize_name(name, validate=True)
    except InvalidName:
        return None


def version_or_none(text: str) -> Version | None:
    """The PEP 440 version that a text says, or None."""
    try:
        return Version(text)
    except ValueError:
        # InvalidVersion is one; so is a number with more digits than Python reads.
        return None


def _named_by_wheel(filename: str) -> tuple[NormalizedName, Version]:
    try:
        return _read_wheel_filename(filename)[:2]
    except ValueError as error:
        # packaging says why in parentheses, and drops the extension from the name.
        why = re.search(r"\((.+?)\)", str(error))
        raise InvalidDistribution(f"Invalid wheel filename {filename!a}: {why[1] if why else error}.") from error


def _read_wheel_filename(filename: str) -> tuple[NormalizedName, Version, tuple[()] | tuple[int, str]]:
    """Name, version and build number; raises ValueError. A short name can mean millions of tags: few are read."""
    combinations = 1
    for part in filename.removesuffix(".whl").split("-")[-3:]:
        combinations *= part.count(".") + 1
    if len(filename) > LONGEST_FILENAME or combinations > MOST_TAGS:
        raise InvalidWheelFilename("Invalid wheel filename (it is too long, or has too many tags)")
    return parse_wheel_filename(filename)[:3]


def _sdist_extension(filename: str) -> str | None:
    return next((extension for extension in SDIST_EXTENSIONS if filename.endswith(extension)), None)


def _sdist_versions(filename: str, project: NormalizedName) -> list[Version]:
    return [version for name, version in _sdist_readings(filename) if name == project]


def _sdist_readings(filename: str) -> Iterator[tuple[NormalizedName, Version]]:
    # A name and a version may both hold hyphens, so every hyphen may be the one between them.
    extension = _sdist_extension(filename)
    if extension is None or len(filename) > LONGEST_FILENAME:
        return
    stem = filename.removesuffix(extension)
    for match in re.finditer("-", stem):
        name = normalized_or_none(stem[: match.start()])
        if name is None:
            continue
        version = version_or_none(stem[match.end() :])
        if version is not None:
            yield name, version
