"""The WSGI application as Zappa runs it on Lambda."""

from collections.abc import Callable, Iterable
from typing import Any

# This form finds the module also while it is being imported, which is when it imports this one.
from zappa import handler as zappa_handler

from packages.patience import patience
from pypi_project.wsgi import application as index

# After so many seconds nothing that AWS failed to do is tried again: API Gateway gives up after 29,
# and pip after 15 without an answer.
PATIENCE_SECONDS = 12.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request that came as an event."""
    environ["REMOTE_ADDR"] = source_of(environ["lambda.event"])
    with patience(PATIENCE_SECONDS):
        return index(environ, start_response)


def source_of(event: dict[str, Any]) -> str:
    """Who sent the request, by AWS's own word. (Zappa reads X-Forwarded-For, which the client may have begun.)"""
    context = event.get("requestContext", {})
    source = context.get("http", {}).get("sourceIp") or context.get("identity", {}).get("sourceIp")
    return str(source or "")


class _AsItIs:
    """In place of Zappa's middleware, which sends every Set-Cookie twice, for an API Gateway of long ago."""

    def __new__(cls, application: Any) -> Any:
        return application


# Zappa wraps the application right after it has imported this module.
zappa_handler.ZappaWSGIMiddleware = _AsItIs
