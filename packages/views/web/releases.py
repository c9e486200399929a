"""A project's releases as its pages show them: which one, with which files, in which order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from packaging.version import Version

from packages.distributions import WHEEL, DistributionFile, latest_version, version_or_none
from packages.json_api import metadata_source
from packages.tags import in_words

# Of a history, unless all of it is asked for.
NEWEST_RELEASES = 10


@dataclass(frozen=True, kw_only=True)
class ShownFile:
    """A file of a release, and what it is for."""

    file: DistributionFile
    words: str
    # PEP 658: of a wheel only.
    has_metadata: bool
    hashes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version and its files, of which there is one at least. 1.0 and 1.0.0 are one release."""

    parsed: Version
    files: tuple[DistributionFile, ...]

    @property
    def version(self) -> str:
        """The version as its first file says it."""
        return self.files[0].version

    @property
    def prerelease(self) -> bool:
        """Whether installers pass it by unless they are told."""
        return self.parsed.is_prerelease

    @property
    def yanked(self) -> bool:
        """Whether every file is (PEP 592)."""
        return all(file.yanked for file in self.files)

    @property
    def partly_yanked(self) -> bool:
        """Whether some files are, and others are not."""
        return not self.yanked and any(file.yanked for file in self.files)

    @property
    def yanked_reasons(self) -> list[str]:
        """Why; the same reason once."""
        return list(dict.fromkeys(file.yanked_reason for file in self.files if file.yanked and file.yanked_reason))

    @property
    def published(self) -> datetime:
        """When its first file was."""
        return min(file.upload_time for file in self.files)

    @property
    def size(self) -> int:
        """Of all files, in bytes."""
        return sum(file.size for file in self.files)

    @property
    def spokesman(self) -> DistributionFile:
        """The file whose metadata speaks for it."""
        source = metadata_source(self.files)
        assert source is not None
        return source

    def shown_files(self) -> list[ShownFile]:
        """Its files for their table: sdists first, as what all others are made of."""
        return [
            _shown(file) for file in sorted(self.files, key=lambda file: (file.packagetype == WHEEL, file.filename))
        ]


def releases_of(files: Sequence[DistributionFile]) -> list[Release]:
    """Releases, newest first, of files in the order of their releases."""
    # Each version is read once: projects have thousands of them.
    parsed = {text: Version(text) for text in {file.version for file in files}}
    groups = groupby(files, key=lambda file: parsed[file.version])
    return [Release(parsed=version, files=tuple(group)) for version, group in groups][::-1]


def wanted_release(releases: Sequence[Release]) -> Release | None:
    """The release that a project's page shows: the newest final one that is not yanked, if there is one."""
    version = latest_version(file for release in releases for file in release.files)
    return None if version is None else named_release(releases, version)


def named_release(releases: Iterable[Release], version: str) -> Release | None:
    """The release of a version, however it is spelled."""
    wanted = version_or_none(version)
    return next((release for release in releases if release.parsed == wanted), None)


def history(releases: Sequence[Release], shown: Release) -> list[Release | None]:
    """The newest releases, and the one that is shown however old it is; None where some are left out before it."""
    place = releases.index(shown)
    # In the place of one it can as well stand itself.
    if place <= NEWEST_RELEASES + 1:
        return list(releases[: max(NEWEST_RELEASES, place + 1)])
    return [*releases[:NEWEST_RELEASES], None, shown]


def _shown(file: DistributionFile) -> ShownFile:
    digests = [("SHA-256", file.sha256), ("MD5", file.md5), ("BLAKE2b-256", file.blake2b_256)]
    return ShownFile(
        file=file,
        words=in_words(file.filename),
        has_metadata=file.packagetype == WHEEL,
        hashes=tuple((name, digest) for name, digest in digests if digest),
    )
