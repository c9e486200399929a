"""The front page, and whether the index is well."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from packages import catalog, storage
from packages.access import Action
from packages.auth import requires
from packages.views.answers import root_of


@require_safe
@requires(Action.LIST)
def home(request: HttpRequest) -> HttpResponseBase:
    """``GET /``: how to use this index."""
    context = {
        "service": settings.SERVICE,
        "stage": settings.STAGE,
        "root": root_of(request),
        "on_lambda": settings.ON_LAMBDA,
    }
    response = render(request, "browse/home.html", context)
    response["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return response


@require_safe
def health(request: HttpRequest) -> HttpResponseBase:
    """``GET /health/``: 200 if the storage and the index answer, else 503; open to monitors."""
    catalog.project_list()
    storage.check()
    response = JsonResponse({"status": "ok"})
    response["Cache-Control"] = "no-store"
    return response
