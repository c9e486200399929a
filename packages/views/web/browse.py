"""The pages on which people find projects and read about them."""

import functools
from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from packaging.utils import NormalizedName

from packages import catalog, listings, permissions, publishing
from packages.access import Action, ProjectRole, why_not
from packages.auth import origin_of
from packages.distributions import normalized_or_none
from packages.errors import NotFound
from packages.listings import ProjectRow
from packages.models import Project
from packages.simple_api import OFFERS_FILES
from packages.views.answers import root_of
from packages.views.web import commands
from packages.views.web.about import about
from packages.views.web.door import page, show
from packages.views.web.releases import Release, history, named_release, releases_of, wanted_release
from packages.views.web.timeline import timeline

# On one page of results.
PAGE_SIZE = 50
MOST_RECENT = 12
LONGEST_QUERY = 200


@require_safe
@page(Action.LIST)
def home(request: HttpRequest) -> HttpResponseBase:
    """``GET /?q=``: search, what is new, and how to use this index; with ``q`` what is found stands before it."""
    projects, root, query = listings.projects(), root_of(request), _query(request)
    context = {
        "query": query,
        "page": _found(request, projects, query) if query else None,
        "totals": projects.totals,
        "recent": projects.recent[:MOST_RECENT],
        "installing": commands.installing(root, "NAME", source=_source()),
        "credentials": _credentials(root, "NAME"),
        "publishing": commands.publishing(root, on_lambda=settings.ON_LAMBDA),
    }
    return show(request, "web/home.html", context)


@require_safe
@page(Action.LIST)
def search(request: HttpRequest) -> HttpResponseBase:
    """``GET /search/?q=&page=``: what is found; with ``part=results`` only its list, for a search as one types."""
    query, part = _query(request), request.GET.get("part") == "results"
    found = _found(request, listings.projects(), query, request.GET.get("page", ""))
    return show(request, "web/parts/results.html" if part else "web/search.html", {"query": query, "page": found})


@require_safe
@page(Action.READ)
def project(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /project/<name>/``: a project, with the release that people want."""
    known = _known(name)
    if known.name != name:
        return _redirect(request, reverse("project-page", kwargs={"name": known.name}))
    releases = releases_of(catalog.files_of(known))
    return _shown(request, known, releases, wanted_release(releases), pinned=False)


@require_safe
@page(Action.READ)
def release(request: HttpRequest, name: str, version: str) -> HttpResponseBase:
    """``GET /project/<name>/<version>/``: one release of a project."""
    known = _known(name)
    if known.status not in OFFERS_FILES:
        # It has no releases for now; its own page says why.
        return HttpResponseRedirect(reverse("project-page", kwargs={"name": known.name}))
    releases = releases_of(catalog.files_of(known))
    chosen = named_release(releases, version)
    if chosen is None:
        raise NotFound(f"There is no release {version!a} of the project {known.name}.")
    if (known.name, chosen.version) != (name, version):
        return _redirect(request, reverse("release-page", kwargs={"name": known.name, "version": chosen.version}))
    return _shown(request, known, releases, chosen, pinned=True)


def _known(name: str) -> Project:
    normalized = normalized_or_none(name)
    if normalized is None:
        raise NotFound(f"{name!a} is not a project name.")
    return catalog.find_project(normalized)


def _redirect(request: HttpRequest, address: str) -> HttpResponseRedirect:
    query = request.META.get("QUERY_STRING", "")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


def _query(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "")[:LONGEST_QUERY].split())


def _found(request: HttpRequest, projects: listings.ProjectListing, query: str, wanted: str = "") -> Page[ProjectRow]:
    """A page of results; a number that is none, or lies beyond the last page, means the nearest one."""
    # Whoever may end a quarantine has to find what is under it.
    releases_them = why_not(origin_of(request).actor, Action.QUARANTINE, None, permissions.policy()) is None
    find = functools.partial(projects.search, query, limit=PAGE_SIZE, quarantined_too=releases_them)
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 7 else 1
    rows, total = find(offset=(number - 1) * PAGE_SIZE)
    # It only counts: the rows of the other pages are not made.
    pages: Paginator[Any] = Paginator(range(total), PAGE_SIZE)
    nearest = min(max(number, 1), pages.num_pages)
    if nearest != number:
        rows, _ = find(offset=(nearest - 1) * PAGE_SIZE)
    return Page(rows, nearest, pages)


def _shown(
    request: HttpRequest, known: Project, releases: list[Release], chosen: Release | None, *, pinned: bool
) -> HttpResponseBase:
    actor, name = origin_of(request).actor, known.display_name or known.name
    standing = permissions.standing(NormalizedName(known.name), known)
    roles = publishing.roles_of(known)
    context: dict[str, Any] = {
        "project": known,
        "name": name,
        "offered": known.status in OFFERS_FILES,
        "pinned": pinned,
        "manages": why_not(actor, Action.CURATE, standing, permissions.policy()) is None,
        "owners": [who for who, role in roles.items() if role is ProjectRole.OWNER],
        "maintainers": [who for who, role in roles.items() if role is ProjectRole.MAINTAINER],
        "release": chosen,
    }
    if chosen is not None:
        everything = request.GET.get("releases") == "all"
        wanted = wanted_release(releases) if pinned else chosen
        told = about(chosen.spokesman, whole=request.GET.get("description") == "all")
        # Installers take what is yanked only if they are told its version.
        requirement = f"{name}=={chosen.version}" if pinned or chosen.yanked else name
        root = root_of(request)
        context |= {
            "about": told,
            "summary": chosen.spokesman.summary or (told.details.summary if told else ""),
            "releases": releases if everything else history(releases, chosen),
            "number": len(releases),
            "wanted": wanted if wanted is not chosen else None,
            "commands": commands.installing(root, requirement, source=_source()),
            "credentials": _credentials(root, requirement),
            "chart": timeline([one.published for one in releases], origin_of(request).time),
        }
    return show(request, "web/release.html" if pinned else "web/project.html", context)


def _credentials(root: str, requirement: str) -> list[commands.Command]:
    """What the commands lack where installers are asked who they are."""
    return [] if settings.PUBLIC_READ else commands.credentials(root, requirement, source=_source())


def _source() -> str:
    return commands.source_name(settings.SERVICE, settings.STAGE)
