"""What stands before a Lambda function: HTTP becomes the event that AWS makes of it, the result an answer."""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import formatdate
from enum import Enum
from functools import partial
from http.client import responses
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import uuid4

from tests.journeys.aws.function import (
    ACCOUNT,
    PAYLOAD_LIMIT,
    REGION,
    Conversation,
    Function,
    FunctionFailed,
    Listener,
    TooLarge,
    a_trace,
)

# API Gateway's own limit to a request's body; more than that is in no event of Lambda's either.
BODY_LIMIT = 10 * 1024 * 1024

Headers = tuple[tuple[str, str], ...]

_PIECE = 64 * 1024
_PREFIX = "a1b2c3d4e5"

# The headers that concern one connection, or that API Gateway keeps from the function.
_DROPPED = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_DROPPED_BY_REST = _DROPPED | {"content-length", "content-md5", "max-forwards", "server", "www-authenticate"}
_SET_BY_AWS = {"host", "x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"}

# The headers of a function's answer that clients see under another name.
_RENAMED = {"authorization", "connection", "content-md5", "date", "server", "user-agent", "www-authenticate"}


class Malformed(Exception):
    """The function's result is not an answer to an HTTP request."""


@dataclass(frozen=True)
class Request:
    """A request as it arrived; its path is percent-encoded and begins with the stage, if the address has one."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Exchange:
    """What was said, with the sizes of both bodies as they were on the wire."""

    method: str
    path: str
    status: int
    received: int
    sent: int


class Kind(Enum):
    """The three front doors that Lambda has for HTTP, which differ in their events, names and refusals."""

    REST_API = "REST API, payload 1.0"
    HTTP_API = "HTTP API, payload 2.0"
    FUNCTION_URL = "function URL, payload 2.0"

    @property
    def domain(self) -> str:
        """The name in the Host header, by which Zappa decides whether addresses carry a stage."""
        if self is Kind.FUNCTION_URL:
            return f"{_PREFIX}fghijklmnopqrstuvwxyz0.lambda-url.{REGION}.on.aws"
        return f"{_PREFIX}.execute-api.{REGION}.amazonaws.com"


@dataclass
class Front:
    """A front door that is open: its address without a slash at the end, and what came through it."""

    function: Function
    kind: Kind
    stage: str
    source: str
    patience: float
    root: str = ""
    exchanges: list[Exchange] = field(default_factory=list)

    def at(self, path: str) -> str:
        return f"{self.root}/{path}"

    @property
    def prefix(self) -> str:
        return "" if self.kind is Kind.FUNCTION_URL else f"/{self.stage}"

    def answer(self, request: Request) -> Answer:
        refusals = _REFUSALS[self.kind]
        if not f"{request.path}/".startswith(f"{self.prefix}/"):
            return refusals.no_stage
        try:
            invocation = self.function.begin(self._event(request))
            return _ANSWERS[self.kind](invocation.result(self._seconds()))
        except TooLarge:
            return refusals.too_large
        except TimeoutError:
            return refusals.too_slow
        except (FunctionFailed, Malformed):
            return refusals.failed

    def _event(self, request: Request) -> dict[str, Any]:
        seen = replace(request, headers=self._headers(request))
        if self.kind is Kind.REST_API:
            return _rest_event(seen, stage=self.stage, source=self.source, domain=self.kind.domain)
        if self.kind is Kind.HTTP_API:
            # Unlike the two others it decodes the path, and loses what follows a question mark that was encoded.
            seen = replace(seen, path=unquote(seen.path).partition("?")[0])
            return _event_2(seen, stage=self.stage, source=self.source, domain=self.kind.domain)
        return _event_2(seen, stage="$default", source=self.source, domain=self.kind.domain)

    def _headers(self, request: Request) -> Headers:
        """The client's headers without those of its connection, and AWS's own in the place of the client's."""
        dropped = _SET_BY_AWS | (_DROPPED_BY_REST if self.kind is Kind.REST_API else _DROPPED)
        kept = ((name, value) for name, value in request.headers if name.lower() not in dropped)
        own = (
            ("Host", self.kind.domain),
            ("X-Amzn-Trace-Id", a_trace()),
            ("X-Forwarded-For", ", ".join([*request.values("x-forwarded-for"), self.source])),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
        )
        return (*kept, *own)

    def _seconds(self) -> float | None:
        """How long this door waits; a function URL waits as long as the function may take."""
        return None if self.kind is Kind.FUNCTION_URL else self.patience


@contextmanager
def front(
    function: Function, kind: Kind, *, stage: str = "dev", source: str = "203.0.113.7", patience: float = 29.0
) -> Iterator[Front]:
    """Open a front door to a function for a client whose true address is ``source``."""
    door = Front(function, kind, stage, source, patience)
    listener = Listener(partial(_Door, door))
    door.root = f"http://{listener.address}{door.prefix}"
    try:
        yield door
    finally:
        listener.end()


class _Door(Conversation):
    def __init__(self, door: Front, *arguments: Any) -> None:
        self._door = door
        super().__init__(*arguments)

    def _converse(self) -> None:
        body, size = self._body()
        path, _, query = self.path.partition("?")
        headers = tuple(self.headers.items())
        if body is None:
            answer = _REFUSALS[self._door.kind].too_large
        else:
            answer = self._door.answer(Request(self.command, path, query, headers, body))
        answer = _on_the_wire(answer, self.command)
        self._door.exchanges.append(Exchange(self.command, self.path, answer.status, size, len(answer.body)))
        self.send(answer.status, answer.headers, answer.body)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _converse

    def _body(self) -> tuple[bytes | None, int]:
        """The body, or None if it is more than any door takes, and its size; it is read to its end in either case."""
        kept: list[bytes] = []
        size = 0
        for piece in self._pieces():
            size += len(piece)
            if size <= BODY_LIMIT:
                kept.append(piece)
            else:
                kept.clear()
        return (b"".join(kept) if size <= BODY_LIMIT else None), size

    def _pieces(self) -> Iterator[bytes]:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            yield from self._exactly(int(self.headers.get("Content-Length", "0")))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield from self._exactly(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            """A field after the last chunk."""

    def _exactly(self, size: int) -> Iterator[bytes]:
        while size:
            piece = self.rfile.read(min(size, _PIECE))
            if not piece:
                raise ConnectionError("The client left before its body was complete")
            size -= len(piece)
            yield piece


def _on_the_wire(answer: Answer, method: str) -> Answer:
    """The answer as HTTP frames it."""
    own = [("Date", formatdate(usegmt=True)), ("x-amzn-RequestId", str(uuid4()))]
    given = [header for header in answer.headers if header[0].lower() == "content-length"]
    others = [header for header in answer.headers if header[0].lower() not in ("content-length", "transfer-encoding")]
    size = [("Content-Length", str(len(answer.body)))]
    if answer.status in (204, 304):
        return replace(answer, headers=(*others, *own), body=b"")
    if method == "HEAD":
        return replace(answer, headers=(*others, *own, *(given or size)), body=b"")
    return replace(answer, headers=(*others, *own, *size))


def _rest_event(request: Request, *, stage: str, source: str, domain: str) -> dict[str, Any]:
    """The event of payload format 1.0: every value of a header or query key, and the last one."""
    path = request.path.removeprefix(f"/{stage}") or "/"
    proxied = path.removeprefix("/")
    headers = _gathered(request.headers)
    query = _query(request.query)
    resource = "/{proxy+}" if proxied else "/"
    now = datetime.now(UTC)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {key: values[-1] for key, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": {"proxy": proxied} if proxied else None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": _PREFIX,
            "domainName": domain,
            "domainPrefix": _PREFIX,
            "extendedRequestId": uuid4().hex[:15] + "=",
            "httpMethod": request.method,
            "identity": _NOBODY | {"sourceIp": source, "userAgent": "".join(request.values("user-agent")[-1:]) or None},
            "path": request.path,
            "protocol": "HTTP/1.1",
            "requestId": str(uuid4()),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "resourceId": "abc123",
            "resourcePath": resource,
            "stage": stage,
        },
        # The API takes every type for binary, as Zappa sets it up.
        "body": b64encode(request.body).decode() if request.body else None,
        "isBase64Encoded": bool(request.body),
    }


def _event_2(request: Request, *, stage: str, source: str, domain: str) -> dict[str, Any]:
    """The event of payload format 2.0: lower-case names, values joined by commas, and nothing that is empty."""
    cookies = [part.strip() for value in request.values("cookie") for part in value.split(";") if part.strip()]
    lower = [(name.lower(), value) for name, value in request.headers if name.lower() != "cookie"]
    query = _query(request.query)
    now = datetime.now(UTC)
    event = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": {name: ",".join(values) for name, values in _gathered(lower).items()},
        "requestContext": {
            "accountId": "anonymous" if stage == "$default" else ACCOUNT,
            "apiId": domain.partition(".")[0],
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": source,
                "userAgent": "".join(request.values("user-agent")[-1:]),
            },
            "requestId": str(uuid4()),
            "routeKey": "$default",
            "stage": stage,
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookies:
        event["cookies"] = cookies
    if query:
        event["queryStringParameters"] = {key: ",".join(values) for key, values in query.items()}
    if request.body:
        event |= _body_2(request)
    return event


def _body_2(request: Request) -> dict[str, Any]:
    """A body in payload format 2.0, which is text if its type says so."""
    kind = "".join(request.values("content-type")[-1:]).partition(";")[0].strip().lower()
    if kind.startswith("text/") or kind in ("application/json", "application/javascript", "application/xml"):
        return {"body": request.body.decode(errors="replace")}
    return {"body": b64encode(request.body).decode(), "isBase64Encoded": True}


_NOBODY = dict.fromkeys(
    [
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    ]
)


def _gathered(headers: Headers | list[tuple[str, str]]) -> dict[str, list[str]]:
    """Each header's values, under the spelling that came first."""
    spellings: dict[str, str] = {}
    gathered: dict[str, list[str]] = {}
    for name, value in headers:
        gathered.setdefault(spellings.setdefault(name.lower(), name), []).append(value)
    return gathered


def _query(query: str) -> dict[str, list[str]]:
    gathered: dict[str, list[str]] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        gathered.setdefault(key, []).append(value)
    return gathered


def _rest_answer(result: Any) -> Answer:
    """The answer in payload format 1.0: of a header that is in both places, the list counts."""
    answer = _answer(result)
    lists = result.get("multiValueHeaders") or {}
    if not isinstance(lists, dict) or not all(isinstance(values, list) for values in lists.values()):
        raise Malformed("multiValueHeaders holds lists by name")
    listed = [(name, _text(value)) for name, values in lists.items() for value in values]
    known = {(name.lower(), value) for name, value in listed}
    single = [header for header in answer.headers if (header[0].lower(), header[1]) not in known]
    renamed = tuple(_renamed(*header) for header in chain(listed, single))
    return replace(answer, headers=_with_type(renamed, "application/json"))


def _answer_of_http_api(result: Any) -> Answer:
    answer = _answer_2(result)
    return replace(answer, headers=_with_type(answer.headers, "text/plain; charset=utf-8"))


def _answer_of_url(result: Any) -> Answer:
    answer = _answer_2(result)
    renamed = tuple(_renamed(name.lower(), value) for name, value in answer.headers)
    return replace(answer, headers=_with_type(renamed, "application/json"))


def _answer_2(result: Any) -> Answer:
    """The answer in payload format 2.0, where a result without a status is the body of a good answer."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, (("content-type", "application/json"),), json.dumps(result).encode())
    answer = _answer(result)
    cookies = tuple(("set-cookie", _text(cookie)) for cookie in result.get("cookies") or [])
    return replace(answer, headers=(*answer.headers, *cookies))


def _answer(result: Any) -> Answer:
    """What both payload formats share."""
    try:
        status = int(result["statusCode"])
        body = result.get("body") or ""
        encoded = b64decode(body, validate=True) if result.get("isBase64Encoded") else body.encode()
        headers = tuple((name, _text(value)) for name, value in (result.get("headers") or {}).items())
    except (AttributeError, KeyError, NotBase64, TypeError, ValueError) as e:
        raise Malformed(str(e)) from e
    if status not in responses or status < 200:
        raise Malformed(f"{status} is no status to answer with")
    return Answer(status, headers, encoded)


def _text(value: Any) -> str:
    """A header's value, which may be a number or a truth value in JSON but never more than one line."""
    text = value if isinstance(value, str) else json.dumps(value)
    if not text.isprintable():
        raise Malformed(f"{text!r} is no value of a header")
    return text


def _renamed(name: str, value: str) -> tuple[str, str]:
    return (f"x-amzn-Remapped-{name}" if name.lower() in _RENAMED else name), value


def _with_type(headers: Headers, default: str) -> Headers:
    if any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return (*headers, ("Content-Type", default))


_ANSWERS: dict[Kind, Callable[[Any], Answer]] = {
    Kind.REST_API: _rest_answer,
    Kind.HTTP_API: _answer_of_http_api,
    Kind.FUNCTION_URL: _answer_of_url,
}


@dataclass(frozen=True)
class _Refusals:
    """What a door answers by itself."""

    too_large: Answer
    failed: Answer
    too_slow: Answer
    no_stage: Answer


def _said(status: int, message: str, key: str = "message") -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps({key: message}).encode())


_URL_FAILED = Answer(502, (("Content-Type", "application/json"),), b"Internal Server Error")
_TOO_LARGE = f"Request must be smaller than {PAYLOAD_LIMIT} bytes for the InvokeFunction operation"
_REFUSALS = {
    Kind.REST_API: _Refusals(
        too_large=_said(413, "Request Too Long"),
        failed=_said(502, "Internal server error"),
        too_slow=_said(504, "Endpoint request timed out"),
        no_stage=_said(403, "Forbidden"),
    ),
    Kind.HTTP_API: _Refusals(
        too_large=_said(413, "Request Too Long"),
        failed=_said(500, "Internal Server Error"),
        too_slow=_said(503, "Service Unavailable"),
        no_stage=_said(404, "Not Found"),
    ),
    Kind.FUNCTION_URL: _Refusals(
        too_large=_said(413, _TOO_LARGE, "Message"),
        failed=_URL_FAILED,
        too_slow=_URL_FAILED,
        no_stage=_said(404, "Not Found"),
    ),
}
