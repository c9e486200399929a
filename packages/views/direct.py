"""Direct upload: reserve an address in storage, put the bytes there, finalize.

The shape is the one that ``uv publish --direct`` of uv 0.12.6 speaks; our twine command speaks it too.
"""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from packages import publishing, tickets
from packages.access import Action
from packages.auth import origin_of, requires
from packages.forms import read_announcement
from packages.receiving import receive, receive_announced
from packages.views.answers import plain, root_of


@csrf_exempt
@requires(Action.PUBLISH)
def reserve(request: HttpRequest) -> HttpResponseBase:
    """``POST /legacy/reserve``: where the bytes go. 200 if the file is published, else 201 with the address."""
    fields, _ = receive(request)
    return reserved(request, fields, root_of(request))


def reserved(request: HttpRequest, fields: Mapping[str, str], root: str) -> HttpResponse:
    """The answer to an announcement; ``root`` is the index's own address, as its sender reaches it."""
    _, announced = read_announcement(fields)
    reservation = publishing.reserve(announced, by=origin_of(request), overwrite=settings.OVERWRITE)
    if reservation is None:
        return _done()
    answer: dict[str, object] = {"upload_url": None, "upload_headers": None}
    if reservation.put is not None:
        answer = {"upload_url": reservation.put.url, "upload_headers": dict(reservation.put.headers)}
    elif not reservation.arrived:
        # In the query, which no log of ours shows.
        answer["upload_url"] = f"{root}legacy/incoming?ticket={tickets.issue(announced)}"
    response = JsonResponse(answer, status=201)
    # The address is a credential.
    response["Cache-Control"] = "no-store"
    return response


@csrf_exempt
def put(request: HttpRequest) -> HttpResponseBase:
    """``PUT /legacy/incoming?ticket=…``: the bytes, where no storage takes them by itself."""
    if request.method != "PUT":
        response = plain(request, 405, "Distribution files are PUT here, with the ticket that reserve gives.")
        response["Allow"] = "PUT"
        return response
    # The server has looked at it when the request began, which may have been a while ago.
    ticket = request.META.get(tickets.SEEN) or tickets.read(request.GET.get("ticket", ""))
    receive_announced(request, ticket)
    return _done()


@csrf_exempt
@requires(Action.PUBLISH)
def finalize(request: HttpRequest) -> HttpResponseBase:
    """``POST /legacy/finalize``: publish the bytes that were put. 200, as for any other upload."""
    fields, _ = receive(request)
    return finalized(request, fields)


def finalized(request: HttpRequest, fields: Mapping[str, str]) -> HttpResponse:
    """The answer once the bytes of an announced file have been put."""
    form, announced = read_announcement(fields)
    publishing.finalize(
        announced,
        by=origin_of(request),
        overwrite=settings.OVERWRITE,
        expect=form.check_metadata,
    )
    return _done()


def _done() -> HttpResponse:
    return HttpResponse(content_type="text/plain; charset=utf-8")
