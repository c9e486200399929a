"""What publishing a file would come to, as far as can be told before its bytes are there."""

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from packaging.utils import NormalizedName
from packaging.version import Version

from packages import permissions
from packages.distributions import check_filename, readings, slot_of
from packages.errors import InvalidDistribution, PackagesError, UploadTooLarge
from packages.journal import Origin
from packages.models import File, Project
from packages.publishing.publication import published_already, too_large
from packages.store import store


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What there would be to say.

    ``certain``: no other project can be meant (an old sdist's name is ambiguous). ``creates`` the
    project. ``taken``: there is, or was, a file in its place; ``same``: with the same bytes, None if
    that cannot be told. ``refusal`` is what would be raised.
    """

    project: NormalizedName
    version: Version
    certain: bool
    creates: bool
    taken: bool = False
    same: bool | None = None
    removed: bool = False
    refusal: PackagesError | None = None


def look_ahead(
    filename: str,
    *,
    size: int | None,
    sha256: str | None,
    by: Origin,
    overwrite: bool,
    said: tuple[NormalizedName, Version] | None = None,
) -> Outlook:
    """Say what publishing a file would come to; ``said`` is what its metadata names, if that is known.

    One read; raises InvalidDistribution or Unavailable.
    """
    found = readings(filename)
    if size == 0:
        raise InvalidDistribution(f"File {filename!a} is empty.")
    if said is not None:
        check_filename(filename, *said)
    keys = [
        key for name, _ in found for key in (Project.key(name), File.key(name, cast("str", slot_of(filename, name))))
    ]
    items = store().get_many(keys)
    projects, rows = cast("list[Project | None]", items[::2]), cast("list[File | None]", items[1::2])
    standings = [permissions.standing(name, project) for (name, _), project in zip(found, projects, strict=True)]
    # A project that is there is more likely meant than one that is not.
    chosen = next((number for number, standing in enumerate(standings) if standing.taken), 0)
    (name, version), project, row = found[chosen], projects[chosen], rows[chosen]
    same = None if row is None else _is_same(row, size, sha256)
    refusal: PackagesError | None = None
    try:
        if size is not None and size > settings.MAX_UPLOAD_SIZE:
            raise UploadTooLarge(too_large())
        # What may be the same is let pass: who sends it is told in time.
        claimed = "" if row is None or same is False else row.sha256
        published_already(name, filename, claimed, project, row, by.actor, overwrite=overwrite)
    except PackagesError as error:
        refusal = error
    return Outlook(
        project=name,
        version=version,
        certain=len(found) == 1,
        creates=not standings[chosen].taken,
        taken=row is not None,
        same=same,
        removed=row is not None and bool(row.removal),
        refusal=refusal,
    )


def _is_same(row: File, size: int | None, sha256: str | None) -> bool | None:
    if sha256 is not None:
        return row.sha256 == sha256
    return False if size is not None and size != int(row.size) else None
