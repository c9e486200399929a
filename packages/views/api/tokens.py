"""Tokens: list, make, end."""

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse, JsonResponse
from packaging.utils import canonicalize_name

from packages import accounts
from packages.access import Scope
from packages.auth import origin_of
from packages.views.api import shapes


def every(request: HttpRequest, *, account: str | None = None) -> HttpResponse:
    """``GET /api/tokens``."""
    actor = origin_of(request).actor
    tokens = accounts.tokens_of(actor.name if account is None else account, actor)
    return JsonResponse({"tokens": [shapes.token(info) for info in tokens]})


def create(
    request: HttpRequest,
    *,
    scopes: list[str],
    description: str,
    projects: list[str] | None = None,
    expires: str | None = None,
    expires_in_days: int | None = None,
    account: str | None = None,
) -> HttpResponse:
    """``POST /api/tokens``."""
    by = origin_of(request)
    end = None if expires is None else datetime.fromisoformat(expires.upper())
    if expires_in_days is not None:
        end = by.time + timedelta(days=expires_in_days)
    secret, info = accounts.issue(
        by.actor.name if account is None else account,
        scopes=[Scope(scope) for scope in scopes],
        by=by,
        description=description,
        projects=None if projects is None else {canonicalize_name(name) for name in projects},
        expires=end,
    )
    return JsonResponse(shapes.token(info) | {"token": secret}, status=201)


def revoke(request: HttpRequest, *, token: str) -> HttpResponse:
    """``DELETE /api/tokens/<token>``."""
    accounts.revoke(token, by=origin_of(request))
    return HttpResponse(status=204)
