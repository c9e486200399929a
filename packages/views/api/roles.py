"""Who owns and who maintains a project."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from packaging.utils import NormalizedName, canonicalize_name

from packages import catalog, permissions, publishing
from packages.access import Action, ProjectRole
from packages.auth import origin_of
from packages.views.api import shapes


def every(request: HttpRequest, *, project: str) -> HttpResponse:
    """``GET /api/projects/<project>/roles``."""
    name = canonicalize_name(project)
    actor = origin_of(request).actor
    permissions.check_beforehand(actor, Action.CURATE, name)
    known = catalog.find_project(name, removed_too=True)
    permissions.check(actor, Action.CURATE, name, known)
    return JsonResponse({"roles": shapes.roles(known)})


def grant(request: HttpRequest, *, project: str, account: str, role: str, leave_ownerless: bool) -> HttpResponse:
    """``PUT /api/projects/<project>/roles/<account>``."""
    name = canonicalize_name(project)
    by = origin_of(request)
    publishing.grant_role(name, account, ProjectRole(role), by=by, leave_ownerless=leave_ownerless)
    return _as_they_are(name)


def revoke(request: HttpRequest, *, project: str, account: str, leave_ownerless: bool) -> HttpResponse:
    """``DELETE /api/projects/<project>/roles/<account>``."""
    name = canonicalize_name(project)
    publishing.revoke_role(name, account, by=origin_of(request), leave_ownerless=leave_ownerless)
    return _as_they_are(name)


def _as_they_are(name: NormalizedName) -> HttpResponse:
    return JsonResponse({"roles": shapes.roles(catalog.find_project(name, removed_too=True))})
