"""The door of the pages: who has logged in comes in, others are asked to; and what every page has in common."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, ParamSpec
from urllib.parse import unquote, urlencode

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.messages.storage.session import SessionStorage
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import MAX_URL_LENGTH, url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_protect

from packages import errors, permissions, sessions
from packages.access import Action
from packages.auth import admit, let_in, origin_of
from packages.distributions import normalized_or_none
from packages.views.answers import header_of, prefers_html, root_of, status_of
from packages.views.policy import secured

P = ParamSpec("P")
_gzip = GZipMiddleware(lambda request: HttpResponse())
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


# Of a form without files, in bytes: tens of thousands of rows can be chosen in a list.
LONGEST_FORM = 2 * 1024**2


class NoFiles(FileUploadHandler):
    """Forgets the files that come with a form without any."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep nothing."""
        return None

    def file_complete(self, file_size: int) -> None:
        """There is no file."""


def page(action: Action | None = None, *, files: bool = False) -> Callable[[View[P]], View[P]]:
    """A page for those who may do this (to the project that the address names), or for everybody who has logged in.

    Others get to the login form. Every POST has to bring the token of a form of ours; unless the page takes
    ``files``, it is a short one.
    """

    def decorate(view: View[P]) -> View[P]:
        protected = csrf_protect(view)

        @functools.wraps(view)
        def entered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            _remember(request)
            if not files:
                _refuse_bulk(request)
            try:
                _let_in(request, action, kwargs.get("name"))
            except errors.NotAuthenticated:
                if request.headers.get("Authorization") or not prefers_html(request):
                    raise
                return _finished(request, to_login(request))
            return _finished(request, protected(request, *args, **kwargs))

        return entered

    return decorate


def open_page(view: View[P]) -> View[P]:
    """A page for everybody, such as the login form."""
    protected = csrf_protect(view)

    @functools.wraps(view)
    def entered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        _remember(request)
        _refuse_bulk(request)
        let_in(request, sessions.actor_of(request))
        return _finished(request, protected(request, *args, **kwargs))

    return entered


def show(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page from its template, with what every page shows."""
    actor = origin_of(request).actor
    common = {
        "service": settings.SERVICE,
        "stage": settings.STAGE,
        "root": root_of(request),
        **header_of(actor),
        "notices": get_messages(request),
    }
    return render(request, template, {**common, **(context or {})}, status=status)


def refused(error: errors.PackagesError) -> int:
    """The status of a form that comes back with the sentence of a refusal; faults that pass by are raised again."""
    if isinstance(error, errors.Unavailable):
        raise error
    return status_of(error)


def to_login(request: HttpRequest) -> HttpResponseRedirect:
    """To the login form, and from there back to this page."""
    # What was posted cannot be posted again by a redirect.
    here = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    known = here and here != reverse("home") and len(here) <= MAX_URL_LENGTH
    query = f"?{urlencode({'next': here})}" if known else ""
    return HttpResponseRedirect(reverse("login") + query)


def safe_next(request: HttpRequest) -> str:
    """Where the ``next`` of a request leads, if that is a page of this index; else its front page."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    home = reverse("home")
    steps = unquote(wanted.partition("?")[0].partition("#")[0]).replace("\\", "/").split("/")
    # "..": to another stage of the same host.
    ours = wanted.startswith(home) and not wanted.startswith(("//", "/\\")) and not {".", ".."}.intersection(steps)
    # Browsers drop tabs and line breaks from an address before they read it.
    ours = ours and wanted.isprintable()
    return wanted if ours and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else home


def _remember(request: HttpRequest) -> None:
    sessions.session_of(request)
    request._messages = SessionStorage(request)  # type: ignore[attr-defined]


def _refuse_bulk(request: HttpRequest) -> None:
    """What a form of ours cannot hold is not read: Django would hold all of it, and show it again."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > LONGEST_FORM:
        raise errors.UploadTooLarge(f"This page takes no more than {LONGEST_FORM} bytes; {length} were sent.")
    request.upload_handlers = [NoFiles(request)]


def _let_in(request: HttpRequest, action: Action | None, name: object) -> None:
    # What changes something is safe to do by a cookie: the token of the form is looked at behind this.
    actor = admit(request, by_session=True).actor
    if action is not None:
        permissions.check(actor, action, normalized_or_none(name) if isinstance(name, str) else None)
    elif actor.anonymous:
        raise errors.NotAuthenticated("Credentials are required: log in with a user name and a password.")


def _finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    request._messages.update(response)  # type: ignore[attr-defined]
    sessions.save(request, response)
    # Whoever comes by the back button after somebody logged out sees nothing of what was there.
    response.setdefault("Cache-Control", "no-store")
    if isinstance(response, HttpResponse) and response.get("Content-Type", "").startswith("text/html"):
        # Its length tells nothing of the secrets in it: those of forms are masked anew each time, and Django pads it.
        _gzip.process_response(request, response)
    return secured(response)
