"""All accounts: find them, make one, let many in or out. The page of one of them is in ``account``."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from packages import accounts as room
from packages import listings
from packages.access import Role
from packages.auth import origin_of
from packages.errors import PackagesError
from packages.listings import AccountRow
from packages.views.web import once
from packages.views.web.door import refused
from packages.views.web.manage.account import account, show_password
from packages.views.web.manage.bulk import Change, list_page
from packages.views.web.manage.forms import AccountForm
from packages.views.web.manage.frame import for_administrators, show_part
from packages.views.web.manage.lists import Column, Filter, Table

__all__ = ["account", "accounts"]

TABLE = Table[AccountRow](
    one="account",
    many="accounts",
    key=lambda row: row.name,
    text=lambda row: row.name,
    searches="User name",
    columns=[
        Column(label="Account", name="name", by=lambda row: row.name),
        Column(label="Role", name="role", by=lambda row: list(Role).index(Role(row.role))),
        Column(label="Projects", name="projects", by=lambda row: row.projects, number=True),
        Column(label="Tokens", name="tokens", by=lambda row: row.tokens, number=True),
        Column(label="Created", name="created", by=lambda row: row.created),
    ],
    filters=[
        Filter(
            name="role",
            label="Role",
            every="Any",
            choices={
                Role.READER.value: ("Readers", lambda row: row.role == Role.READER),
                Role.PUBLISHER.value: ("Publishers", lambda row: row.role == Role.PUBLISHER),
                Role.ADMIN.value: ("Administrators", lambda row: row.role == Role.ADMIN),
            },
        ),
        Filter(
            name="state",
            label="State",
            every="Any",
            choices={
                "enabled": ("Enabled", lambda row: not row.disabled),
                "disabled": ("Disabled", lambda row: row.disabled),
                "settings": ("Of the settings", lambda row: row.fixed),
            },
        ),
    ],
    sort="name",
)
CHANGES = [
    Change[AccountRow](
        name="disable",
        verb="Disable",
        done="Disabled",
        on=lambda row: not row.fixed and not row.disabled,
        do=lambda row, reason, by: room.change(row.name, disabled=True, by=by),
        effects=[
            "Nobody gets in by them any more: neither by password, nor by token, nor in a browser that is logged in.",
            "They keep their roles, tokens and passwords, and can be enabled again.",
        ],
    ),
    Change[AccountRow](
        name="enable",
        verb="Enable",
        done="Enabled",
        on=lambda row: row.disabled,
        do=lambda row, reason, by: room.change(row.name, disabled=False, by=by),
        effects=["They get in again, by their passwords and tokens."],
    ),
]


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def accounts(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/accounts/``: all accounts; ``POST``: disable or enable some; with ``new``, make one."""
    if "new" in request.GET:
        return _create(request) if request.method == "POST" else _form(request, AccountForm())
    rows = listings.accounts(origin_of(request).time).rows
    return list_page(request, "manage-accounts", TABLE, rows, CHANGES)


def _create(request: HttpRequest) -> HttpResponse:
    if once.is_done(request):
        said = (
            "the account is in the list below; its password was shown once. If it is lost, make a new one on its page."
        )
        return once.done_already(request, reverse("manage-accounts"), said)
    form, status = AccountForm(request.POST), 400
    if form.is_valid():
        try:
            person, made = room.create(form.cleaned_data["name"], role=form.cleaned_data["role"], by=origin_of(request))
        except PackagesError as error:
            status = refused(error)
            form.add_error("name", str(error))
        else:
            once.remember(request)
            return show_password(request, person.name, str(made), f"The account {person.name} is made.")
    return _form(request, form, status=status)


def _form(request: HttpRequest, form: AccountForm, *, status: int = 200) -> HttpResponse:
    context: Mapping[str, Any] = {"form": form, "once": once.new_key()}
    return show_part(request, "manage-accounts", "new_account", context, status=status)
