"""Who owns and who maintains a project."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from packages import publishing
from packages.access import Action, ProjectRole
from packages.auth import origin_of
from packages.errors import InvalidRequest, PackagesError
from packages.publishing import roles_of
from packages.views.web.project.forms import GrantForm
from packages.views.web.project.opening import Managed, managing, sentence_of, show_tab


@managing
def people(request: HttpRequest, managed: Managed) -> HttpResponse:
    """``GET /project/<name>/manage/people/``: owners and maintainers; ``POST``: give, change or take a role."""
    if request.method != "POST":
        return _list(request, managed)
    form = GrantForm(request.POST if request.POST.get("change") == "grant" else None)
    try:
        if form.is_bound:
            if not form.is_valid():
                return _list(request, managed, {"form": form}, status=400)
            return _grant(request, managed, form.cleaned_data["account"], ProjectRole(form.cleaned_data["role"]))
        return _change(request, managed, request.POST.get("change", ""), request.POST.get("account", ""))
    except PackagesError as error:
        sentence, status = sentence_of(error)
        return _list(request, managed, {"form": form, "refusal": sentence}, status=status)


def _change(request: HttpRequest, managed: Managed, change: str, account: str) -> HttpResponse:
    if change not in {"owner", "maintainer", "remove"}:
        raise InvalidRequest("Say what to do: make somebody an owner or a maintainer, or take the role away.")
    role = None if change == "remove" else ProjectRole(change)
    own = account == managed.actor.name
    if not (own and role is None):
        managed.check(Action.MANAGE_ROLES)
    last = _owners(managed) == [account] and role is not ProjectRole.OWNER
    if "confirmed" not in request.POST and (role is None or (last and managed.may(Action.LEAVE_OWNERLESS))):
        context = {
            "account": account,
            "role": role,
            "own": own,
            "change": change,
            "last": last,
            "may_leave_ownerless": last and managed.may(Action.LEAVE_OWNERLESS),
        }
        return show_tab(request, managed, "web/project/leave.html", context)
    if role is not None:
        return _grant(request, managed, account, role)
    publishing.revoke_role(
        managed.name, account, by=origin_of(request), leave_ownerless="leave_ownerless" in request.POST
    )
    if not own:
        messages.success(request, f"{account} has no role in this project any more.")
        return _to_people(managed)
    messages.success(request, f"You have no role in the project {managed.name} any more.")
    return HttpResponseRedirect(reverse("project-page", kwargs={"name": managed.name}))


def _grant(request: HttpRequest, managed: Managed, account: str, role: ProjectRole) -> HttpResponse:
    publishing.grant_role(
        managed.name, account, role, by=origin_of(request), leave_ownerless="leave_ownerless" in request.POST
    )
    messages.success(request, f"{account} is {_a(role)} of this project.")
    return _to_people(managed)


def _list(
    request: HttpRequest, managed: Managed, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    manages, owners = managed.may(Action.MANAGE_ROLES), _owners(managed)
    lines = [
        {
            "account": account,
            "role": role,
            "own": account == managed.actor.name,
            # The last owner stays, unless an administrator says otherwise.
            "stays": owners == [account] and not managed.may(Action.LEAVE_OWNERLESS),
        }
        for account, role in roles_of(managed.project).items()
    ]
    common = {"lines": lines, "manages": manages, "form": GrantForm(), "ownerless": not owners}
    return show_tab(request, managed, "web/project/people.html", {**common, **(context or {})}, status=status)


def _owners(managed: Managed) -> list[str]:
    return sorted(managed.project.owners or ())


def _to_people(managed: Managed) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("project-people", kwargs={"name": managed.name}))


def _a(role: ProjectRole) -> str:
    return "an owner" if role is ProjectRole.OWNER else "a maintainer"
