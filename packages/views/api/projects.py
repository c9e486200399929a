"""Projects, their releases and files: show, yank, remove, restore, purge; a project's status."""

from itertools import islice

from django.http import HttpRequest, HttpResponse, JsonResponse
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from packages import catalog, permissions, publishing
from packages.access import Action, why_not
from packages.auth import origin_of
from packages.distributions import newest_first, slot_of, version_or_none
from packages.errors import NotFound
from packages.models import File, Project
from packages.simple_api import OFFERS_FILES
from packages.views.answers import root_of
from packages.views.api import shapes


def every(request: HttpRequest, *, after: str, limit: int) -> HttpResponse:
    """``GET /api/projects``."""
    permissions.check(origin_of(request).actor, Action.LIST)
    projects = catalog.project_list()
    # One more, to know whether there is one.
    entries = list(islice((entry for entry in projects.entries() if entry[0] > after), limit + 1))
    shown = [{"name": name, "serial": serial} for name, serial in entries[:limit]]
    following = shown[-1]["name"] if len(entries) > limit else None
    return JsonResponse({"projects": shown, "next": following, "serial": projects.serial})


def show(
    request: HttpRequest, *, project: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """``GET`` of a project, a release or a file: to those who may curate it, also what was removed."""
    name = canonicalize_name(project)
    actor = origin_of(request).actor
    permissions.check(actor, Action.READ, name)
    known = catalog.find_project(name, removed_too=True)
    standing = permissions.standing(name, known)
    curates = standing.taken and why_not(actor, Action.CURATE, standing, permissions.policy()) is None
    if known.removed and not curates:
        raise NotFound(f"There is no project {name} in this index.")
    return _shown(request, known, version, filename, curates=curates)


def set_status(request: HttpRequest, *, project: str, status: str, reason: str) -> HttpResponse:
    """``PUT /api/projects/<project>/status``."""
    publishing.set_status(canonicalize_name(project), status, reason=reason, by=origin_of(request))
    return _as_it_is(request, project)


def remove(
    request: HttpRequest, *, project: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """``DELETE`` of a project, a release or a file."""
    publishing.remove(canonicalize_name(project), version, filename=filename, by=origin_of(request))
    return _as_it_is(request, project, version, filename)


def restore(
    request: HttpRequest, *, project: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """``POST …/restore``."""
    publishing.restore(canonicalize_name(project), version, filename=filename, by=origin_of(request))
    return _as_it_is(request, project, version, filename)


def purge(
    request: HttpRequest, *, project: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """``POST …/purge``; of a project nothing is left to be shown."""
    publishing.purge(canonicalize_name(project), version, filename=filename, by=origin_of(request))
    if version is None and filename is None:
        return HttpResponse(status=204)
    return _as_it_is(request, project, version, filename)


def yank(
    request: HttpRequest, *, project: str, reason: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """``POST …/yank``."""
    publishing.yank(canonicalize_name(project), version, filename=filename, reason=reason, by=origin_of(request))
    return _as_it_is(request, project, version, filename)


def unyank(
    request: HttpRequest, *, project: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """``POST …/unyank``."""
    publishing.unyank(canonicalize_name(project), version, filename=filename, by=origin_of(request))
    return _as_it_is(request, project, version, filename)


def _as_it_is(
    request: HttpRequest, project: str, version: str | None = None, filename: str | None = None
) -> HttpResponse:
    """What is now true, for somebody who was just allowed to change it."""
    known = catalog.find_project(canonicalize_name(project), removed_too=True)
    return _shown(request, known, version, filename, curates=True)


def _shown(
    request: HttpRequest, project: Project, version: str | None, filename: str | None, *, curates: bool
) -> HttpResponse:
    name, root = NormalizedName(project.name), root_of(request)
    rows = _rows(project, version, filename, curates=curates)
    files = [shapes.file(row, root, curates=curates) for row in rows]
    if filename is not None:
        return JsonResponse(files[0])
    if version is not None:
        return JsonResponse({"project": name, "version": rows[0].version, "files": files})
    shown = {
        "name": name,
        "display_name": project.display_name or name,
        "serial": int(project.serial),
        "status": project.status,
        "status_reason": project.status_reason,
        "versions": newest_first(row.version for row in rows if not row.removal)[::-1],
        "files": files,
    }
    if curates:
        until = shapes.until(project) if project.removed else None
        shown |= {"roles": shapes.roles(project), "removed": project.removed, "restorable_until": until}
    return JsonResponse(shown)


def _rows(project: Project, version: str | None, filename: str | None, *, curates: bool) -> list[File]:
    """The rows of a project, a release or a file, oldest release first. Raises NotFound for the latter two."""
    name = NormalizedName(project.name)
    rows = [row for row in catalog.rows_of(name) if curates or (not row.removal and project.status in OFFERS_FILES)]
    if version is not None:
        wanted = version_or_none(version)
        rows = [row for row in rows if Version(row.version) == wanted]
        if not rows:
            raise NotFound(f"There is no release {version!a} of the project {name}.")
    if filename is not None:
        slot = slot_of(filename, name)
        rows = [row for row in rows if slot is not None and (row.pk, row.sk) == File.key(name, slot)]
        if not rows:
            raise NotFound(f"There is no file {filename!a} in the project {name}.")
    return sorted(rows, key=lambda row: (Version(row.version), row.filename))
