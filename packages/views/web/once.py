"""Forms whose answer shows a secret: they act once, also if a browser sends them again when that answer is reloaded.

A key in the form is remembered in the browser's own session when it has been used. That is a help, no defence: whoever
leaves it out, or brings the session as it was before, only makes one more of what they may make.
"""

import re
import secrets

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect

from packages.sessions import session_of

FIELD = "once"
# Of 12 characters each: the session is a cookie.
MOST_REMEMBERED = 8
_KEY = re.compile(r"[\w-]{12}", re.ASCII)
_USED = "used"


def new_key() -> str:
    """A key for a form, in a field named ``once``."""
    return secrets.token_urlsafe(9)


def is_done(request: HttpRequest) -> bool:
    """Whether this form has been sent before, and did what it does."""
    return request.POST.get(FIELD, "") in session_of(request).get(_USED, [])


def remember(request: HttpRequest) -> None:
    """Note that this form has done what it does."""
    key, session = request.POST.get(FIELD, ""), session_of(request)
    if _KEY.fullmatch(key):
        session[_USED] = [*session.get(_USED, []), key][-MOST_REMEMBERED:]


def done_already(request: HttpRequest, address: str, sentence: str) -> HttpResponseRedirect:
    """The answer to a form that is sent again: to where what it made is listed."""
    messages.warning(request, f"This was done already: {sentence}")
    return HttpResponseRedirect(address)
