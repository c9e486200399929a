"""The journal, page by page."""

import json
from itertools import islice

from django.http import HttpRequest, HttpResponse, JsonResponse

from packages import journal, permissions
from packages.access import Action
from packages.api import LINES_TYPE, MEDIA_TYPE
from packages.auth import origin_of


def read(request: HttpRequest, *, after: int, limit: int, latest: int | None = None) -> HttpResponse:
    """``GET /api/journal``, also as JSON lines."""
    by = origin_of(request)
    permissions.check(by.actor, Action.READ_JOURNAL)
    seal = journal.seal(by.time)
    if latest is not None:
        entries, more = journal.latest(latest), False
    else:
        # One more, to know whether there is one.
        entries = list(islice(journal.entries(after=after), limit + 1))
        entries, more = entries[:limit], len(entries) > limit
    shown = [journal.as_json(entry) for entry in entries]
    if request.get_preferred_type([MEDIA_TYPE, LINES_TYPE]) == LINES_TYPE:
        lines = "".join(json.dumps(entry) + "\n" for entry in shown)
        return HttpResponse(lines, content_type=LINES_TYPE)
    return JsonResponse(
        {
            "entries": shown,
            "next": shown[-1]["serial"] if more else None,
            "seal": None if seal is None else {"serial": int(seal.last), "digest": seal.digest},
        }
    )
