"""What the pages of a project's management have in common: who gets in, and what stands at their head."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from packaging.utils import NormalizedName

from packages import catalog, permissions
from packages.access import Action, Actor, why_not
from packages.auth import origin_of
from packages.distributions import normalized_or_none
from packages.errors import NotAllowed, NotFound, PackagesError
from packages.models import Project
from packages.simple_api import QUARANTINED
from packages.views.web.door import page, refused, show
from packages.views.web.project.releases import is_over, restorable_until

_TABS = (
    ("project-files", "Files", Action.CURATE),
    ("project-people", "People", Action.CURATE),
    ("project-settings", "Settings", Action.CURATE),
    ("project-publishers", "Trusted publishers", Action.MANAGE_PUBLISHERS),
)
# What there is to do with a project that was deleted: take that back, or purge it.
_OF_DELETED = {"project-files", "project-settings"}


@dataclass(frozen=True, kw_only=True)
class Managed:
    """A project, and who is about to change it."""

    project: Project
    name: NormalizedName
    actor: Actor

    def may(self, action: Action) -> bool:
        """Whether the actor may do this to the project."""
        return why_not(self.actor, action, permissions.standing(self.name, self.project), permissions.policy()) is None

    def check(self, action: Action) -> None:
        """Raise NotAllowed unless the actor may do this."""
        permissions.check(self.actor, action, self.name, self.project)

    @property
    def purging(self) -> Action:
        """What purging takes: of what is quarantined, those purge who quarantine."""
        return Action.QUARANTINE if self.project.status == QUARANTINED else Action.PURGE

    def tabs(self) -> list[tuple[str, str]]:
        """The pages that are for the actor: their addresses' names, and what they are called."""
        return [
            (address, label)
            for address, label, action in _TABS
            if self.may(action) and (address in _OF_DELETED or not self.project.removed)
        ]


View = Callable[[HttpRequest, Managed], HttpResponseBase]


def managing(view: View) -> Callable[..., HttpResponseBase]:
    """A page of a project's management, for those who may curate the project.

    To others a deleted project is not there. Only those find it still who can take that back.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @page()
    def opened(request: HttpRequest, name: str) -> HttpResponseBase:
        normalized = normalized_or_none(name)
        if normalized is None:
            raise NotFound(f"{name[:100]!a} cannot be the name of a project.")
        address = str(request.resolver_match.view_name) if request.resolver_match else "project-files"
        if normalized != name and request.method != "POST":
            query = f"?{request.META['QUERY_STRING']}" if request.META.get("QUERY_STRING") else ""
            return HttpResponseRedirect(reverse(address, kwargs={"name": normalized}) + query)
        managed = _opened(normalized, origin_of(request).actor)
        if managed.project.removed and address not in _OF_DELETED:
            return HttpResponseRedirect(reverse("project-files", kwargs={"name": normalized}))
        return view(request, managed)

    return opened


def show_tab(
    request: HttpRequest,
    managed: Managed,
    template: str,
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A page with the project's head and the tabs."""
    project = managed.project
    common = {
        "project": project,
        "display_name": project.display_name or managed.name,
        "tabs": managed.tabs(),
        "tab": request.resolver_match.view_name if request.resolver_match else "",
        "restorable_until": restorable_until(project.removed_at),
        "restorable": project.removed and not is_over(project.removed_at, origin_of(request).time),
    }
    return show(request, template, {**common, **(context or {})}, status=status)


def sentence_of(error: PackagesError) -> tuple[str, int]:
    """What a form says of a refusal, and the status; what is no fault of the form's content is raised again."""
    if isinstance(error, NotAllowed):
        raise error
    return str(error), refused(error)


def _opened(name: NormalizedName, actor: Actor) -> Managed:
    permissions.check(actor, Action.READ, name)
    project = catalog.find_project(name, removed_too=True)
    managed = Managed(project=project, name=name, actor=actor)
    if project.removed and not (permissions.standing(name, project).taken and managed.may(Action.CURATE)):
        raise NotFound(f"There is no project {name} in this index.")
    managed.check(Action.CURATE)
    return managed
