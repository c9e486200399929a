"""A project's status, and the project itself: delete, restore, purge."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings as current
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from packages import catalog, publishing
from packages.access import Action
from packages.auth import origin_of
from packages.errors import InvalidRequest, PackagesError
from packages.simple_api import QUARANTINED
from packages.views.web.project.forms import STATUS_WORDS, StatusForm, TypedForm
from packages.views.web.project.opening import Managed, managing, sentence_of, show_tab
from packages.views.web.project.releases import IS_PUBLISHED, State, lines_of


@managing
def settings(request: HttpRequest, managed: Managed) -> HttpResponse:
    """``GET /project/<name>/manage/settings/``: status, delete, purge; ``POST``: one of these."""
    if request.method != "POST":
        return _show(request, managed)
    changes = {"status": _set_status, "delete": _delete, "purge": _purge}
    try:
        change = changes.get(request.POST.get("change", ""))
        if change is None:
            raise InvalidRequest("Say what to do: set the status, delete or purge the project.")
        return change(request, managed)
    except PackagesError as error:
        sentence, status = sentence_of(error)
        return _show(request, managed, {"refusal": sentence}, status=status)


def _set_status(request: HttpRequest, managed: Managed) -> HttpResponse:
    managed.check(_setting(managed))
    form = _status_form(managed, request.POST)
    if not form.is_valid():
        # What only administrators choose is no choice on this form, but refused like what they alone do.
        if request.POST.get("status") == QUARANTINED:
            managed.check(Action.QUARANTINE)
        return _show(request, managed, {"status_form": form}, status=400)
    status, reason = form.cleaned_data["status"], form.cleaned_data["reason"]
    publishing.set_status(managed.name, status, reason=reason, by=origin_of(request))
    gone = " It has no reason any more." if managed.project.status_reason and not reason else ""
    messages.success(request, f"The project is {status}.{gone}")
    return HttpResponseRedirect(reverse("project-settings", kwargs={"name": managed.name}))


def _delete(request: HttpRequest, managed: Managed) -> HttpResponse:
    managed.check(Action.CURATE)
    form = TypedForm(request.POST, name=managed.name, auto_id="delete_%s")
    if not form.is_valid():
        return _show(request, managed, {"delete_form": form}, status=400)
    gone = publishing.remove(managed.name, by=origin_of(request))
    files = "1 file" if len(gone) == 1 else f"{len(gone)} files"
    messages.success(request, f"Deleted the project {managed.name} with {files}.")
    return HttpResponseRedirect(reverse("project-files", kwargs={"name": managed.name}))


def _purge(request: HttpRequest, managed: Managed) -> HttpResponse:
    managed.check(managed.purging)
    form = TypedForm(request.POST, name=managed.name, auto_id="purge_%s")
    if not form.is_valid():
        return _show(request, managed, {"purge_form": form}, status=400)
    publishing.purge(managed.name, by=origin_of(request))
    messages.success(request, f"Purged the project {managed.name}. Its name is free again.")
    return HttpResponseRedirect(reverse("account"))


def _show(
    request: HttpRequest, managed: Managed, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    lines = lines_of(catalog.rows_of(managed.name), origin_of(request).time)
    published = [line for line in lines if line.state in IS_PUBLISHED]
    kept = [line for line in lines if line.state is not State.PURGED]
    common = {
        "published": published,
        "releases": len({line.version for line in published}),
        "kept": kept,
        "may_set_status": not managed.project.removed and managed.may(_setting(managed)),
        "status_words": STATUS_WORDS[managed.project.status],
        "restore_days": current.RESTORE_DAYS,
        "may_purge": managed.project.removed and managed.may(managed.purging),
        "status_form": _status_form(managed),
        "delete_form": TypedForm(name=managed.name, auto_id="delete_%s"),
        "purge_form": TypedForm(name=managed.name, auto_id="purge_%s"),
    }
    return show_tab(request, managed, "web/project/settings.html", {**common, **(context or {})}, status=status)


def _status_form(managed: Managed, sent: Mapping[str, Any] | None = None) -> StatusForm:
    return StatusForm(
        sent,
        initial={"status": managed.project.status},
        quarantines=managed.may(Action.QUARANTINE),
        has_reason=bool(managed.project.status_reason),
    )


def _setting(managed: Managed) -> Action:
    """What it takes to set the status as it is now."""
    return Action.QUARANTINE if managed.project.status == QUARANTINED else Action.SET_STATUS
