"""The core metadata inside a distribution: parsed, and validated where an installer depends on it."""

from dataclasses import dataclass

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from packages.distributions import WHEEL
from packages.errors import InvalidDistribution

# Never standardised, but written by the wheel builders of 2013-2018 and read by every installer.
_LEGACY_METADATA_VERSION = "2.0"

_FINAL_IN_SDISTS = Version("2.2")

# It stands on every line of a project's page.
LONGEST_REQUIRES_PYTHON = 1000

# What an installer acts upon; elsewhere a field that cannot be read harms nobody.
_NEEDED = ("Metadata-Version", "Name", "Version", "Requires-Dist", "Requires-Python")


@dataclass(frozen=True, kw_only=True)
class CoreMetadata:
    """What the index needs to know of a distribution; ``raw`` holds every field as it was written."""

    name: NormalizedName
    display_name: str
    version: Version
    summary: str
    requires_python: str | None
    raw: RawMetadata


def parse_metadata(data: bytes, packagetype: str = WHEEL) -> CoreMetadata:
    """Parse the METADATA file of a wheel or the PKG-INFO file of an sdist.

    Raises InvalidDistribution when what an installer needs (Metadata-Version, Name, Version, and
    Requires-Dist where it is final) is missing or invalid. Other fields are for people: a malformed one, or one
    that its Metadata-Version does not know yet (``License-File`` before 2.4), is no reason to
    refuse a distribution that pip installs.
    """
    raw, unparsed = parse_email(data)
    for header in _NEEDED:
        if header.lower() in unparsed:
            raise InvalidDistribution(f"Invalid core metadata: {header} is given more than once, or is not in UTF-8.")
    try:
        identity = RawMetadata(metadata_version=raw["metadata_version"], name=raw["name"], version=raw["version"])
    except KeyError as error:
        missing = str(error.args[0]).replace("_", "-").title()
        raise InvalidDistribution(f"Invalid core metadata: the field {missing} is missing.") from error
    if identity["metadata_version"] == _LEGACY_METADATA_VERSION:
        identity["metadata_version"] = "2.1"
    try:
        checked = Metadata.from_raw(identity)
    except ExceptionGroup as group:
        raise InvalidDistribution(f"Invalid core metadata: {_sentence(group)}") from group
    except ValueError as error:
        # A version with a number of more digits than Python reads.
        raise InvalidDistribution(f"Invalid core metadata: version: {error}") from error
    # Before 2.2 an sdist's requirements are only a hint: installers build it to learn them (PEP 643).
    final = packagetype == WHEEL or Version(checked.metadata_version) >= _FINAL_IN_SDISTS
    for requirement in raw.get("requires_dist", []) if final else []:
        try:
            Requirement(requirement)
        except (InvalidRequirement, ValueError, RecursionError) as error:
            problem = str(error).partition("\n")[0]
            raise InvalidDistribution(
                f"Invalid core metadata: Requires-Dist {requirement[:200]!a} is not a valid requirement: {problem}"
            ) from error
    requires_python = " ".join(given(raw.get("requires_python")).split())
    if len(requires_python) > LONGEST_REQUIRES_PYTHON:
        raise InvalidDistribution(
            f"Invalid core metadata: Requires-Python is longer than {LONGEST_REQUIRES_PYTHON} characters."
        )
    return CoreMetadata(
        name=canonicalize_name(checked.name),
        display_name=checked.name,
        version=checked.version,
        summary=" ".join(given(raw.get("summary")).split()),
        requires_python=requires_python or None,
        raw=raw,
    )


def given(text: str | None) -> str:
    """The text of a field, empty where old tools wrote the placeholder ``UNKNOWN``."""
    return "" if text is None or text.strip() == "UNKNOWN" else text


def _sentence(group: ExceptionGroup[Exception]) -> str:
    return "; ".join(
        f"{error.field}: {error}" if isinstance(error, InvalidMetadata) else str(error) for error in group.exceptions
    )
