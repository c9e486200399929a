"""A project's releases and files: yank, delete, restore, purge."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from packages import catalog, publishing
from packages.auth import origin_of
from packages.errors import PackagesError
from packages.simple_api import OFFERS_FILES
from packages.views.web.project.forms import ReasonForm, TypedForm
from packages.views.web.project.opening import Managed, managing, sentence_of, show_tab
from packages.views.web.project.operations import Asked, allowed, asked, effects
from packages.views.web.project.releases import (
    IS_PUBLISHED,
    Line,
    Release,
    State,
    counted,
    emptied,
    lines_of,
    releases_of,
    restorable_until,
)

PER_PAGE = 20
# So many files of a page are shown at once; of more, each release unfolds its own.
SHOWN_AT_ONCE = 100
_FILTERS = {"": "All releases", "yanked": "With yanked files", "deleted": "With deleted files"}


@managing
def files(request: HttpRequest, managed: Managed) -> HttpResponse:
    """``GET /project/<name>/manage/``: releases and their files; ``POST``: do something with some of them."""
    by = origin_of(request)
    lines = lines_of(catalog.rows_of(managed.name), by.time)
    if request.method != "POST":
        return _list(request, managed, lines)
    try:
        wanted = asked(request.POST, lines)
        managed.check(wanted.operation.action(managed))
        if wanted.whole:
            restored = publishing.restore(managed.name, by=by)
            messages.success(request, f"Restored the project with {len(restored)} of its files.")
            return _back(request)
        return _change(request, managed, wanted, lines)
    except PackagesError as error:
        sentence, status = sentence_of(error)
        return _list(request, managed, lines, refusal=sentence, status=status)


def _change(request: HttpRequest, managed: Managed, wanted: Asked, lines: Sequence[Line]) -> HttpResponse:
    operation, by = wanted.operation, origin_of(request)
    chosen = [line for line in wanted.chosen if line.state in operation.on]
    if not chosen:
        sentence = f"There is nothing to {operation.verb.lower()} among these files: look at what they are now."
        return _list(request, managed, lines, refusal=sentence, status=409)
    reason = ""
    if not wanted.at_once:
        confirmed = "confirmed" in request.POST
        forms = _forms(request, managed, wanted, chosen, lines)
        # Each says what is wrong with it, not the first one alone.
        valid = [form.is_valid() for form in forms]
        same = len(chosen) == len(request.POST.getlist("file"))
        if not (confirmed and same and all(valid)):
            refusal = "Something has changed meanwhile: this is what is left to do." if confirmed and not same else ""
            status = 409 if refusal else 400 if confirmed else 200
            return _ask(request, managed, wanted, chosen, lines, forms, refusal, status)
        reason = next((form.cleaned_data["reason"] for form in forms if isinstance(form, ReasonForm)), "")
    operation.change(managed.name, [line.filename for line in chosen], reason, by)
    if operation.name == "delete" and settings.RESTORE_DAYS:
        # What was deleted then is known by that, and can be restored by the next page.
        return _back(request, deleted=by.time.isoformat())
    messages.success(request, f"{operation.done} {counted(chosen)}.")
    return _back(request)


def _forms(
    request: HttpRequest, managed: Managed, wanted: Asked, chosen: Sequence[Line], lines: Sequence[Line]
) -> list[ReasonForm | TypedForm]:
    """What a confirmation asks for."""
    sent = request.POST if "confirmed" in request.POST else None
    typed = wanted.operation.typed(chosen, lines, managed)
    forms: list[ReasonForm | TypedForm] = [ReasonForm(sent)] if wanted.operation.name == "yank" else []
    return [*forms, TypedForm(sent, name=typed)] if typed else forms


def _ask(
    request: HttpRequest,
    managed: Managed,
    wanted: Asked,
    chosen: Sequence[Line],
    lines: Sequence[Line],
    forms: Sequence[ReasonForm | TypedForm],
    refusal: str,
    status: int,
) -> HttpResponse:
    """The page that says what is about to be done."""
    operation = wanted.operation
    says = effects(operation, emptied(chosen, lines) if operation.name == "delete" else [])
    if operation.name == "restore" and managed.project.removed:
        says.append("The project is there again, with these files alone.")
    context = {
        "operation": operation,
        "what": f"{operation.verb} {wanted.named(chosen)}",
        "release": wanted.release,
        "effects": says,
        "releases": releases_of(chosen),
        "count": len(chosen),
        "left_out": len(wanted.chosen) - len(chosen),
        "forms": forms,
        "refusal": refusal,
        "back": _address(request),
    }
    return show_tab(request, managed, "web/project/confirm.html", context, status=status)


def _list(
    request: HttpRequest, managed: Managed, lines: Sequence[Line], *, refusal: str = "", status: int = 200
) -> HttpResponse:
    releases = releases_of(lines)
    query, state = request.GET.get("q", "").strip()[:200], request.GET.get("show", "")
    found = [release for release in releases if _fits(release, query.lower(), state)]
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    operations = allowed(managed)
    shown = [
        {
            "release": release,
            "operations": [one for one in operations if any(line.state in one.on for line in release.lines)],
            "lines": [
                {"line": line, "operations": [one for one in operations if line.state in one.on]}
                for line in release.lines
            ],
        }
        for release in page
    ]
    deleted = [line for line in lines if line.state is State.DELETED and line.removed_at == _moment(request)]
    context = {
        "page": page,
        "releases": shown,
        "operations": [one for one in operations if any(line.state in one.on for line in lines)],
        "unfolded": sum(len(release.lines) for release in page) <= SHOWN_AT_ONCE,
        "total_releases": len(releases),
        "total_files": sum(line.state in IS_PUBLISHED for line in lines),
        "deleted_files": sum(line.state in {State.DELETED, State.OVER} for line in lines),
        "purged_files": sum(line.state is State.PURGED for line in lines),
        "filters": _FILTERS,
        "q": query,
        "shown": state,
        "undo": deleted[0].removed_at.isoformat() if deleted and deleted[0].removed_at else "",
        "undo_what": counted(deleted) if deleted else "",
        "undo_until": restorable_until(deleted[0].removed_at) if deleted else None,
        "offered": not managed.project.removed and managed.project.status in OFFERS_FILES,
        "refusal": refusal,
        "here": _address(request),
    }
    return show_tab(request, managed, "web/project/files.html", context, status=status)


def _fits(release: Release, query: str, state: str) -> bool:
    counts = {"yanked": release.yanked, "deleted": release.deleted}
    if not counts.get(state, 1):
        return False
    return query in release.version or any(query in line.filename.lower() for line in release.lines)


def _moment(request: HttpRequest) -> datetime | None:
    try:
        return datetime.fromisoformat(request.GET.get("deleted", ""))
    except ValueError:
        return None


def _address(request: HttpRequest, **added: str) -> str:
    """Where the list is, as it is shown now, but for what it says of the last change."""
    query: QueryDict = request.GET.copy()
    query.pop("deleted", None)
    for name, value in added.items():
        query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _back(request: HttpRequest, **added: str) -> HttpResponseRedirect:
    return HttpResponseRedirect(_address(request, **added))
