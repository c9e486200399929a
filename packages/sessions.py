"""A browser's session: a signed cookie that says who has logged in, and one for what its pages have to remember.

They are two, because an answer that was long under way brings the second one as it was: it must not log in again
who has logged out meanwhile.
"""

from typing import cast

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core import signing
from django.http import HttpRequest, HttpResponseBase, parse_cookie
from django.urls import reverse

from packages import accounts
from packages.access import ANONYMOUS, Actor
from packages.journal import Origin

COOKIE = settings.SESSION_COOKIE_NAME
# The secret of forms, what is to be told, and the like.
PAGES_COOKIE = f"{COOKIE}-pages"
# Browsers drop a cookie without a word if it has more than 4,096 bytes with its name and attributes.
LONGEST_COOKIE = 3800

_SALT = "packages.sessions"
# What a view leaves in a request for ``save``: the new value of the cookie, empty to delete it.
_CHANGED = "_login_cookie"


def session_of(request: HttpRequest) -> SessionBase:
    """What pages remember in this browser; empty if there is nothing, or if the cookie is not one of ours."""
    session = getattr(request, "session", None)
    if session is None:
        session = SessionStore(request.COOKIES.get(PAGES_COOKIE))
        request.session = session
    return cast("SessionBase", session)


def actor_of(request: HttpRequest) -> Actor:
    """Who has logged in, if the session is not over; else nobody. Raises Unavailable."""
    return _actor_in(request.COOKIES.get(COOKIE, ""))


def actor_in_cookie(header: str) -> Actor:
    """Who has logged in, by the Cookie header of a request, whatever it holds. Raises Unavailable."""
    return _actor_in(parse_cookie(header).get(COOKIE, ""))


def log_in(request: HttpRequest, name: str, password: str, by: Origin) -> None:
    """Begin a session in a browser. Raises NotAuthenticated, TooManyAttempts or Unavailable."""
    actor, key = accounts.log_in(name, password, by)
    # Nothing of what was there before somebody logged in, nor its CSRF secret, goes on.
    session_of(request).clear()
    setattr(request, _CHANGED, _signed(actor.name, key))


def go_on(request: HttpRequest, actor: Actor) -> None:
    """Go on with the session of who has just ended all of theirs, as by a new password. Raises Unavailable.

    Who came in by other credentials gets none: the cookie that is there may be somebody else's.
    """
    if actor.credential == accounts.SESSION:
        setattr(request, _CHANGED, _signed(actor.name, accounts.session_key(actor.name)))


def log_out(request: HttpRequest) -> None:
    """End the session of this browser."""
    session_of(request).clear()
    setattr(request, _CHANGED, "")


def save(request: HttpRequest, response: HttpResponseBase) -> None:
    """Send the cookies that have changed."""
    login: str | None = getattr(request, _CHANGED, None)
    if login is not None:
        _send(request, response, COOKIE, login)
    session = session_of(request)
    if not list(session.keys()):
        _send(request, response, PAGES_COOKIE, "")
    elif session.modified:
        session.save()
        if len(cast("str", session.session_key)) > LONGEST_COOKIE:
            # Only here: tools' requests have no messages, and wait for no module of theirs.
            from django.contrib.messages.storage.session import SessionStorage

            # Better without what there was to tell than without the rest.
            session.pop(SessionStorage.session_key, None)
            session.save()
        _send(request, response, PAGES_COOKIE, cast("str", session.session_key))


def _send(request: HttpRequest, response: HttpResponseBase, name: str, value: str) -> None:
    path = reverse("home")
    if value:
        response.set_cookie(
            name,
            value,
            max_age=settings.SESSION_COOKIE_AGE,
            path=path,
            secure=_is_secret_on_the_wire(request),
            httponly=True,
            # Not sent with what other sites post here.
            samesite="Lax",
        )
    elif name in request.COOKIES:
        response.delete_cookie(name, path=path, samesite="Lax")


def _signed(name: str, key: str) -> str:
    return signing.dumps([name, key], salt=_SALT)


def _actor_in(cookie: str) -> Actor:
    try:
        name, key = signing.loads(cookie, salt=_SALT, max_age=settings.SESSION_COOKIE_AGE)
    except signing.BadSignature:
        # None of ours, or too old: it is signed when somebody logs in, and never again.
        return ANONYMOUS
    return accounts.resume(name, key) or ANONYMOUS


def _is_secret_on_the_wire(request: HttpRequest) -> bool:
    """Whether browsers reach this index by TLS, perhaps by a proxy that ends it."""
    return request.is_secure() or settings.ON_LAMBDA or settings.PUBLIC_URL.startswith("https:")
