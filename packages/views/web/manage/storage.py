"""What lies in storage: how much of whom, and whether it is what the index says."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods

from packages import listings
from packages.auth import origin_of
from packages.listings.drift import MOST_NAMED, Drift, drift
from packages.storage import PUBLISHED
from packages.views.web.manage.bulk import list_page
from packages.views.web.manage.charts import Share, bars, shares
from packages.views.web.manage.frame import for_administrators, show_part
from packages.views.web.manage.lists import Column, Table

LARGEST = 10
# A front door waits for half a minute.
SECONDS = 20.0
LONGEST_KEY = 1024

TABLE = Table[Share](
    one="project",
    many="projects",
    key=lambda share: share.project,
    text=lambda share: share.project,
    searches="Project",
    columns=[
        Column(label="Project", name="project", by=lambda share: share.project),
        Column(label="Files", name="files", by=lambda share: share.files, number=True),
        Column(label="Published", name="size", by=lambda share: share.size, number=True),
        Column(label="Deleted, restorable", name="kept", by=lambda share: share.kept, number=True),
        Column(label="All", name="all", by=lambda share: share.whole, number=True),
    ],
    sort="-all",
)


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def storage(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/storage/``: storage by project; ``POST``: compare it with the index."""
    if request.method == "POST":
        return _compare(request)
    found = shares(listings.files().rows)
    drawn = bars(found, LARGEST)
    longest = max((share.whole for share in found), default=0)

    def percents(rows: Sequence[Share]) -> list[Mapping[str, Any]]:
        return [{"percent": round(100 * share.whole / longest, 2) if longest else 0} for share in rows]

    context = {
        "bars": drawn,
        "size": sum(share.size for share in found),
        "files": sum(share.files for share in found),
        "kept": sum(share.kept for share in found),
        "kept_files": sum(share.kept_files for share in found),
    }
    return list_page(request, "manage-storage", TABLE, found, [], more=percents, context=context)


def _compare(request: HttpRequest) -> HttpResponse:
    after = request.POST.get("after", "")[:LONGEST_KEY]
    if not after.startswith(PUBLISHED):
        after = ""
    report = drift(listings.files().rows, origin_of(request).time, seconds=SECONDS, after=after)
    kinds = [
        (
            "Missing",
            "The index has these, and storage has not. Whoever installs such a file gets an error.",
            report.missing,
        ),
        ("Changed", "Storage has these otherwise than the index says. Installers refuse them.", report.wrong),
        ("Nobody's", "Storage has these, and no file of the index needs them. They cost space.", report.orphans),
    ]
    context = {
        "report": report,
        "kinds": kinds,
        "after": after,
        "after_place": Drift(reached=after).place,
        "most": MOST_NAMED,
    }
    return show_part(request, "manage-storage", "drift", context)
