"""The WSGI handler, called as a server calls it."""

from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from packages.wsgi import Handler


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "undefined", "rot13", "idna", "no such thing"])
def test_text_is_utf_8_whatever_a_request_says(machine: Path, charset: str) -> None:
    environ = RequestFactory().get("/health/?q=%C3%A9", content_type="x").environ
    environ["CONTENT_TYPE"] = f"text/plain; charset={charset}"
    answered: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        answered.append(status)

    response = Handler()(environ, start_response)
    assert (answered, b"".join(response)) == (["200 OK"], b'{"status": "ok"}')
