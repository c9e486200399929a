"""Trusted publishing on the wire: the addresses at the root of the host that PyPI's clients know.

``/_/oidc/audience``, ``/_/oidc/mint-token`` and ``/_/oidc/burn-token`` are PyPI's; PEP 807 gives
their addresses to clients that ask.
"""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, UnreadablePostError
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from packages import accounts, trusted
from packages.auth import visitor_of
from packages.errors import NotFound, Unavailable
from packages.trusted import MintRefused
from packages.views.answers import plain, refusal

# In bytes; an identity token and its quotes take some thousand.
LARGEST_BODY = 64 * 1024
DISCOVERY = "application/vnd.pypi.pytp.v1+json"


@require_safe
def audience(request: HttpRequest) -> HttpResponseBase:
    """``GET /_/oidc/audience``: for whom identity tokens must be made; 403 if they are of no use here."""
    if not settings.TRUSTED_PUBLISHING:
        return _answer({"message": "Trusted publishing is not enabled on this index."}, status=403)
    return _answer({"audience": settings.OIDC_AUDIENCE})


# Who sends an identity token says by it alone who he is, never by a cookie: there is nothing to forge.
@csrf_exempt
@require_POST
def mint(request: HttpRequest) -> HttpResponseBase:
    """``POST /_/oidc/mint-token``: an upload token for an identity token; 422 with PyPI's words if there is none."""
    try:
        text, token = trusted.mint(_token_in(request), by=visitor_of(request))
    except MintRefused as error:
        return _refused(error.code, str(error), status=422)
    except Unavailable as error:
        # twine and gh-action-pypi-publish look for the errors in whatever is no success.
        answer = _refused("unavailable", str(error), status=503)
        answer["Retry-After"] = refusal(request, error)["Retry-After"]
        return answer
    assert token.expires is not None
    return _answer({"success": True, "token": text, "expires": int(token.expires.timestamp())})


@csrf_exempt
@require_POST
def burn(request: HttpRequest) -> HttpResponseBase:
    """``POST /_/oidc/burn-token``: end an upload token; 202 whether or not there was one."""
    try:
        text = _token_in(request)
    except MintRefused:
        text = ""
    accounts.burn(text, by=visitor_of(request))
    return HttpResponse(status=202)


@require_safe
def discover(request: HttpRequest) -> HttpResponseBase:
    """``GET /.well-known/pytp?discover=/legacy/``: where all this is (PEP 807)."""
    uploads = {reverse(name).rstrip("/") for name in ("home", "legacy", "simple")}
    if not settings.TRUSTED_PUBLISHING or request.GET.get("discover", "-").rstrip("/") not in uploads:
        raise NotFound("There is no upload address of that path, or trusted publishing is not enabled.")
    if not request.accepts(DISCOVERY):
        return plain(request, 406, f"This address answers {DISCOVERY}.")
    # PEP 807: of the same host, and by https.
    root = f"https://{request.get_host()}"
    found = {"audience-endpoint": f"{root}/_/oidc/audience", "token-mint-endpoint": f"{root}/_/oidc/mint-token"}
    return _answer(found, content_type=DISCOVERY)


def _token_in(request: HttpRequest) -> str:
    """The token of a request's body. Raises MintRefused."""
    try:
        body = request.read(LARGEST_BODY + 1)
    except UnreadablePostError as error:
        raise MintRefused("invalid-payload", "The body cannot be read.") from error
    announced = request.META.get("CONTENT_LENGTH") or ""
    # The server of one machine has thrown such a body away already.
    if len(body) > LARGEST_BODY or (announced.isdecimal() and int(announced) > LARGEST_BODY):
        raise MintRefused("invalid-payload", f"The body is too large: {LARGEST_BODY} bytes are the most.")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MintRefused("invalid-payload", 'The body is no JSON; it must be {"token": "..."}.') from error
    token = payload.get("token") if isinstance(payload, dict) else None
    if not isinstance(token, str):
        raise MintRefused("invalid-payload", 'The body must be a JSON object, {"token": "..."}.')
    return token


def _refused(code: str, why: str, *, status: int) -> HttpResponse:
    """A refusal as PyPI's clients read it, with the members of RFC 9457 that PEP 807 asks for."""
    problem = {"title": "Token request failed", "status": status, "detail": why}
    errors = [{"code": code, "description": why}]
    return _answer({"message": "Token request failed", "errors": errors, **problem}, status=status)


def _answer(content: dict[str, Any], *, status: int = 200, content_type: str = "application/json") -> HttpResponse:
    response = JsonResponse(content, status=status, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response
