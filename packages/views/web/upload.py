"""Publish from a browser: the page, what there is to say of a file beforehand, and the steps of its script."""

import functools
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, QueryDict
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from packaging.utils import NormalizedName
from packaging.version import Version

from packages import errors, permissions, publishing, tags
from packages.access import Action, why_not
from packages.auth import origin_of
from packages.distributions import SDIST, DistributionFile, normalized_or_none, packagetype_of, version_or_none
from packages.errors import InvalidRequest, InvalidUpload, NotAuthenticated, PackagesError, Unavailable, UploadTooLarge
from packages.publishing import Outlook, Received
from packages.receiving import receive, receive_several
from packages.views import direct
from packages.views.answers import plain, prefers_html, status_of
from packages.views.policy import secured
from packages.views.web.door import page, refused, show

logger = logging.getLogger(__name__)

# What one request to a Lambda function can carry beside base64 and the rest of the form.
LAMBDA_REQUEST = 4 * 1000**2
# A browser digests a file in memory; where there is another way it need not be a large part of it.
LARGEST_DIGESTED, LARGEST_DIGESTED_ON_LAMBDA = 512 * 1000**2, 1000**3

View = Callable[[HttpRequest], HttpResponseBase]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a file: published, or refused with a sentence."""

    filename: str
    status: int = 200
    file: DistributionFile | None = None
    problem: str = ""


def answers_script(view: View) -> View:
    """Whoever has been logged out is told so, without the challenge at which browsers ask for a password themselves."""

    @functools.wraps(view)
    def answered(request: HttpRequest) -> HttpResponseBase:
        try:
            return view(request)
        except NotAuthenticated:
            if request.headers.get("Authorization"):
                raise
            return plain(request, 401, "You have been logged out. Log in again in another tab, then retry here.")

    return answered


def step(view: Callable[[HttpRequest, QueryDict], HttpResponseBase]) -> View:
    """A step of a direct upload: who sends it, then its fields, then the token of the page."""
    checked = csrf_protect(view)

    @require_POST
    @answers_script
    @page(Action.PUBLISH, files=True)
    # Not before the body has been read as an upload's.
    @csrf_exempt
    @functools.wraps(view)
    def taken(request: HttpRequest) -> HttpResponseBase:
        fields, _ = receive(request)
        return checked(request, fields)

    return taken


@require_http_methods(["GET", "HEAD", "POST"])
@answers_script
@page(Action.PUBLISH, files=True)
@csrf_exempt
def upload(request: HttpRequest) -> HttpResponseBase:
    """``GET /upload/``: the page. ``POST``: publish the files of its form, each by itself."""
    if request.method != "POST":
        return _page(request)
    try:
        files = receive_several(request)
        return _publish_all(request, files)
    except PackagesError as error:
        if not prefers_html(request):
            raise
        return _page(request, status=refused(error), problem=str(error))


@require_GET
@answers_script
@page(Action.PUBLISH, files=True)
def check(request: HttpRequest) -> HttpResponseBase:
    """``GET /upload/check/?filename=…&size=…&sha256=…``: what publishing this file would come to.

    ``name`` and ``version`` are what a wheel's METADATA says, if the browser could read it.
    """
    filename, size, sha256 = (request.GET.get(name, "") for name in ("filename", "size", "sha256"))
    if not re.fullmatch(r"[0-9]{0,18}", size) or not re.fullmatch(r"([0-9a-f]{64})?", sha256):
        raise InvalidRequest("Say the size in bytes, and the sha256 in 64 hex digits; both may be left out.")
    try:
        outlook = publishing.look_ahead(
            filename,
            size=int(size) if size else None,
            sha256=sha256 or None,
            said=_said(request.GET.get("name", ""), request.GET.get("version", "")),
            by=origin_of(request),
            overwrite=settings.OVERWRITE,
        )
    except errors.InvalidDistribution as error:
        return JsonResponse({"filename": filename, "problem": str(error)})
    return JsonResponse(
        {
            "filename": filename,
            "filetype": packagetype_of(filename),
            "project": outlook.project,
            "version": str(outlook.version),
            "certain": outlook.certain,
            "what": _what(filename),
            "news": _news(outlook),
            # Whether the digest would tell more.
            "ask_again": outlook.taken and outlook.same is None and outlook.refusal is None,
            "problem": str(outlook.refusal) if outlook.refusal else None,
            "address": _address(outlook.project),
        }
    )


@step
def reserve(request: HttpRequest, fields: QueryDict) -> HttpResponseBase:
    """``POST /upload/reserve/``: where the bytes go, as at the upload addresses of publishing tools."""
    # The browser is at this address already, whatever a proxy made of it.
    return direct.reserved(request, fields, reverse("home"))


@step
def finalize(request: HttpRequest, fields: QueryDict) -> HttpResponseBase:
    """``POST /upload/finalize/``: publish the bytes that were put."""
    return direct.finalized(request, fields)


@csrf_protect
def _publish_all(request: HttpRequest, files: list[tuple[str, Received | None]]) -> HttpResponseBase:
    if not files:
        raise InvalidUpload("No file was chosen: choose one or more first.")
    outcomes = list(_outcomes(request, files))
    worst = next((outcome for outcome in outcomes if outcome.file is None), None)
    status = worst.status if worst else 200
    response: HttpResponseBase
    if prefers_html(request):
        response = _page(request, status=status, outcomes=outcomes)
    elif worst is not None:
        response = plain(request, status, worst.problem)
    else:
        response = JsonResponse({"addresses": [_address(outcome.file.project) for outcome in outcomes if outcome.file]})
    if status == 503:
        response["Retry-After"] = "2"
    return response


def _outcomes(request: HttpRequest, files: list[tuple[str, Received | None]]) -> Iterator[Outcome]:
    for filename, received in files:
        try:
            if received is None:
                raise UploadTooLarge(publishing.too_large())
            file = publishing.publish(received, by=origin_of(request), overwrite=settings.OVERWRITE)
        except PackagesError as error:
            if isinstance(error, Unavailable):
                # Not passed on: there are files that were published before, and are to be told of.
                logger.error("%s (%r)", error, error.__cause__)
            yield Outcome(filename=filename, status=status_of(error), problem=str(error))
        else:
            yield Outcome(filename=filename, file=file)


def _page(
    request: HttpRequest, *, status: int = 200, problem: str = "", outcomes: list[Outcome] | None = None
) -> HttpResponse:
    outcomes = outcomes or []
    context = {
        "section": "upload",
        "problem": problem,
        "outcomes": outcomes,
        "published": sum(outcome.file is not None for outcome in outcomes),
        "may_create": why_not(origin_of(request).actor, Action.CREATE, None, permissions.policy()) is None,
        "overwrite": settings.OVERWRITE,
        "largest": settings.MAX_UPLOAD_SIZE,
        "largest_form": LAMBDA_REQUEST if settings.ON_LAMBDA else settings.MAX_UPLOAD_SIZE,
        "largest_digested": LARGEST_DIGESTED_ON_LAMBDA if settings.ON_LAMBDA else LARGEST_DIGESTED,
        "most": settings.DATA_UPLOAD_MAX_NUMBER_FILES,
        "on_lambda": settings.ON_LAMBDA,
    }
    response = show(request, "web/upload.html", context, status=status)
    return secured(response, uploads=True)


def _address(project: NormalizedName) -> str:
    return reverse("project-page", kwargs={"name": project})


def _said(name: str, version: str) -> tuple[NormalizedName, Version] | None:
    project, release = normalized_or_none(name), version_or_none(version)
    return None if project is None or release is None else (project, release)


def _what(filename: str) -> str:
    return "Sdist" if packagetype_of(filename) == SDIST else f"Wheel for {tags.in_words(filename)}"


def _news(outlook: Outlook) -> str:
    if outlook.refusal is not None:
        return ""
    if outlook.creates:
        return "New project"
    if not outlook.taken:
        return "New file"
    if outlook.same is None and not settings.OVERWRITE:
        return "A file of this name and size was published before: only the same bytes can be sent"
    if not outlook.same:
        return "Replaces the file of this name"
    return "Was deleted; comes back" if outlook.removed else "Published already, the same bytes"
