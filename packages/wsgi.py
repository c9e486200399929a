"""The WSGI handler: Django's, with one thing of ours."""

from collections.abc import Mapping

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """A request whose text is UTF-8, whatever encoding its Content-Type names.

    Publishing tools name none; others can name one that Python knows and cannot decode text by,
    and Django would fail before any of our rooms sees the request.
    """

    def _set_content_type_params(self, meta: Mapping[str, str]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Handler(WSGIHandler):
    """What a WSGI server calls."""

    request_class = Utf8Request
