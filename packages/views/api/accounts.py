"""Accounts: list, make, change, delete; passwords."""

from dataclasses import replace

from django.http import HttpRequest, HttpResponse, JsonResponse

from packages import accounts
from packages.access import ANONYMOUS, Role
from packages.auth import origin_of
from packages.errors import NotAllowed, NotAuthenticated
from packages.journal import Origin
from packages.views.api import shapes


def every(request: HttpRequest) -> HttpResponse:
    """``GET /api/accounts``."""
    people = accounts.everybody(origin_of(request).actor)
    return JsonResponse({"accounts": [shapes.account(person) for person in people]})


def create(request: HttpRequest, *, name: str, role: str, password: str | None = None) -> HttpResponse:
    """``POST /api/accounts``."""
    person, made = accounts.create(name, role=Role(role), password=password, by=origin_of(request))
    return JsonResponse(shapes.account(person) | _shown_once(made), status=201)


def show(request: HttpRequest, *, account: str) -> HttpResponse:
    """``GET /api/accounts/<account>``."""
    actor = origin_of(request).actor
    person = accounts.find(account, actor)
    return JsonResponse(shapes.account(person) | {"projects": shapes.memberships(account, actor)})


def change(
    request: HttpRequest, *, account: str, role: str | None = None, disabled: bool | None = None
) -> HttpResponse:
    """``PATCH /api/accounts/<account>``."""
    wanted = None if role is None else Role(role)
    person = accounts.change(account, role=wanted, disabled=disabled, by=origin_of(request))
    return JsonResponse(shapes.account(person))


def delete(request: HttpRequest, *, account: str) -> HttpResponse:
    """``DELETE /api/accounts/<account>``."""
    accounts.delete(account, by=origin_of(request))
    return HttpResponse(status=204)


def set_password(
    request: HttpRequest, *, account: str, password: str | None = None, current_password: str | None = None
) -> HttpResponse:
    """``PUT /api/accounts/<account>/password``."""
    by = origin_of(request)
    if account == by.actor.name:
        _check_password(account, current_password, by)
    made = accounts.set_password(account, password, by=by)
    return JsonResponse(shapes.account(accounts.find(account, by.actor)) | _shown_once(made))


def _check_password(account: str, password: str | None, by: Origin) -> None:
    """Whoever found a screen unlocked, or a token, does not get the account with it."""
    if password is None:
        raise NotAllowed("Whoever changes their own password sends the one they have as 'current_password'.")
    try:
        accounts.identify(account, password, replace(by, actor=ANONYMOUS))
    except NotAuthenticated as error:
        # Not 401: the request's own credentials are in order.
        raise NotAllowed("The current password is wrong.") from error


def _shown_once(password: str | None) -> dict[str, str]:
    return {} if password is None else {"password": password}
