"""Answers that carry a sentence: in the reason phrase, and in a body of the type that the client reads."""

import logging

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

from packages import errors

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
    status = _STATUS.get(type(error), 400)
    if isinstance(error, errors.Unavailable):
        logger.error("%s (%r)", error, error.__cause__)
    response = plain(request, status, str(error))
    # Django would log what is a server's error once more.
    response._has_been_logged = True  # type: ignore[attr-defined]
    if isinstance(error, errors.NotAuthenticated):
        response["WWW-Authenticate"] = f'Basic realm="{settings.SERVICE}", charset="UTF-8"'
    if isinstance(error, errors.TooManyAttempts):
        response["Retry-After"] = str(error.seconds)
    if isinstance(error, errors.Unavailable):
        response["Retry-After"] = "2"
    return response


def plain(request: HttpRequest, status: int, message: str) -> HttpResponse:
    """A sentence for a person.

    twine and hatch print only the reason phrase, uv only the body (of JSON the key ``code``),
    poetry and flit both. The phrase must be one line of ASCII.
    """
    message = " ".join(message.split())[:LONGEST_MESSAGE]
    reason = "".join(letter if " " <= letter <= "~" else "?" for letter in message[:LONGEST_REASON])
    response: HttpResponse
    if _takes_json(request):
        response = JsonResponse({"message": message, "code": f"{status} {message}", "title": _TITLES[status]})
    else:
        response = HttpResponse(message + "\n", content_type="text/plain; charset=utf-8")
    response.status_code = status
    response.reason_phrase = reason
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


def _takes_json(request: HttpRequest) -> bool:
    # The JSON API has nothing else, whatever a client says of itself.
    return f"{request.path_info}/".startswith("/api/") or (
        request.get_preferred_type(["text/plain", "application/json"]) == "application/json"
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No address of ours."""
    return plain(request, 404, "There is nothing at this address. The index itself is at /simple/.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django could not read."""
    return plain(request, 400, "This request cannot be read.")


def fault(request: HttpRequest) -> HttpResponse:
    """A fault of ours; its details are in the log."""
    return plain(request, 500, "The index made a mistake. It is in the server's log; please tell its operator.")
