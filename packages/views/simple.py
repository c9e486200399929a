"""The Simple repository API: the list of projects, and the page of each."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe

from packages import catalog, simple_api
from packages.access import Action
from packages.auth import requires
from packages.distributions import DistributionFile, normalized_or_none
from packages.errors import NotFound
from packages.simple_api import HTML_TYPE, JSON_TYPE, LEGACY_HTML_TYPE
from packages.views.answers import plain

# Part of every page's ETag: change it when the same rows are to be rendered differently.
RENDERING = "1"

# Best first, for a client that names them and likes several equally; and for one that takes anything.
_OFFERS = (JSON_TYPE, HTML_TYPE, LEGACY_HTML_TYPE)
_FOR_ANYBODY = (LEGACY_HTML_TYPE, JSON_TYPE, HTML_TYPE)
_CONCRETE = {
    "application/vnd.pypi.simple.latest+json": JSON_TYPE,
    "application/vnd.pypi.simple.latest+html": HTML_TYPE,
}


@require_safe
@requires(Action.LIST)
def project_list(request: HttpRequest) -> HttpResponseBase:
    """``GET /simple/``: every project."""
    if not request.path_info.endswith("/"):
        return _redirect(request, request.path_info.rpartition("/")[2] + "/")
    projects = catalog.project_list()

    def render(media_type: str) -> str:
        entries = projects.entries()
        if media_type == JSON_TYPE:
            return _json(simple_api.project_list(entries, projects.serial))
        context = {"api_version": simple_api.API_VERSION, "entries": entries, "serial": projects.serial}
        return render_to_string("simple/list.html", context)

    return _page(request, f"list:{projects.serial}", projects.serial, render)


@require_safe
@requires(Action.READ)
def project_detail(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /simple/<project>/``: a project's files."""
    normalized = normalized_or_none(name)
    if normalized is None:
        raise NotFound(f"{name!a} is not a project name.")
    if not request.path_info.endswith("/"):
        return _redirect(request, f"{normalized}/")
    if normalized != name:
        return _redirect(request, f"../{normalized}/")
    project = catalog.find_project(normalized)
    # Relative, so that a stage prefix, a custom domain and a proxy's path all work.
    root = "../" * request.path_info.count("/", 1)

    def url_for(file: DistributionFile) -> str:
        return root + simple_api.file_url(file)

    def render(media_type: str) -> str:
        files = catalog.files_of(project)
        if media_type == JSON_TYPE:
            detail = simple_api.project_detail(
                normalized,
                files,
                status=project.status,
                status_reason=project.status_reason,
                serial=int(project.serial),
                url_for=url_for,
            )
            return _json(detail)
        links = [{"file": file, "url": url_for(file)} for file in files]
        context = {"api_version": simple_api.API_VERSION, "project": project, "name": normalized, "links": links}
        return render_to_string("simple/detail.html", context)

    return _page(request, f"{root}{normalized}:{project.serial}", int(project.serial), render)


def _page(request: HttpRequest, state: str, serial: int, render: Callable[[str], str]) -> HttpResponseBase:
    """A page of the state that its rows are in: 304 if the client has it, else rendered in the type it prefers."""
    media_type = _preferred_type(request)
    if media_type is None:
        return plain(request, 406, f"This page comes as {', '.join(_OFFERS)}.")
    # The serials of another index, or of this one made anew, say nothing about ours.
    digest = salted_hmac("page", f"{RENDERING}:{media_type}:{state}", algorithm="sha256").hexdigest()
    etag = f'"{digest[:32]}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        # The bare type: devpi reads a page whose type carries a charset as HTML.
        response = HttpResponse(render(media_type), content_type=media_type)
        response["Content-Length"] = str(len(response.content))
    # With a 304 too: Zappa would give it another type, and pip takes that for the type of the page it has kept.
    response["Content-Type"] = media_type
    response["ETag"] = etag
    # A max-age would hide new releases: pip, uv, poetry and pdm all honour it.
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Accept"
    response["X-PyPI-Last-Serial"] = str(serial)
    return response


def _preferred_type(request: HttpRequest) -> str | None:
    """Choose the representation; None if ``?format=`` asks for one that we do not have.

    JSON goes before HTML among types named and liked equally; ``*/*`` gets what people and old
    tools expect, HTML. Somebody who accepts none of them gets HTML too: clients cannot do
    anything with a 406.
    """
    wanted = request.GET.get("format")
    if wanted is not None:
        # In a query a "+" means a space.
        wanted = wanted.replace(" ", "+")
        wanted = _CONCRETE.get(wanted, wanted)
        return wanted if wanted in _OFFERS else None

    def rank(offer: str) -> tuple[float, int, int]:
        names = [offer, *(name for name, concrete in _CONCRETE.items() if concrete == offer)]
        found = [accepted for name in names if (accepted := request.accepted_type(name))]
        best = max(found, key=lambda accepted: (accepted.quality, accepted.specificity), default=None)
        if best is None:
            return (0.0, 0, 0)
        preferences = _OFFERS if best.specificity > 1 else _FOR_ANYBODY
        return (best.quality, best.specificity, -preferences.index(offer))

    best = max(_OFFERS, key=rank)
    return best if rank(best)[0] > 0 else LEGACY_HTML_TYPE


def _redirect(request: HttpRequest, location: str) -> HttpResponse:
    query = request.META.get("QUERY_STRING", "")
    response = HttpResponse(status=301)
    response["Location"] = f"{location}?{query}" if query else location
    return response


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
