"""The core metadata inside a distribution: parsed, and validated where an installer depends on it."""

from dataclasses import dataclass

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from packages.errors import InvalidDistribution

# Never standardised, but written by the wheel builders of 2013-2018 and read by every installer.
_LEGACY_METADATA_VERSION = "2.0"


@dataclass(frozen=True, kw_only=True)
class CoreMetadata:
    """What the index needs to know of a distribution; ``raw`` holds every field as it was written."""

    name: NormalizedName
    display_name: str
    version: Version
    summary: str
    requires_python: str | None
    raw: RawMetadata


def parse_metadata(data: bytes) -> CoreMetadata:
    """Parse a METADATA or PKG-INFO file.

    Raises InvalidDistribution when what an installer needs (Metadata-Version, Name, Version,
    Requires-Dist) is missing or invalid. Other fields are for people: a malformed one, or one
    that its Metadata-Version does not know yet (``License-File`` before 2.4), is no reason to
    refuse a distribution that pip installs.
    """
    raw, _unparsed = parse_email(data)
    identity = RawMetadata()
    if "metadata_version" in raw:
        identity["metadata_version"] = raw["metadata_version"]
        if raw["metadata_version"] == _LEGACY_METADATA_VERSION:
            identity["metadata_version"] = "2.1"
    if "name" in raw:
        identity["name"] = raw["name"]
    if "version" in raw:
        identity["version"] = raw["version"]
    try:
        checked = Metadata.from_raw(identity)
    except ExceptionGroup as group:
        raise InvalidDistribution(f"Invalid core metadata: {_sentence(group)}") from group
    for requirement in raw.get("requires_dist", []):
        try:
            Requirement(requirement)
        except InvalidRequirement as error:
            problem = str(error).partition("\n")[0]
            raise InvalidDistribution(
                f"Invalid core metadata: Requires-Dist {requirement!a} is not a valid requirement: {problem}"
            ) from error
    return CoreMetadata(
        name=canonicalize_name(checked.name),
        display_name=checked.name,
        version=checked.version,
        summary=" ".join(given(raw.get("summary")).split()),
        requires_python=" ".join(given(raw.get("requires_python")).split()) or None,
        raw=raw,
    )


def given(text: str | None) -> str:
    """The text of a field, empty where old tools wrote the placeholder ``UNKNOWN``."""
    return "" if text is None or text.strip() == "UNKNOWN" else text


def _sentence(group: ExceptionGroup[Exception]) -> str:
    return "; ".join(
        f"{error.field}: {error}" if isinstance(error, InvalidMetadata) else str(error) for error in group.exceptions
    )
