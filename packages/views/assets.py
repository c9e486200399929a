"""Stylesheets and scripts, served by WhiteNoise; compressed by gzip to whoever takes that."""

import functools
import gzip
import re

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe
from whitenoise import WhiteNoise
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from packages.assets import paths
from packages.errors import NotFound


@require_safe
def serve(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET /static/…``: open to everybody, as the login form is."""
    found = _shelf().files.get(name)
    if found is None:
        raise NotFound("There is no such file.")
    response: HttpResponseBase
    if _takes_gzip(request.headers.get("Accept-Encoding", "")):
        response = _compressed(request, name, found)
    else:
        response = WhiteNoiseMiddleware.serve(found, request)
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _compressed(request: HttpRequest, name: str, found: StaticFile) -> HttpResponseBase:
    """The file, compressed; whole, also if a part was asked for. Its name tells its content, so it does as an ETag."""
    etag = f'"{name}.gz"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(_content(name))
        response["Content-Encoding"] = "gzip"
    for header, value in found.get_response("HEAD", {}).headers:
        if header not in {"Content-Length", "ETag"}:
            response[header] = value
    response["ETag"] = etag
    return response


def _takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header names gzip, and not as what is refused."""
    weights = {name.strip(): weight for name, _, weight in (one.partition(";") for one in accepted.lower().split(","))}
    return "gzip" in weights and not re.fullmatch(r"\s*q=0(\.0*)?\s*", weights["gzip"])


@functools.cache
def _content(name: str) -> bytes:
    # Once in a process: each is some milliseconds' work, and a few KB.
    return gzip.compress(paths()[name].read_bytes(), mtime=0)


@functools.cache
def _shelf() -> WhiteNoise:
    shelf = WhiteNoise(None, immutable_file_test=lambda path, url: True)
    for name, path in paths().items():
        shelf.add_file_to_dictionary(name, str(path))
    return shelf
