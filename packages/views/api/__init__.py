"""The JSON API: every request comes in here, is checked against its address, and goes to its view.

A view is called with what its address takes, by name: gaps of the address, the query, the body.
Only the Authorization header says who somebody is, so there is nothing to forge.
"""

import functools
from collections.abc import Callable
from importlib import import_module

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from packages import api
from packages.api import ADDRESSES
from packages.auth import admit
from packages.errors import NotAuthenticated, Unavailable
from packages.views.answers import plain

# In bytes; the longest that an address takes has some thousands.
LARGEST_BODY = 64 * 1024

View = Callable[..., HttpResponse]


def answer(request: HttpRequest) -> HttpResponseBase:
    """Whatever comes to an address below ``/api/``."""
    found = api.find(request.path_info)
    if found is None:
        return plain(request, 404, "There is nothing at this address. What there is, GET /api/ says.")
    address, gaps = found
    method = "get" if request.method == "HEAD" else str(request.method).lower()
    operation = ADDRESSES[address].get(method)
    if operation is None:
        return _not_allowed(request, address)
    anonymous = admit(request).actor.anonymous
    if anonymous and not (operation.open or (operation.reads and settings.PUBLIC_READ)):
        raise NotAuthenticated("Credentials are required: log in with a user name and a password, or with a token.")
    api.check_address(gaps)
    query = api.check_query(address, method, request.GET.lists())
    body = {}
    if operation.body is not None:
        unfit = _unfit(request)
        if unfit is not None:
            return unfit
        body = api.check_body(address, method, _read(request))
    response = _view(operation.view)(request, **gaps, **query, **body)
    # Secrets, and what may change at any time.
    response["Cache-Control"] = "no-store"
    return response


def _not_allowed(request: HttpRequest, address: str) -> HttpResponse:
    methods = [method.upper() for method in ADDRESSES[address]]
    methods[:1] = ["GET", "HEAD"] if methods[0] == "GET" else methods[:1]
    response = plain(request, 405, f"This address takes {', '.join(methods)}.")
    response["Allow"] = ", ".join(methods)
    return response


def _unfit(request: HttpRequest) -> HttpResponse | None:
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > LARGEST_BODY:
        return plain(request, 413, f"The body has {length} bytes; {LARGEST_BODY} are the most that is read here.")
    if length and request.content_type != api.MEDIA_TYPE:
        return plain(request, 415, f"The body must be JSON, and its Content-Type {api.MEDIA_TYPE}.")
    return None


def _read(request: HttpRequest) -> bytes:
    try:
        return bytes(request.read(LARGEST_BODY))
    except OSError as error:
        # Its sender has gone, or the disk that it waited on is full.
        raise Unavailable("The body could not be read to its end; try again.") from error


@functools.cache
def _view(name: str) -> View:
    module, _, function = name.partition(".")
    view: View = getattr(import_module(f"packages.views.api.{module}"), function)
    return view
