"""What there is, and who asks."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from packages import accounts, api
from packages.api import ADDRESSES
from packages.auth import origin_of
from packages.views.answers import root_of
from packages.views.api import shapes


def index(request: HttpRequest) -> HttpResponse:
    """``GET /api/``."""
    actor = origin_of(request).actor
    return JsonResponse(
        {
            "service": settings.SERVICE,
            "openapi": f"{root_of(request)}api/openapi.json",
            "you": None if actor.anonymous else actor.name,
            "addresses": list(ADDRESSES),
        }
    )


def openapi(request: HttpRequest) -> HttpResponse:
    """``GET /api/openapi.json``."""
    server = root_of(request).rstrip("/")
    return JsonResponse(api.document(server=server, service=settings.SERVICE, public_read=settings.PUBLIC_READ))


def me(request: HttpRequest) -> HttpResponse:
    """``GET /api/me``; by a token for some projects one sees its role in these alone."""
    actor = origin_of(request).actor
    info = accounts.token_of(actor)
    return JsonResponse(
        {
            "name": actor.name,
            "role": actor.role,
            "credential": actor.credential,
            "token": None if info is None else shapes.token(info),
            "projects": [] if actor.role is None else shapes.memberships(actor.name, actor),
        }
    )
