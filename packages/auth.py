"""The door: a request's credentials become an actor, and views say what an actor must be allowed to do."""

import base64
import functools
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from packages import accounts, permissions, sessions
from packages.access import ANONYMOUS, Action, Actor
from packages.distributions import normalized_or_none
from packages.errors import NotAuthenticated, Unavailable
from packages.journal import Origin

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

# The user name beside which the password is a token, as on PyPI.
TOKEN_USER = "__token__"
# Where a server that looks at credentials before the body comes leaves what it found for the application.
VERDICT = "packages.verdict"


class KnownRequest(HttpRequest):
    """A request of which it is known whom it comes from."""

    origin: Origin


def requires(action: Action) -> Callable[[View[P]], View[P]]:
    """Let only those in who may do this, to the project that the address names; the view asks ``origin_of``."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor = admit(request).actor
            name = kwargs.get("name")
            permissions.check(actor, action, normalized_or_none(name) if isinstance(name, str) else None)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def admit(request: HttpRequest, *, by_session: bool = False) -> Origin:
    """Find out whom a request comes from, perhaps nobody; from then on ``origin_of`` says it.

    Without an Authorization header a browser's session counts, if the request only reads, or
    (``by_session``) if the view makes sure that it comes from a page of ours. Raises
    NotAuthenticated, TooManyAttempts or Unavailable.
    """
    safe = by_session or request.method in {"GET", "HEAD"}
    if safe and not request.headers.get("Authorization", "").strip() and sessions.COOKIE in request.COOKIES:
        return let_in(request, sessions.actor_of(request))
    return let_in(request, _actor_of(request, visitor_of(request)))


def let_in(request: HttpRequest, actor: Actor) -> Origin:
    """Note whom a request comes from."""
    origin = replace(visitor_of(request), actor=actor)
    request.origin = origin  # type: ignore[attr-defined]
    return origin


def origin_of(request: HttpRequest) -> Origin:
    """Whom a request comes from that was let in."""
    return cast("KnownRequest", request).origin


def visitor_of(request: HttpRequest) -> Origin:
    """Where a request comes from, from nobody as yet."""
    address = address_of(request.META.get("REMOTE_ADDR", ""), request.headers.get("X-Forwarded-For", ""))
    return Origin(actor=ANONYMOUS, time=timezone.now(), address=address, agent=request.headers.get("User-Agent", ""))


def address_of(peer: str, forwarded: str) -> str:
    """Who sent a request: what the last proxy of TRUSTED_PROXIES says of it, if it came through such."""
    # From the back: what stands further in front may have been written by the client.
    for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
        address = _ip_of(hop)
        if address is None or not _is_trusted(peer):
            break
        peer = str(address)
    return peer[:64]


def _is_trusted(peer: str) -> bool:
    address = _ip_of(peer)
    return address is not None and any(address in network for network in settings.TRUSTED_PROXIES)


def _ip_of(hop: str) -> IPv4Address | IPv6Address | None:
    """The address of a hop; some proxies write its port, which is another one at each connection, too."""
    bare = hop.partition("]")[0].removeprefix("[") if hop.startswith("[") else hop
    with suppress(ValueError):
        return ip_address(bare)
    host, _, port = bare.partition(":")
    with suppress(ValueError):
        return IPv4Address(host) if port.isdecimal() else None
    return None


def _actor_of(request: HttpRequest, visitor: Origin) -> Actor:
    verdict = cast("Future[Actor] | None", request.META.get(VERDICT))
    if verdict is not None:
        # A refusal is not asked for twice; who was known when the body began may be no longer.
        with suppress(Unavailable):
            verdict.result()
    return actor_from(request.headers.get("Authorization", ""), visitor)


def actor_from(header: str, visitor: Origin) -> Actor:
    """Whom an Authorization header names. Raises NotAuthenticated, TooManyAttempts or Unavailable."""
    if not header.strip():
        return ANONYMOUS
    scheme, _, credentials = header.strip().partition(" ")
    if scheme.lower() in {"bearer", "token"}:
        return accounts.authenticate(credentials.strip(), visitor)
    if scheme.lower() != "basic":
        raise NotAuthenticated("This index takes Basic credentials (a user name and a password), or a Bearer token.")
    try:
        username, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except ValueError as error:
        # Not base64 (binascii.Error), not ASCII, or not UTF-8 inside.
        raise NotAuthenticated("The Authorization header cannot be read.") from error
    if not colon:
        raise NotAuthenticated("The Authorization header cannot be read: it holds no ':'.")
    if username == TOKEN_USER:
        return accounts.authenticate(password.strip(), visitor)
    return accounts.identify(username, password, visitor)
