"""All tokens that can be used, those of trusted publishers too: find them, and end many at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_http_methods

from packages import accounts, listings
from packages.access import Actor, Scope
from packages.auth import origin_of
from packages.listings import TokenRow
from packages.views.web.manage.bulk import Change, list_page
from packages.views.web.manage.frame import for_administrators
from packages.views.web.manage.lists import Column, Exact, Filter, Table

UNUSED_FOR = timedelta(days=90)
# The lists know when a token was used only as of when they read it: of so many it is looked up.
MOST_LOOKED_UP = 2000

CHANGES = [
    Change[TokenRow](
        name="revoke",
        verb="Revoke",
        done="Revoked",
        on=lambda row: True,
        do=lambda row, reason, by: accounts.revoke(row.id, by=by),
        effects=["The tokens end at once, and for good: whatever uses them gets in no more."],
    )
]


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def tokens(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/tokens/``: all tokens; ``POST``: revoke some."""
    by = origin_of(request)
    rows = listings.tokens(by.time).rows
    asks = request.GET.get("use") == "unused"
    unused, whole = unused_ids(rows, by.actor, by.time) if asks else (set[str](), True)

    def uses(shown: Sequence[TokenRow]) -> list[Mapping[str, Any]]:
        known = accounts.tokens_shown([row.id for row in shown], by.actor)
        # Whoever is not among them was revoked a moment ago.
        return [{"token": known.get(row.id), "scopes": _scopes(row)} for row in shown]

    context = {"whole": whole, "looked_up": MOST_LOOKED_UP}
    return list_page(request, "manage-tokens", _table(unused), rows, CHANGES, more=uses, context=context)


def unused_ids(
    rows: Sequence[TokenRow], actor: Actor, now: datetime, *, most: int = MOST_LOOKED_UP
) -> tuple[set[str], bool]:
    """The tokens that nobody has used for 90 days, since they were made; and whether all were looked at."""
    since = now - UNUSED_FOR
    # A token that was used later than its row says was so by what its item says.
    maybe = sorted((row for row in rows if _used(row.last_used, row.created) < since), key=lambda row: row.created)
    known = accounts.tokens_shown([row.id for row in maybe[:most]], actor)
    return {one.id for one in known.values() if _used(one.last_used, one.created) < since}, len(maybe) <= most


def _used(last_used: datetime | None, created: datetime) -> datetime:
    return last_used or created


def _scopes(row: TokenRow) -> list[str]:
    return [scope.value for scope in Scope if scope.value in row.scopes]


def _table(unused: set[str]) -> Table[TokenRow]:
    return Table(
        one="token",
        many="tokens",
        key=lambda row: row.id,
        called=lambda row: f"{row.description or row.id} of {row.account or 'a trusted publisher'}",
        text=lambda row: f"{row.description}\n{row.account}\n{row.id}\n{' '.join(row.projects or ())}",
        searches="Description, account, project or id",
        columns=[
            Column(label="What it is for", name="name", by=lambda row: row.description.casefold()),
            Column(label="Account", name="account", by=lambda row: row.account or None),
            Column(label="It may"),
            Column(label="Created", name="created", by=lambda row: row.created),
            Column(label="Last used"),
            Column(label="Expires", name="expires", by=lambda row: row.expires_at),
        ],
        filters=[
            Filter(
                name="of",
                label="Of whom",
                every="Anybody",
                choices={
                    "accounts": ("Accounts", lambda row: not row.publisher),
                    "publishers": ("Trusted publishers", lambda row: bool(row.publisher)),
                },
            ),
            Filter(
                name="use",
                label="Use",
                every="Any",
                choices={"unused": ("Unused for 90 days", lambda row: row.id in unused)},
            ),
            Filter(
                name="end",
                label="Expiry",
                every="Any",
                choices={
                    "never": ("Without an end", lambda row: row.expires_at is None),
                    "some": ("With an end", lambda row: row.expires_at is not None),
                },
            ),
            Filter(
                name="scope",
                label="It may",
                every="Anything",
                choices={scope.value: (scope.value.capitalize(), _has(scope.value)) for scope in Scope},
            ),
        ],
        exacts=[Exact(name="account", label="Account", values=lambda row: (row.account,))],
        sort="-created",
    )


def _has(scope: str) -> Any:
    return lambda row: scope in row.scopes
