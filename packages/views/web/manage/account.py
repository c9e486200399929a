"""One account, as administrators see and change it."""

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from packages import accounts, publishing
from packages.access import Scope
from packages.accounts import Person
from packages.auth import origin_of
from packages.errors import InvalidRequest, PackagesError
from packages.views.web import once
from packages.views.web.door import refused
from packages.views.web.manage.forms import DeleteForm, RoleForm
from packages.views.web.manage.frame import for_administrators, show_part

# Of projects and of tokens; the lists have them all.
MOST_SHOWN = 100


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def account(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /manage/accounts/<name>/``: one account; ``POST``: change it, give it a new password, delete it."""
    person = accounts.find(name, origin_of(request).actor)
    if request.method != "POST":
        return _show(request, person)
    try:
        change = _CHANGES.get(request.POST.get("change", ""))
        if change is None:
            raise InvalidRequest("Say what to do with the account: each button does one thing.")
        return change(request, person)
    except PackagesError as error:
        return _show(request, person, {"refusal": str(error)}, status=refused(error))


@sensitive_variables("password")
def show_password(request: HttpRequest, name: str, password: str, done: str) -> HttpResponse:
    """The one answer that has a password that was made: no redirect could carry it to another one."""
    response = show_part(request, "manage-accounts", "password", {"name": name, "password": password, "done": done})
    response["Cache-Control"] = "no-store"
    return response


def _role(request: HttpRequest, person: Person) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _show(request, person, {"role_form": form}, status=400)
    changed = accounts.change(person.name, role=form.cleaned_data["role"], by=origin_of(request))
    return _back(request, person, f"{person.name} is {changed.role} now.")


def _disable(request: HttpRequest, person: Person) -> HttpResponse:
    accounts.change(person.name, disabled=True, by=origin_of(request))
    return _back(request, person, f"{person.name} is disabled, and gets in no more.")


def _enable(request: HttpRequest, person: Person) -> HttpResponse:
    accounts.change(person.name, disabled=False, by=origin_of(request))
    return _back(request, person, f"{person.name} is enabled, and gets in again.")


def _sessions(request: HttpRequest, person: Person) -> HttpResponse:
    accounts.end_sessions(person.name, by=origin_of(request))
    return _back(request, person, f"{person.name} is logged out in every browser.")


def _password(request: HttpRequest, person: Person) -> HttpResponse:
    if "confirmed" not in request.POST and not person.fixed:
        return show_part(request, "manage-accounts", "new_password", {"person": person, "once": once.new_key()})
    if once.is_done(request):
        said = f"{person.name} has a new password, which was shown once. If it is lost, make another."
        return once.done_already(request, reverse("manage-account", kwargs={"name": person.name}), said)
    made = accounts.set_password(person.name, None, by=origin_of(request))
    once.remember(request)
    return show_password(request, person.name, str(made), f"{person.name} has a new password.")


def _delete(request: HttpRequest, person: Person) -> HttpResponse:
    by, projects = origin_of(request), [project for project, _ in accounts.projects_of(person.name)]
    form = DeleteForm(request.POST, name=person.name, projects=len(projects), auto_id="delete_%s")
    if not form.is_valid():
        return _show(request, person, {"delete_form": form}, status=400)
    if form.cleaned_data.get("leave_ownerless") and not person.fixed and person.name != by.actor.name:
        for project in projects:
            publishing.revoke_role(project, person.name, by=by, leave_ownerless=True)
    accounts.delete(person.name, by=by)
    messages.success(request, f"The account {person.name} is deleted, with its tokens.")
    return HttpResponseRedirect(reverse("manage-accounts"))


_CHANGES: Mapping[str, Callable[[HttpRequest, Person], HttpResponse]] = {
    "role": _role,
    "disable": _disable,
    "enable": _enable,
    "sessions": _sessions,
    "password": _password,
    "delete": _delete,
}


def _show(
    request: HttpRequest, person: Person, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    by = origin_of(request)
    projects = list(accounts.projects_of(person.name))
    tokens = list(accounts.tokens_of(person.name, by.actor))
    common = {
        "person": person,
        "own": person.name == by.actor.name,
        "projects": projects[:MOST_SHOWN],
        "all_projects": len(projects),
        "tokens": [
            {
                "token": token,
                "scopes": [scope for scope in Scope if scope in token.scopes],
                "over": token.expires is not None and token.expires <= by.time,
            }
            for token in tokens[:MOST_SHOWN]
        ],
        "all_tokens": len(tokens),
        "role_form": RoleForm(initial={"role": person.role}),
        "delete_form": DeleteForm(name=person.name, projects=len(projects), auto_id="delete_%s"),
    }
    return show_part(request, "manage-accounts", "account", {**common, **(context or {})}, status=status)


def _back(request: HttpRequest, person: Person, done: str) -> HttpResponse:
    messages.success(request, done)
    return HttpResponseRedirect(reverse("manage-account", kwargs={"name": person.name}))
