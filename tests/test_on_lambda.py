"""What is ours between Zappa and the application."""

from typing import Any

import pytest
import zappa.handler
from django.test import RequestFactory

from packages.patience import is_over
from pypi_project import on_lambda

V1 = {"requestContext": {"identity": {"sourceIp": "203.0.113.7"}}}
V2 = {"version": "2.0", "requestContext": {"http": {"sourceIp": "203.0.113.7"}}}


@pytest.mark.parametrize(
    ("event", "source"),
    [(V1, "203.0.113.7"), (V2, "203.0.113.7"), ({"requestContext": {}}, ""), ({}, "")],
    ids=["v1", "v2", "console", "nothing"],
)
def test_the_sender_is_whom_aws_names(machine: Any, event: dict[str, Any], source: str) -> None:
    environ = RequestFactory().get("/health/", REMOTE_ADDR="6.6.6.6", HTTP_X_FORWARDED_FOR="6.6.6.6, 7.7.7.7").environ
    environ["lambda.event"] = event
    answer: list[str] = []
    body = b"".join(on_lambda.application(environ, lambda status, headers: answer.append(status)))
    assert (answer, body) == (["200 OK"], b'{"status": "ok"}')
    assert environ["REMOTE_ADDR"] == source
    assert not is_over()


def test_zappa_wraps_nothing_around_the_application() -> None:
    # Its wrapper would send every Set-Cookie twice.
    assert zappa.handler.ZappaWSGIMiddleware(on_lambda.application) is on_lambda.application
