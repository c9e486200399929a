"""All files, deleted ones included: find them, and change many at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods
from packaging.utils import NormalizedName

from packages import listings, publishing
from packages.auth import origin_of
from packages.distributions import SDIST, WHEEL
from packages.listings import FileRow
from packages.models import HIDDEN, PURGED
from packages.views.web.manage.bulk import Change, list_page
from packages.views.web.manage.ends import end_of, kept_for
from packages.views.web.manage.frame import for_administrators
from packages.views.web.manage.lists import Column, Exact, Filter, Table
from packages.views.web.manage.undoing import Undo

TABLE = Table[FileRow](
    one="file",
    many="files",
    key=lambda row: f"{row.project}/{row.filename}",
    called=lambda row: row.filename,
    text=lambda row: f"{row.filename}\n{row.project}\n{row.uploader}",
    searches="Filename, project or uploader",
    columns=[
        Column(label="File", name="name", by=lambda row: row.filename),
        Column(label="Project", name="project", by=lambda row: row.project),
        Column(label="Version"),
        Column(label="Type"),
        Column(label="Size", name="size", by=lambda row: row.size, number=True),
        Column(label="Uploaded", name="uploaded", by=lambda row: row.upload_time),
        Column(label="By", name="by", by=lambda row: row.uploader),
    ],
    filters=[
        Filter(
            name="state",
            label="State",
            every="Any",
            choices={
                "published": ("Published", lambda row: not row.removal),
                "yanked": ("Yanked", lambda row: not row.removal and row.yanked),
                "deleted": ("Deleted, restorable", lambda row: row.removal == HIDDEN),
                "purged": ("Purged", lambda row: row.removal == PURGED),
            },
        ),
        Filter(
            name="type",
            label="Type",
            every="Any",
            choices={
                "wheel": ("Wheels", lambda row: row.packagetype == WHEEL),
                "sdist": ("Sdists", lambda row: row.packagetype == SDIST),
            },
        ),
    ],
    exacts=[
        Exact(name="project", label="Project", values=lambda row: (row.project,)),
        Exact(name="uploader", label="Uploader", values=lambda row: (row.uploader,)),
    ],
    sort="project",
)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def files(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/files/``: all files; ``POST``: yank, unyank, delete, restore or purge some."""
    now = origin_of(request).time

    def ends(rows: Sequence[FileRow]) -> list[Mapping[str, Any]]:
        return [{"end": end_of(row.removed_at, now) if row.removal == HIDDEN else None} for row in rows]

    def deleted_at(moment: datetime) -> list[FileRow]:
        return [row for row in listings.files().rows if row.removal == HIDDEN and row.removed_at == moment]

    undo = Undo(of=deleted_at)
    return list_page(request, "manage-files", TABLE, listings.files().rows, _changes(), more=ends, undo=undo)


def _changes() -> list[Change[FileRow]]:
    names = "Their names stay taken: only the same bytes can be published under them again."
    return [
        Change(
            name="yank",
            verb="Yank",
            done="Yanked",
            on=lambda row: not row.removal and not row.yanked,
            do=lambda row, reason, by: publishing.yank(
                _project(row), None, filename=row.filename, reason=reason, by=by
            ),
            effects=[
                "Installers pass over yanked files, unless somebody asks for exactly this version.",
                "The files stay listed, marked as yanked, and can be downloaded.",
            ],
            reason="Installers and the project's page show it. It may be empty.",
        ),
        Change(
            name="unyank",
            verb="Unyank",
            done="Unyanked",
            on=lambda row: not row.removal and row.yanked,
            do=lambda row, reason, by: publishing.unyank(_project(row), None, filename=row.filename, by=by),
            effects=["Installers choose these files again."],
        ),
        Change(
            name="delete",
            verb="Delete",
            done="Deleted",
            on=lambda row: not row.removal,
            do=lambda row, reason, by: publishing.remove(_project(row), filename=row.filename, by=by),
            effects=["Nobody can list or download the files any more.", kept_for(), names],
            dangerous=True,
        ),
        Change(
            name="restore",
            verb="Restore",
            done="Restored",
            on=lambda row: row.removal == HIDDEN,
            do=lambda row, reason, by: publishing.restore(_project(row), filename=row.filename, by=by),
            effects=[
                "The files are listed and can be downloaded again, yanked ones as yanked.",
                "A deleted project of theirs is there again, with these files alone.",
            ],
        ),
        Change(
            name="purge",
            verb="Purge",
            done="Purged",
            on=lambda row: row.removal == HIDDEN,
            do=lambda row, reason, by: publishing.purge(_project(row), filename=row.filename, by=by),
            effects=["Their bytes are deleted for good. Nobody can restore them.", names],
            dangerous=True,
        ),
    ]


def _project(row: FileRow) -> NormalizedName:
    return NormalizedName(row.project)
