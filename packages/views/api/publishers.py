"""Trusted publishers of a project: list, register, withdraw."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from packaging.utils import canonicalize_name

from packages import trusted
from packages.auth import origin_of
from packages.views.api import shapes


def every(request: HttpRequest, *, project: str) -> HttpResponse:
    """``GET /api/projects/<project>/publishers``."""
    found = trusted.publishers_of(canonicalize_name(project), origin_of(request).actor)
    return JsonResponse({"publishers": [shapes.publisher(info) for info in found]})


def register(
    request: HttpRequest,
    *,
    project: str,
    provider: str,
    fields: dict[str, str],
    issuer: str | None = None,
    owner: str | None = None,
) -> HttpResponse:
    """``POST /api/projects/<project>/publishers``."""
    info = trusted.register(
        canonicalize_name(project), provider, fields, by=origin_of(request), issuer=issuer, owner=owner
    )
    return JsonResponse(shapes.publisher(info), status=201)


def withdraw(request: HttpRequest, *, project: str, publisher: str) -> HttpResponse:
    """``DELETE /api/projects/<project>/publishers/<publisher>``."""
    trusted.withdraw(canonicalize_name(project), publisher, by=origin_of(request))
    return HttpResponse(status=204)
