"""The door: a request's credentials become an actor, and views say what an actor must be allowed to do."""

import base64
import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from packages import accounts
from packages.access import ANONYMOUS, Action, Actor, may
from packages.errors import NotAllowed, NotAuthenticated

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


class ActorRequest(HttpRequest):
    """A request whose actor is known."""

    actor: Actor


def requires(action: Action) -> Callable[[View[P]], View[P]]:
    """Let only those in who may do this; the view finds them in ``request.actor``."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            actor = actor_of(request)
            if not may(actor, action, public_read=settings.PUBLIC_READ):
                if actor.anonymous:
                    raise NotAuthenticated("Credentials are required: log in with a user name and password.")
                raise NotAllowed(f"User {actor.name!a} may not {action.value}.")
            request.actor = actor  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def actor_of(request: HttpRequest) -> Actor:
    """Who makes this request. Raises NotAuthenticated for credentials that are wrong or unreadable."""
    return actor_from(request.headers.get("Authorization", ""))


def actor_from(header: str) -> Actor:
    """Whom an Authorization header names. Raises NotAuthenticated."""
    if not header.strip():
        return ANONYMOUS
    scheme, _, credentials = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise NotAuthenticated("This index takes Basic credentials: a user name and a password.")
    try:
        username, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except ValueError as error:
        # Not base64 (binascii.Error), not ASCII, or not UTF-8 inside.
        raise NotAuthenticated("The Authorization header cannot be read.") from error
    if not colon or not accounts.verify(username, password):
        raise NotAuthenticated("Invalid or non-existent authentication information.")
    return Actor(name=username)
