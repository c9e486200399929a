"""What every request passes: its body is read, its host is known, and a refusal becomes an answer."""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.http.request import split_domain_port, validate_host

from packages.errors import PackagesError
from packages.views.answers import plain, refusal

GetResponse = Callable[[HttpRequest], HttpResponseBase]

CHUNK = 1024 * 1024


class WholeBodies:
    """Reads what a view left of the request's body, and says how long the answer's is.

    A client that is cut off while sending never sees the answer.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, then read on to the end of the request."""
        response = self.get_response(request)
        if isinstance(response, HttpResponse) and response.status_code not in {204, 304}:
            response.setdefault("Content-Length", str(len(response.content)))
            if request.method == "HEAD":
                response.content = b""
        if request.META.get("CONTENT_LENGTH"):
            try:
                while request.read(CHUNK):
                    pass
            except UnreadablePostError:
                # The client has gone; there is nobody left to answer.
                pass
        return response


class KnownHost:
    """Refuses host names that this index was not told of (they would end up in absolute addresses)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Check the host before anything else is done, but for monitors, which know addresses only."""
        if request.path_info.rstrip("/") == "/health" or _is_known_host(request):
            return self.get_response(request)
        return plain(
            request, 400, "This index does not answer to this host name. Its operator can add it to ALLOWED_HOSTS."
        )


def _is_known_host(request: HttpRequest) -> bool:
    try:
        host, _ = split_domain_port(request.get_host())
    except DisallowedHost:
        # Not even the form of a host name.
        return False
    if validate_host(host, settings.KNOWN_HOSTS):
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return bool(settings.KNOWN_BY_ADDRESS)


class OwnPages:
    """Refuses what another site lets a browser send: it would bring along the credentials that the browser keeps.

    Browsers say where a request comes from (``Sec-Fetch-Site``, or ``Origin``); tools say neither.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at what changes something."""
        if request.method in {"GET", "HEAD", "OPTIONS"} or _is_of_ours(request):
            return self.get_response(request)
        return plain(
            request,
            403,
            "This request comes from a page of another site. Behind a proxy, PUBLIC_URL must be the index's address.",
        )


def _is_of_ours(request: HttpRequest) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    known = {request.get_host().lower(), urlsplit(settings.PUBLIC_URL).netloc.lower()} - {""}
    return origin is None or origin.lower().partition("://")[2] in known


class Refusals:
    """Turns a refusal that a view raised into its answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a refusal; any other exception is a fault of ours."""
        return refusal(request, exception) if isinstance(exception, PackagesError) else None
