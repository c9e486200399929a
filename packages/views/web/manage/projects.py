"""All projects, deleted ones included: find them, and change many at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods
from packaging.utils import NormalizedName

from packages import catalog, listings, publishing
from packages.auth import origin_of
from packages.listings import ProjectRow
from packages.simple_api import ACTIVE, ARCHIVED, DEPRECATED, QUARANTINED
from packages.views.web.manage.bulk import Change, list_page
from packages.views.web.manage.ends import end_of, kept_for
from packages.views.web.manage.frame import for_administrators
from packages.views.web.manage.lists import Column, Exact, Filter, Table
from packages.views.web.manage.undoing import Undo

_WHY = "The project's page shows it. It may be empty."

TABLE = Table[ProjectRow](
    one="project",
    many="projects",
    key=lambda row: row.name,
    text=lambda row: f"{row.name}\n{row.display_name}\n{row.summary}",
    searches="Name or summary",
    columns=[
        Column(label="Project", name="name", by=lambda row: row.name),
        Column(label="Latest"),
        Column(label="Owners", name="owners", by=lambda row: row.owners),
        Column(label="Releases", name="releases", by=lambda row: row.releases, number=True),
        Column(label="Files", name="files", by=lambda row: row.files, number=True),
        Column(label="Size", name="size", by=lambda row: row.size, number=True),
        Column(label="Changed", name="changed", by=lambda row: row.changed),
    ],
    filters=[
        Filter(
            name="status",
            label="Status",
            every="All",
            choices={
                "published": ("Not deleted", lambda row: not row.removed),
                ACTIVE: ("Active", lambda row: not row.removed and row.status == ACTIVE),
                ARCHIVED: ("Archived", lambda row: not row.removed and row.status == ARCHIVED),
                DEPRECATED: ("Deprecated", lambda row: not row.removed and row.status == DEPRECATED),
                QUARANTINED: ("Quarantined", lambda row: not row.removed and row.status == QUARANTINED),
                "deleted": ("Deleted", lambda row: row.removed),
            },
        ),
        Filter(
            name="owners",
            label="Owners",
            every="Any",
            choices={
                "none": ("Without an owner", lambda row: not row.owners and not row.removed),
                "some": ("With an owner", lambda row: bool(row.owners)),
            },
        ),
    ],
    exacts=[Exact(name="owner", label="Owner", values=lambda row: row.owners)],
    sort="name",
)


def _to(status: str, verb: str, effects: Sequence[str]) -> Change[ProjectRow]:
    return Change(
        name=status,
        verb=verb,
        done={ACTIVE: "Activated"}.get(status, status.capitalize()),
        on=lambda row: not row.removed and row.status != status,
        do=lambda row, reason, by: publishing.set_status(NormalizedName(row.name), status, by=by, reason=reason),
        effects=effects,
        reason=_WHY,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def projects(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/projects/``: all projects; ``POST``: change the status of some, delete, restore or purge them."""
    now = origin_of(request).time

    def ends(rows: Sequence[ProjectRow]) -> list[Mapping[str, Any]]:
        moments = _moments(rows)
        return [{"end": end_of(moments.get(row.name), now)} for row in rows]

    def deleted_at(moment: datetime) -> list[ProjectRow]:
        rows = [row for row in listings.projects().rows if row.removed]
        moments = _moments(rows)
        return [row for row in rows if moments.get(row.name) == moment]

    undo = Undo(of=deleted_at)
    return list_page(request, "manage-projects", TABLE, listings.projects().rows, _changes(), more=ends, undo=undo)


def _moments(rows: Sequence[ProjectRow]) -> dict[str, datetime | None]:
    """When those of the projects were deleted that are."""
    deleted = catalog.find_projects([NormalizedName(row.name) for row in rows if row.removed])
    return {name: project.removed_at for name, project in deleted.items() if project.removed}


def _changes() -> list[Change[ProjectRow]]:
    return [
        _to(
            ARCHIVED,
            "Archive",
            ["The projects take no more uploads.", "They stay listed, and can be installed."],
        ),
        _to(
            DEPRECATED,
            "Deprecate",
            ["The projects' pages say that they are superseded.", "They take uploads, and can be installed."],
        ),
        _to(
            QUARANTINED,
            "Quarantine",
            ["Nobody can list, install or download anything of the projects.", "They take no more uploads."],
        ),
        _to(
            ACTIVE,
            "Activate",
            ["The projects take uploads, are listed, and can be installed.", "What was quarantined is released."],
        ),
        Change(
            name="delete",
            verb="Delete",
            done="Deleted",
            on=lambda row: not row.removed,
            do=lambda row, reason, by: publishing.remove(NormalizedName(row.name), by=by),
            effects=[
                "Nobody can list or download any file of the projects any more.",
                kept_for(),
                "The projects' names and those of their files stay taken.",
            ],
            dangerous=True,
        ),
        Change(
            name="restore",
            verb="Restore",
            done="Restored",
            on=lambda row: row.removed,
            do=lambda row, reason, by: publishing.restore(NormalizedName(row.name), by=by),
            effects=["The projects are there again, with the files that were deleted with them."],
        ),
        Change(
            name="purge",
            verb="Purge",
            done="Purged",
            on=lambda row: row.removed,
            do=lambda row, reason, by: publishing.purge(NormalizedName(row.name), by=by),
            effects=[
                "The bytes of all their files are deleted for good. Nobody can restore them.",
                "Owners, maintainers and trusted publishers lose what they were to the projects.",
                "The projects' names are anybody's again. The names of their files stay taken.",
            ],
            dangerous=True,
        ),
    ]
