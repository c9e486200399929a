"""What every request to the JSON API passes: its address, its method, who sends it, its body."""

import inspect
import io
import json
from importlib import import_module
from typing import Any

import pytest
from django.test import Client

from packages.api import ADDRESSES, Operation, document
from packages.api.addresses import gaps_of
from packages.views.api import LARGEST_BODY
from tests.conftest import basic
from tests.views.api.conftest import Caller

OPERATIONS = [
    pytest.param(address, method, operation, id=f"{method} {address}")
    for address, methods in ADDRESSES.items()
    for method, operation in methods.items()
]

# What is decided before the index is asked.
ON_ONE_HOME = pytest.mark.parametrize("home", ["machine"], indirect=True)


def filled(address: str) -> str:
    return address.removeprefix("/api/").replace("{token}", "0" * 16).replace("{", "").replace("}", "")


@pytest.mark.parametrize(("address", "method", "operation"), OPERATIONS)
def test_each_view_takes_what_the_document_says(address: str, method: str, operation: Operation) -> None:
    module, _, name = operation.view.partition(".")
    taken = dict(inspect.signature(getattr(import_module(f"packages.views.api.{module}"), name)).parameters)
    taken.pop("request")
    body = operation.body or {"properties": {}}
    offered = [*gaps_of(address), *operation.query, *body["properties"]]
    assert len(offered) == len(set(offered))
    assert set(offered) <= set(taken)
    # What it needs is always there: a gap, what a body must have, or what has a default.
    always = {name for name in offered if name in gaps_of(address) or name in body.get("required", ())}
    always |= {name for name, schema in [*operation.query.items(), *body["properties"].items()] if "default" in schema}
    needed = {name for name, parameter in taken.items() if parameter.default is inspect.Parameter.empty}
    assert needed <= always


@ON_ONE_HOME
@pytest.mark.parametrize(("address", "method", "operation"), OPERATIONS)
def test_strangers_get_in_nowhere(nobody: Caller, address: str, method: str, operation: Operation) -> None:
    response = nobody.send(method.upper(), filled(address), b"\xff")
    assert response.status_code == (200 if operation.open else 401)
    if not operation.open:
        assert response["WWW-Authenticate"].startswith("Basic realm=")


def test_the_document_is_whole() -> None:
    written = document(server="https://packages.example", service="elastic pypi", public_read=False)
    json.dumps(written)
    references = []

    def walk(value: Any) -> None:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if key == "$ref":
                references.append(inner)
            elif isinstance(inner, dict | list):
                walk(inner)

    walk(written)
    for reference in references:
        target = written
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
    ids = [
        method["operationId"] for path in written["paths"].values() for method in path.values() if "responses" in method
    ]
    assert len(ids) == len(set(ids)) == len(OPERATIONS)


def test_says_what_there_is_and_who_asks(admin: Caller, nobody: Caller) -> None:
    assert admin.do("GET", "")["you"] == "alice"
    said = nobody.do("GET", "")
    assert said["you"] is None
    assert said["openapi"] == "http://testserver/api/openapi.json"
    assert nobody.client.get("/api").json() == said
    assert nobody.do("GET", "openapi.json")["servers"] == [{"url": "http://testserver"}]


@ON_ONE_HOME
@pytest.mark.parametrize("accept", ["text/plain", "text/html", "*/*", "", "application/json"])
@pytest.mark.parametrize("path", ["nothing", "accounts/x/y/z", "projects/", "journal/", "%00", "../accounts"])
def test_says_in_json_that_there_is_nothing(nobody: Caller, path: str, accept: str) -> None:
    response = nobody.send("GET", path, headers={"accept": accept})
    assert (response.status_code, response["Content-Type"]) == (404, "application/json")
    assert response.json()["title"] == "Not Found"


@ON_ONE_HOME
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "journal", "GET, HEAD"),
        ("PUT", "accounts/dave", "GET, HEAD, PATCH, DELETE"),
        ("GET", "projects/demo-pkg/purge", "POST"),
        ("OPTIONS", "tokens", "GET, HEAD, POST"),
        ("BREW", "me", "GET, HEAD"),
    ],
)
def test_says_which_methods_there_are(nobody: Caller, method: str, path: str, allowed: str) -> None:
    response = nobody.send(method, path)
    assert response.status_code == 405
    assert response["Allow"] == allowed
    assert response.json()["message"] == f"This address takes {allowed}."


def test_answers_head(admin: Caller) -> None:
    response = admin.client.head("/api/accounts")
    assert (response.status_code, response.content) == (200, b"")
    assert int(response["Content-Length"]) > 0


@ON_ONE_HOME
@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "takes a body"),
        (b"{", "cannot be read as JSON"),
        (b"name=erin", "cannot be read as JSON"),
        (b"\xff\xfe{\x00}\x00", "byte 0 does not fit"),
        (b"\xef\xbb\xbf{}", "cannot be read as JSON"),
        (b'{"name": "erin", "name": "frank", "role": "admin"}', "it has 'name' twice"),
        (b'{"name": NaN}', "NaN is no number"),
        (b'{"name": ' + b"9" * 5000 + b"}", "cannot be read as JSON"),
        (b'{"name": 1e999, "role": "reader"}', "must be of the type string, and is inf"),
        (b"[" * 30_000 + b"]" * 30_000, "nested too deep"),
        (
            b'{"name": ' + b"[" * 900 + b"]" * 900 + b', "role": "reader"}',
            "in the body must be of the type string, and is an array",
        ),
        (b'{"name": "\\ud800", "role": "reader"}', "half of a surrogate pair"),
        (b'{"name": "\\u0000", "role": "reader"}', "'name' in the body does not fit"),
        (b'{"name": "' + b"x" * 60_000 + b'", "role": "reader"}', "'name' in the body does not fit"),
        (b"null", "must be of the type object, and is None"),
        (b"[]", "must be of the type object, and is an array"),
        (b'"text"', "must be of the type object, and is 'text'"),
        (b'{"name": "erin"}', "lacks 'role'"),
        (
            b'{"name": "erin", "role": "reader", "admin": true}',
            "'admin', which means nothing here; it takes 'name', 'role'",
        ),
        (b'{"name": "erin", "role": "reader", "\\ud83d\\ude00": 1}', "'\\U0001f600', which means nothing here"),
        (b'{"name": "erin", "role": "root"}', "must be one of 'reader', 'publisher', 'admin', and is 'root'"),
        (b'{"name": {"a": 1}, "role": "reader"}', "'name' in the body must be of the type string, and is an object"),
    ],
)
def test_says_what_is_wrong_with_a_body(admin: Caller, body: bytes, sentence: str) -> None:
    response = admin.send("POST", "accounts", body, content_type="application/json")
    assert response.status_code == 400
    message = response.json()["message"]
    assert sentence in message
    assert message.isascii()
    assert len(message) < 300
    assert [account["name"] for account in admin.do("GET", "accounts")["accounts"]] == ["alice", "bob"]


@ON_ONE_HOME
@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_reads_nothing_but_json(admin: Caller, content_type: str) -> None:
    response = admin.send("POST", "accounts", b'{"name": "erin", "role": "reader"}', content_type=content_type)
    assert response.status_code == 415
    assert "application/json" in response.json()["message"]


def test_takes_json_with_a_charset(admin: Caller) -> None:
    body = b'{"name": "erin", "role": "reader"}'
    response = admin.send("POST", "accounts", body, content_type="application/json; charset=utf-8")
    assert response.status_code == 201


def test_reads_no_body_that_is_too_large(admin: Caller) -> None:
    response = admin.send("POST", "accounts", b"x" * (LARGEST_BODY + 1), content_type="application/json")
    assert response.status_code == 413
    assert str(LARGEST_BODY) in response.json()["message"]


def test_a_page_elsewhere_cannot_send_it_anything(admin: Caller) -> None:
    # No cookie says who somebody is, so no token against forgery is asked for.
    strict = Client(enforce_csrf_checks=True, headers={"authorization": basic("alice", "correct horse")})
    assert strict.post("/api/tokens", {"scopes": ["read"]}, "application/json").status_code == 201


@pytest.mark.parametrize(
    "path", ["accounts/{}", "tokens/{}", "projects/{}", "projects/x/releases/{}", "projects/x/files/{}"]
)
@pytest.mark.parametrize("text", ["%00", "x" * 1_000_000, "%ED%A0%80", "%E2%80%AE", "%2F"])
def test_finds_nothing_under_odd_names(admin: Caller, path: str, text: str) -> None:
    response = admin.send("GET" if "tokens" not in path else "DELETE", path.format(text))
    assert response.status_code == 404
    assert response.json()["message"].isascii()


@pytest.mark.parametrize("after", ["%00", "%ED%A0%80", "x" * 1000, "%0A"])
def test_a_page_after_an_odd_name_is_no_fault(admin: Caller, after: str) -> None:
    assert admin.send("GET", f"projects?after={after}").status_code in {200, 400}


@ON_ONE_HOME
def test_a_body_that_breaks_off_may_be_sent_again(admin: Caller) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("connection reset")

    response = admin.send("POST", "accounts", b'{"name": "erin"}', **{"wsgi.input": Broken()})
    assert response.status_code == 503
    assert response["Retry-After"] == "2"
