"""Answers that carry a sentence: in the reason phrase, and in a body of the type that the client reads."""

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import is_valid_path, reverse
from django.views.decorators.csrf import csrf_exempt, requires_csrf_token

from packages import errors, sessions
from packages.access import Actor, Role
from packages.views.policy import secured

logger = logging.getLogger(__name__)

_STATUS: dict[type[errors.PackagesError], int] = {
    errors.RetiredAction: 410,
    errors.UploadTooLarge: 413,
    errors.NotFound: 404,
    errors.NotAuthenticated: 401,
    errors.NotAllowed: 403,
    errors.Conflict: 409,
    errors.TooManyAttempts: 429,
    errors.Unavailable: 503,
    errors.Lost: 500,
}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
# flit shows no more than this, and proxies limit a header line.
LONGEST_MESSAGE = 1000
LONGEST_REASON = 400


def root_of(request: HttpRequest) -> str:
    """The whole address of the index, with a last slash."""
    return settings.PUBLIC_URL or request.build_absolute_uri(reverse("home"))


def refusal(request: HttpRequest, error: errors.PackagesError) -> HttpResponse:
    """The answer to a request that the index refuses."""
    status, helper = status_of(error), ""
    if isinstance(error, errors.Lost):
        logger.error("storage has lost %s (%r)", error.key, error.__cause__)
    elif isinstance(error, errors.Unavailable):
        logger.error("%s (%r)", error, error.__cause__)
    if isinstance(error, errors.NotAllowed):
        helper = "owner" if error.of_project else "administrator"
    response = plain(request, status, str(error), helper=helper)
    # Django would log what is a server's error once more.
    response._has_been_logged = True  # type: ignore[attr-defined]
    if isinstance(error, errors.NotAuthenticated):
        response["WWW-Authenticate"] = f'Basic realm="{settings.SERVICE}", charset="UTF-8"'
    if isinstance(error, errors.TooManyAttempts):
        response["Retry-After"] = str(error.seconds)
    if status == 503:
        response["Retry-After"] = "2"
    return response


def status_of(error: errors.PackagesError) -> int:
    """The status of a refusal."""
    return _STATUS.get(type(error), 400)


def prefers_html(request: HttpRequest) -> bool:
    """Whether a browser asks, for a person: tools take a page only if there is nothing else, or say nothing of it."""
    wanted = request.accepted_type("text/html") if "text/html" in request.headers.get("Accept", "") else None
    return wanted is not None and wanted.quality == 1


def header_of(actor: Actor) -> dict[str, Any]:
    """What the header of every page shows of whoever has logged in."""
    return {
        "actor": None if actor.anonymous else actor,
        "is_admin": actor.role is Role.ADMIN,
        "may_publish": actor.role in {Role.ADMIN, Role.PUBLISHER},
    }


def plain(request: HttpRequest, status: int, message: str, *, helper: str = "") -> HttpResponse:
    """A sentence for a person; ``helper``: who could allow it, an ``owner`` of the project or an ``administrator``.

    twine and hatch print only the reason phrase, uv only the body (of JSON the key ``code``),
    poetry and flit both. The phrase must be one line of ASCII.
    """
    message = " ".join(message.split())[:LONGEST_MESSAGE]
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in message[:LONGEST_REASON])
    response: HttpResponse
    if prefers_html(request) and _is_of_a_page(request):
        response = _page(request, status, message, helper)
    elif _takes_json(request):
        response = JsonResponse({"message": message, "code": f"{status} {message}", "title": _TITLES[status]})
    else:
        response = HttpResponse(message + "\n", content_type="text/plain; charset=utf-8")
    response.status_code = status
    response.reason_phrase = reason
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


def _page(request: HttpRequest, status: int, message: str, helper: str) -> HttpResponse:
    context = {
        "title": _TITLES[status],
        "status": status,
        "message": message,
        "helper": helper,
        "service": settings.SERVICE,
        "stage": settings.STAGE,
    }
    origin = getattr(request, "origin", None)
    if origin is None or origin.actor.anonymous:
        # Who it is was not found out, and is not asked for here.
        return secured(render(request, "problem.html", context))
    sessions.session_of(request)
    response = _with_header(request, context | header_of(origin.actor))
    sessions.save(request, response)
    return secured(response)


@requires_csrf_token
@csrf_exempt
def _with_header(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """A page whose header has a form; what was posted is not read again for it."""
    return render(request, "problem.html", context)


def _takes_json(request: HttpRequest) -> bool:
    return _is_of_the_api(request) or (
        request.get_preferred_type(["text/plain", "application/json"]) == "application/json"
    )


def _is_of_a_page(request: HttpRequest) -> bool:
    # What a tool sends is answered in a sentence, whatever it says that it takes; pages' forms have come by their door.
    reads = request.method in {"GET", "HEAD"}
    return not _is_of_the_api(request) and (reads or hasattr(request, "session"))


def _is_of_the_api(request: HttpRequest) -> bool:
    # The JSON API has nothing else, whatever a client says of itself.
    return f"{request.path_info}/".startswith("/api/")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No address of ours."""
    slashed = f"{request.path_info}/"
    if request.method in {"GET", "HEAD"} and not request.path_info.endswith("/") and is_valid_path(slashed):
        # A person who left out the last slash; the addresses of tools answer without it.
        return HttpResponseRedirect(request.get_full_path(force_append_slash=True))
    return plain(request, 404, f"There is nothing at this address. The index itself is at {reverse('simple')}.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django could not read."""
    return plain(request, 400, "This request cannot be read.")


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that does not come from a page of ours, as far as can be seen (Django's CSRF check)."""
    return plain(
        request,
        403,
        "This form was opened before you logged in, or does not come from this index: go back, load the page again, "
        "and send it once more. Behind a proxy, PUBLIC_URL must be the address that the browser shows.",
    )


def fault(request: HttpRequest) -> HttpResponse:
    """A fault of ours; its details are in the log."""
    return plain(request, 500, "The index made a mistake. It is in the server's log; please tell its operator.")
