"""What is ours between Zappa and the application."""

import base64
import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import zappa.handler
from django.test import RequestFactory
from werkzeug.wrappers import Response

from packages.assets import names
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


def test_zappa_can_import_the_application_while_it_is_imported_itself(tmp_path: Path) -> None:
    # As it does in Lambda's initialisation, which costs nothing.
    (tmp_path / "zappa_settings.py").write_text(
        "LOG_LEVEL = 'INFO'\nENVIRONMENT_VARIABLES = {}\nPROJECT_NAME = 'index'\nAPI_STAGE = 'dev'\n"
        "APP_MODULE = 'pypi_project.on_lambda'\nAPP_FUNCTION = 'application'\n"
        "DJANGO_SETTINGS = 'pypi_project.settings'\n"
    )
    code = "import zappa.handler; print(type(zappa.handler.global_handler.wsgi_app).__name__)"
    environment = {
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
        "SECRET_KEY": "x" * 40,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["function"]), done.stderr


@pytest.mark.parametrize(
    ("path", "told"), [("/login/", b"<h1>Log in</h1>"), (f"/static/{names()['style.css']}", b"prefers-color-scheme")]
)
def test_what_is_compressed_goes_as_bytes(machine: Any, path: str, told: bytes) -> None:
    environ = RequestFactory().get(path, HTTP_ACCEPT_ENCODING="gzip, br").environ
    environ["lambda.event"] = V2
    response = Response.from_app(on_lambda.application, environ)
    assert response.headers["Content-Encoding"] == "gzip"
    deployed = json.loads(Path("zappa_settings.json").read_text())["dev"]
    handler = SimpleNamespace(_text_mimetypes=zappa.handler.DEFAULT_TEXT_MIMETYPES)
    body, encoded = zappa.handler.LambdaHandler._process_response_body(
        handler, response, SimpleNamespace(BINARY_SUPPORT=deployed["binary_support"])
    )
    assert encoded
    assert told in gzip.decompress(base64.b64decode(body))
