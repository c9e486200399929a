"""What a browser is allowed on our pages: nothing but what lies here."""

from typing import TypeVar

from django.conf import settings
from django.http import HttpResponseBase

R = TypeVar("R", bound=HttpResponseBase)


def secured(response: R, *, uploads: bool = False) -> R:
    """Tell the browser; with ``uploads`` the page may also send files to where storage takes them."""
    connect = f"'self' {_upload_origin()}".strip() if uploads else "'self'"
    rules = {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "img-src": "'self' https:" if settings.README_IMAGES else "'self'",
        "connect-src": connect,
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    response.setdefault("Content-Security-Policy", "; ".join(f"{name} {value}" for name, value in rules.items()))
    response.setdefault("X-Frame-Options", "DENY")
    return response


def _upload_origin() -> str:
    # Only here: every answer passes this room, and boto takes a good part of a cold start.
    from packages import storage

    return storage.upload_origin()
