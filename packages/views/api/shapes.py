"""How things are shown: the values of the schemas in ``packages.api.schemas``."""

from datetime import datetime
from typing import Any

from packages import accounts, publishing
from packages.access import Actor
from packages.accounts import Person, TokenInfo
from packages.models import HIDDEN, File, Project
from packages.publishing import roles_of
from packages.simple_api import file_url
from packages.trusted import PublisherInfo


def moment(time: datetime) -> str:
    """A time, as in ``2027-01-31T12:00:00Z``."""
    return time.isoformat().replace("+00:00", "Z")


def _moment_or_none(time: datetime | None) -> str | None:
    return None if time is None else moment(time)


def account(person: Person) -> dict[str, Any]:
    """An account."""
    return {
        "name": person.name,
        "role": person.role,
        "disabled": person.disabled,
        "fixed": person.fixed,
        "created": _moment_or_none(person.created),
    }


def memberships(account: str, by: Actor) -> list[dict[str, str]]:
    """The roles of an account, as far as a token that asks is for their projects."""
    within = None if by.limits is None else by.limits.projects
    roles = accounts.projects_of(account)
    return [{"project": name, "role": role} for name, role in roles if within is None or name in within]


def token(info: TokenInfo) -> dict[str, Any]:
    """A token, without its secret."""
    return {
        "id": info.id,
        "account": info.account,
        "description": info.description,
        "scopes": sorted(info.scopes),
        "projects": None if info.projects is None else sorted(info.projects),
        "created": moment(info.created),
        "expires": _moment_or_none(info.expires),
        "last_used": _moment_or_none(info.last_used),
    }


def roles(project: Project) -> list[dict[str, str]]:
    """The roles in a project, owners first."""
    return [{"account": name, "role": role} for name, role in roles_of(project).items()]


def publisher(info: PublisherInfo) -> dict[str, Any]:
    """A trusted publisher."""
    return {
        "id": info.id,
        "project": info.project,
        "provider": info.provider,
        "issuer": info.issuer,
        "fields": dict(info.fields),
        "registered_by": info.registered_by,
        "created": moment(info.created),
        "pending": info.pending,
    }


def file(row: File, root: str, *, curates: bool) -> dict[str, Any]:
    """A file below the address ``root`` of the index; who uploaded it only for those who curate."""
    shown = {
        "filename": row.filename,
        "version": row.version,
        "packagetype": row.packagetype,
        "size": int(row.size),
        "sha256": row.sha256,
        "requires_python": row.requires_python,
        "upload_time": moment(row.upload_time),
        "url": root + file_url(row.distribution()),
        "yanked": row.yanked,
        "yanked_reason": row.yanked_reason,
        "state": {"": "published", HIDDEN: "removed"}.get(row.removal, row.removal),
    }
    if curates:
        shown |= {"uploader": row.uploader, "restorable_until": until(row) if row.removal == HIDDEN else None}
    return shown


def until(removed: File | Project) -> str | None:
    """Until when a removal can be taken back; None if it has no end."""
    end = publishing.restorable_until(removed)
    return None if end is None else moment(end)
