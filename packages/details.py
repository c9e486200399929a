"""What a project's page shows of a file's core metadata: made once, and kept beside the file's row.

Whoever uploads says what stands there. Every value is text, and bounded in number and length;
only the README is HTML, which ``readmes`` has made harmless.
"""

import gzip
import json
import logging
import re
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from packaging.metadata import RawMetadata
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName

from packages import readmes, storage
from packages.distributions import DistributionFile, normalized_or_none
from packages.errors import InvalidDistribution, Unavailable
from packages.metadata import CoreMetadata, given, parse_metadata
from packages.models import FileDetails, project_partition
from packages.store import Delete, Put, store

logger = logging.getLogger(__name__)

# Of what is kept: raise it when that, or the way a README is rendered, becomes another; then it is all made anew.
FORMAT = 2

# An item has at most 400 KB. In bytes, compressed.
LARGEST_BODY = 350_000

# In characters; and how many of a list are shown.
LONGEST_VALUE = 1000
LONGEST_LABEL = 80
LONGEST_LICENSE = 200
MOST_VALUES = 1000
MOST_KEYWORDS = 50
MOST_TAKEN_APART, LONGEST_TAKEN_APART = 300, 200

_URL = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Details:
    """What is shown of core metadata. What is not given is empty."""

    summary: str = ""
    # Harmless, with its images: ``readmes.with_images`` decides on those.
    description_html: str = ""
    # markdown, rst or plain.
    readme_how: str = readmes.PLAIN
    # Too large to be kept.
    readme_omitted: bool = False
    # An SPDX expression, or what an older way of saying it says.
    license: str = ""
    license_files: tuple[str, ...] = ()
    author: str = ""
    author_email: str = ""
    maintainer: str = ""
    maintainer_email: str = ""
    keywords: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    requires_python: str = ""
    requires_dist: tuple[str, ...] = ()
    provides_extra: tuple[str, ...] = ()
    # Labels and http(s) addresses.
    project_urls: tuple[tuple[str, str], ...] = ()
    metadata_version: str = ""
    dynamic: tuple[str, ...] = ()


class RequirementLink(NamedTuple):
    """A requirement as it is shown: ``text`` whole, and its parts if it could be read.

    ``extra``: of which extra it is a part, if its marker says so.
    """

    text: str
    name: NormalizedName | None = None
    marker: str = ""
    extra: str | None = None


def of(file: DistributionFile) -> Details:
    """What is shown of a file; made now, if it was not yet. Raises Unavailable."""
    kept = store().get(FileDetails.key(file.project, file.metadata_sha256))
    if isinstance(kept, FileDetails) and (details := _opened(kept)) is not None:
        return details
    if storage.find(file.metadata_key) is None:
        return Details()
    try:
        metadata = parse_metadata(storage.read(file.metadata_key), file.packagetype)
    except InvalidDistribution:
        # Accepted by an earlier version of the index.
        logger.warning("the core metadata of %s cannot be read any more", file.filename, exc_info=True)
        return Details()
    try:
        details = made(metadata)
    except Exception:
        # What its author wrote must not keep people from the rest of the page.
        logger.exception("the details of %s could not be made", file.filename)
        return Details()
    try:
        _put(file, details)
    except Unavailable:
        logger.warning("the details of %s could not be kept", file.filename, exc_info=True)
    return details


def keep(file: DistributionFile, metadata: CoreMetadata) -> None:
    """Make what is shown of a new file, for those who will look at it. Never fails: ``of`` can make it too."""
    try:
        key = FileDetails.key(file.project, file.metadata_sha256)
        known = store().get(key)
        if not isinstance(known, FileDetails) or known.format != FORMAT:
            _put(file, made(metadata))
    except Exception:
        logger.exception("the details of %s could not be made", file.filename)


def forget(project: NormalizedName, metadata_sha256: str) -> None:
    """Delete what was kept of core metadata that no file of the project has any more. Never fails.

    What is left is of use to nobody, and harms nobody.
    """
    pk, sk = FileDetails.key(project, metadata_sha256)
    try:
        store().write(Delete(item=FileDetails(pk, sk)))
    except Unavailable:
        logger.warning("the details of metadata %s of %s were left", metadata_sha256, project, exc_info=True)


def forget_all(project: NormalizedName) -> None:
    """Delete all that was kept, of files that were overwritten too. Raises Unavailable."""
    for item in list(store().query(project_partition(project), FileDetails.PREFIX)):
        store().write(Delete(item=item))


def made(metadata: CoreMetadata) -> Details:
    """What is shown of core metadata."""
    raw = metadata.raw
    readme = readmes.render(_dedented(given(raw.get("description"))), raw.get("description_content_type"))
    classifiers = _texts(raw.get("classifiers"))
    return Details(
        summary=_text(metadata.summary),
        description_html=readme.html,
        readme_how=readme.how,
        license=_license(raw, classifiers),
        license_files=_texts(raw.get("license_files")),
        author=_text(raw.get("author")),
        author_email=_text(raw.get("author_email")),
        maintainer=_text(raw.get("maintainer")),
        maintainer_email=_text(raw.get("maintainer_email")),
        keywords=_keywords(raw.get("keywords")),
        classifiers=classifiers,
        requires_python=_text(metadata.requires_python),
        requires_dist=_texts(raw.get("requires_dist")),
        provides_extra=_texts(raw.get("provides_extra")),
        project_urls=_project_urls(raw),
        metadata_version=_text(raw.get("metadata_version")),
        dynamic=_texts(raw.get("dynamic")),
    )


def requirement_links(requires_dist: Iterable[str]) -> list[RequirementLink]:
    """Requirements with what they name, in their order; endless ones, and the last of very many, as mere text."""
    return [
        _requirement_link(text)
        if number < MOST_TAKEN_APART and len(text) <= LONGEST_TAKEN_APART
        # It is done at each look at a page.
        else RequirementLink(text=text)
        for number, text in enumerate(requires_dist)
    ]


def _requirement_link(text: str) -> RequirementLink:
    try:
        requirement = Requirement(text)
        marker = str(requirement.marker or "")
    except (InvalidRequirement, ValueError, RecursionError):
        return RequirementLink(text=text)
    # As every builder writes it, alone or with another condition before it.
    extra = re.search(r"""(?:^|\band )extra == ["']([^"']+)["']\)?$""", marker)
    return RequirementLink(
        text=text,
        name=normalized_or_none(requirement.name),
        marker=marker,
        extra=extra[1] if extra else None,
    )


def _put(file: DistributionFile, details: Details) -> None:
    pk, sk = FileDetails.key(file.project, file.metadata_sha256)
    store().write(Put(item=FileDetails(pk, sk, format=FORMAT, body=_closed(details))))


def _closed(details: Details) -> bytes:
    values = asdict(details)
    # At last what hardly anybody writes so much of that it has to go.
    lists = {name: () for name, value in values.items() if isinstance(value, tuple)}
    for left_out in ({}, {"description_html": "", "readme_omitted": True}, lists):
        values.update(left_out)
        body = _packed(values)
        if len(body) <= LARGEST_BODY:
            break
    return body


def _packed(values: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(), 6, mtime=0)


def _opened(item: FileDetails) -> Details | None:
    """What an item holds; None if it is of another format, or damaged."""
    if item.format != FORMAT:
        return None
    try:
        values = json.loads(gzip.decompress(item.body))
        known = {field.name: _frozen(values[field.name]) for field in fields(Details)}
    except (OSError, EOFError, ValueError, KeyError, TypeError, zlib.error):
        logger.warning("the details at %s cannot be read: they are made anew", item.sk)
        return None
    return Details(**known)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


def _text(value: str | None, longest: int = LONGEST_VALUE) -> str:
    """One line of text, cut. Surrogates without their other half cannot be stored."""
    line = " ".join(given(value)[: 4 * longest].split())[:longest]
    return line.encode("utf-8", "replace").decode()


def _texts(values: Iterable[str] | None, most: int = MOST_VALUES) -> tuple[str, ...]:
    texts = (_text(value) for value in values or ())
    return tuple(dict.fromkeys(text for text in texts if text))[:most]


def _keywords(values: Iterable[str] | None) -> tuple[str, ...]:
    """Divided by commas; or by blanks, as people wrote them before they were told."""
    words = list(values or ())
    if len(words) == 1:
        words = words[0][:LONGEST_VALUE].split()
    return tuple(dict.fromkeys(word for one in words if (word := _text(one, LONGEST_LABEL))))[:MOST_KEYWORDS]


def _license(raw: RawMetadata, classifiers: tuple[str, ...]) -> str:
    expression = _text(raw.get("license_expression"), LONGEST_LICENSE)
    if expression:
        return expression
    lines = [line.strip() for line in given(raw.get("license"))[:LONGEST_VALUE].splitlines() if line.strip()]
    first = _text(lines[0], LONGEST_LICENSE) if lines else ""
    names = [one.split(" :: ")[-1] for one in classifiers if one.startswith("License :: ")]
    # Some have put its whole text here, of which the first line says least.
    if first and not (names and (len(lines) > 1 or first.casefold().startswith("copyright"))):
        return first
    return _text(", ".join(names), LONGEST_LICENSE)


def _project_urls(raw: RawMetadata) -> tuple[tuple[str, str], ...]:
    wanted = [
        *list((raw.get("project_urls") or {}).items())[:MOST_VALUES],
        ("Homepage", given(raw.get("home_page"))),
        ("Download", given(raw.get("download_url"))),
    ]
    found: dict[str, str] = {}
    for label, url in wanted:
        address = url.strip()
        # Cut, it would be another address.
        if len(address) <= LONGEST_VALUE and _URL.fullmatch(address):
            found.setdefault(_text(address), _text(label, LONGEST_LABEL) or "Link")
    return tuple((label, address) for address, label in found.items())


def _dedented(description: str) -> str:
    """A description as it was before old tools indented it, as a header's next lines are."""
    first, *others = description.split("\n")
    marks = ("        ", "       |")
    if not others or not all(line.startswith(marks) or not line.strip() for line in others):
        return description
    return "\n".join([first, *(line[8:] for line in others)])
