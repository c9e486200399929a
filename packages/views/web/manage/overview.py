"""The first of the administrators' pages: how much there is, how it is, and what wants attention."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_safe
from packaging.utils import NormalizedName

from packages import catalog, journal, listings, permissions, storage
from packages.access import Action, Actor, why_not
from packages.auth import origin_of
from packages.errors import Unavailable
from packages.listings import AccountRow, ProjectRow, TokenRow, Totals
from packages.simple_api import QUARANTINED
from packages.views.web.manage.charts import bars, releases_chart, shares, weeks
from packages.views.web.manage.ends import end_of
from packages.views.web.manage.frame import counted, for_administrators, show_part
from packages.views.web.manage.tokens import unused_ids
from packages.views.web.manage.words import said

LARGEST = 10
ENTRIES = 10
# Of deleted projects, the ends are named of so many; of tokens that may be unused, so many are looked up.
ENDS = 5
MOST_LOOKED_UP = 500


@dataclass(frozen=True, kw_only=True)
class Concern:
    """Something that wants attention, and the list that shows it; ``more`` says it in detail."""

    number: int
    words: str
    address: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Health:
    """Whether a part of the index answers; otherwise what it says."""

    part: str
    fault: str = ""


@require_safe
@for_administrators()
def overview(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/``: figures, health, the last changes, charts, and what wants attention."""
    by = origin_of(request)
    projects, files = listings.projects(), listings.files()
    accounts, tokens = listings.accounts(by.time), listings.tokens(by.time)
    found = weeks(files.rows, by.time)
    context = {
        "totals": _totals(projects.rows),
        "accounts": len(accounts.rows),
        "tokens": len(tokens.rows),
        "health": [
            _health("The index", catalog.project_list),
            _health("The file storage", storage.check),
        ],
        "entries": _entries(by.actor, projects.serial),
        "bars": bars(shares(files.rows), LARGEST),
        "weeks": found,
        "chart": releases_chart(found),
        "concerns": [
            concern
            for concern in (
                *_about_projects(projects.rows, by.time),
                *_about_accounts(accounts.rows),
                *_about_tokens(tokens.rows, by.actor, by.time),
            )
            if concern.number
        ],
    }
    return show_part(request, "manage", "overview", context)


def _totals(rows: Sequence[ProjectRow]) -> Totals:
    """How much there is for an administrator: of quarantined projects too, which nobody else sees."""
    there = [row for row in rows if not row.removed]
    return Totals(
        projects=len(there),
        releases=sum(row.releases for row in there),
        files=sum(row.files for row in there),
        size=sum(row.size for row in there),
    )


def _health(part: str, ask: Callable[[], object]) -> Health:
    try:
        ask()
    except Unavailable as error:
        return Health(part=part, fault=str(error))
    return Health(part=part)


def _entries(actor: Actor, newest: int) -> list[object]:
    if why_not(actor, Action.READ_JOURNAL, None, permissions.policy()) is not None:
        return []
    return [said(entry) for entry in islice(journal.backwards(before=newest + 1), ENTRIES)]


def _about_projects(rows: Sequence[ProjectRow], now: datetime) -> list[Concern]:
    ownerless = sum(not row.owners and not row.removed for row in rows)
    quarantined = sum(row.status == QUARANTINED and not row.removed for row in rows)
    deleted = [row for row in rows if row.removed]
    known = catalog.find_projects([NormalizedName(row.name) for row in deleted[:100]])
    moments = {name: project.removed_at for name, project in known.items()}
    ends = [(row.name, end_of(moments.get(NormalizedName(row.name)), now)) for row in deleted[:100]]
    soonest = sorted((end.until, name, end.over) for name, end in ends if end is not None)[:ENDS]
    projects = reverse("manage-projects")
    return [
        Concern(
            number=ownerless,
            words=f"{counted(ownerless, 'project has', 'projects have')} no owner",
            address=f"{projects}?owners=none",
        ),
        Concern(
            number=quarantined,
            words=f"{counted(quarantined, 'project is', 'projects are')} quarantined",
            address=f"{projects}?status={QUARANTINED}",
        ),
        Concern(
            number=len(deleted),
            words=f"{counted(len(deleted), 'project is', 'projects are')} deleted, and kept to be restored",
            address=f"{projects}?status=deleted",
            more=tuple(
                f"{name}: {'no longer restorable since' if over else 'restorable until'} {until:%Y-%m-%d}"
                for until, name, over in soonest
            ),
        ),
    ]


def _about_accounts(rows: Sequence[AccountRow]) -> list[Concern]:
    disabled = sum(row.disabled for row in rows)
    return [
        Concern(
            number=disabled,
            words=f"{counted(disabled, 'account is', 'accounts are')} disabled",
            address=f"{reverse('manage-accounts')}?state=disabled",
        )
    ]


def _about_tokens(rows: Sequence[TokenRow], actor: Actor, now: datetime) -> list[Concern]:
    endless = sum(row.expires_at is None for row in rows)
    unused, whole = unused_ids(rows, actor, now, most=MOST_LOOKED_UP)
    least = "" if whole else "At least "
    tokens = reverse("manage-tokens")
    return [
        Concern(
            number=len(unused),
            words=f"{least}{counted(len(unused), 'token was', 'tokens were')} not used for 90 days",
            address=f"{tokens}?use=unused",
        ),
        Concern(
            number=endless,
            words=f"{counted(endless, 'token has', 'tokens have')} no end",
            address=f"{tokens}?end=never",
        ),
    ]
