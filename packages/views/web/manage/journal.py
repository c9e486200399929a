"""The journal: look through it, download it, verify it."""

import json
from itertools import islice
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_http_methods

from packages import journal as room
from packages.access import Action
from packages.api import LINES_TYPE
from packages.errors import NotFound
from packages.views.web.manage.frame import for_administrators, show_part
from packages.views.web.manage.looking import Question, look_back, look_on, question
from packages.views.web.manage.words import ACTIONS, said

PER_PAGE = 50
# Of one request: entries that are looked at, entries that are downloaded, entries that are verified.
MOST_LOOKED_AT = 5000
MOST_DOWNLOADED = 1000
MOST_VERIFIED = 10_000
MOST_FAULTS = 50


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators(Action.READ_JOURNAL)
def journal(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/journal/``: entries, newest first; with ``lines`` as a file; ``POST``: verify it."""
    if request.method == "POST":
        return _verify(request)
    wanted = question(request.GET)
    before, after = _serial(request, "before"), _serial(request, "after")
    if "lines" in request.GET:
        return _download(wanted, before)
    if after is not None:
        found = look_on(wanted, after=after, count=PER_PAGE, most=MOST_LOOKED_AT)
        looked_at, older = 0, int(found[-1].serial) if found else None
    else:
        look = look_back(wanted, before=before, count=PER_PAGE, most=MOST_LOOKED_AT)
        found, looked_at, older = look.found, look.looked_at, look.further
    seal, newest = room.head(), room.newest()
    # Newer than what is shown, or than where it was looked from; at the newest entries there is nothing to go to.
    top = int(found[0].serial) if found else (before or 0) - 1
    behind = before is not None or after is not None
    context = {
        "entries": [said(entry) for entry in found],
        "question": wanted,
        "actions": ACTIONS,
        "looked_at": looked_at if looked_at >= MOST_LOOKED_AT else 0,
        "older": _address(wanted, before=older) if older is not None and older > wanted.low else "",
        "newer": _address(wanted, after=top) if behind and 0 < top < newest else "",
        "first": _address(wanted) if behind else "",
        "lines": _address(wanted, lines="yes", before=None if not behind else top + 1),
        "most_lines": MOST_DOWNLOADED,
        "sealed": 0 if seal is None else int(seal.last),
        "seal": seal,
        "newest": newest,
    }
    return show_part(request, "manage-journal", "journal", context, status=400 if wanted.faults else 200)


def _download(wanted: Question, before: int | None) -> HttpResponse:
    """The newest entries of the question as JSON lines, oldest first, as an export has them."""
    look = look_back(wanted, before=before, count=MOST_DOWNLOADED, most=MOST_LOOKED_AT)
    if not look.found:
        raise NotFound("There is no such entry among those that were looked at: nothing to download.")
    lines = "".join(json.dumps(room.as_json(entry), ensure_ascii=False) + "\n" for entry in reversed(look.found))
    name = f"journal-{int(look.found[-1].serial)}-{int(look.found[0].serial)}.jsonl"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(lines, content_type=LINES_TYPE, headers=headers)


def _verify(request: HttpRequest) -> HttpResponse:
    newest = room.newest()
    # What takes longer than a front door waits is for a command.
    too_long = newest > MOST_VERIFIED
    faults = [] if too_long else list(islice(room.verify(), MOST_FAULTS + 1))
    seal = room.head()
    sealed = 0 if seal is None else int(seal.last)
    context = {
        "too_long": too_long,
        "most": MOST_VERIFIED,
        "faults": faults[:MOST_FAULTS],
        "more": len(faults) > MOST_FAULTS,
        "newest": newest,
        "sealed": sealed,
        "unsealed": max(newest - sealed, 0),
        "seal": seal,
        "on_lambda": settings.ON_LAMBDA,
    }
    return show_part(request, "manage-journal", "verified", context)


def _address(wanted: Question, **further: int | str | None) -> str:
    """The address of the same question, from another place on."""
    query = {**wanted.written, **{name: str(value) for name, value in further.items() if value is not None}}
    return f"?{urlencode({name: value for name, value in query.items() if value})}"


def _serial(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
