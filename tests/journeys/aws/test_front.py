"""The stand-in for AWS keeps AWS's rules: events, answers, limits, and processes that end."""

import base64
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.journeys.aws.front import BODY_LIMIT, Front, Kind, front
from tests.journeys.aws.function import PAYLOAD_LIMIT, Function, FunctionFailed, TooLarge, deployed

pytestmark = pytest.mark.registry

EVERY_BYTE = bytes(range(256))
MEGABYTE = 1024 * 1024

# What it does is named by the last part of the path.
HANDLER = """
import base64, json, os, sys, time

SEEN = []


def handle(event, context):
    path = event.get("rawPath") or event.get("path") or ""
    return globals()["do_" + path.rpartition("/")[2]](event)


def text(body, status=200, **headers):
    return {"statusCode": status, "headers": {"Content-Type": "text/plain", **headers}, "body": body}


def do_(event):
    SEEN.append(event)
    if len(SEEN) < event["succeeds_at"]:
        raise RuntimeError("not yet")
    return len(SEEN)


def do_echo(event):
    return text(json.dumps(event))


def do_bytes(event):
    return text(base64.b64encode(bytes(range(256))).decode()) | {"isBase64Encoded": True}


def do_upload(event):
    return text(event["body"]) | {"isBase64Encoded": event["isBase64Encoded"]}


def do_cookies(event):
    if "rawPath" in event:
        return text("") | {"cookies": ["a=1; Path=/", "b=2"]}
    return text("", **{"Set-Cookie": "b=2", "X-One": "1"}) | {
        "multiValueHeaders": {"set-cookie": ["a=1; Path=/", "b=2"], "X-Two": ["x", "y"]}
    }


def do_unchanged(event):
    return text("a body that may not be sent", 304, ETag='"1"')


def do_described(event):
    return text("", **{"Content-Length": "12345"})


def do_challenge(event):
    return text("Who are you?", 401, **{"WWW-Authenticate": 'Basic realm="x"'})


def do_large(event):
    return text("x" * 7_000_000)


def do_exit(event):
    os._exit(3)


def do_raise(event):
    raise LookupError("no such thing")


def do_slow(event):
    time.sleep(60)


def do_process(event):
    time.sleep(0.2)
    return text(str(os.getpid()))


def do_environment(event):
    return text(json.dumps({"variables": dict(os.environ), "path": sys.path, "folder": os.getcwd()}))


def do_write(event):
    open(event["queryStringParameters"]["in"] + "/written", "w").close()
    return text("written")


def do_split(event):
    return text("", **{"X-Split": "a\\r\\nX-Forged: b"})
"""


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    (folder / "handler.py").write_text(HANDLER)
    return folder


@pytest.fixture(scope="module")
def function(task: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    folder = tmp_path_factory.mktemp("function")
    with deployed(task, handler="handler.handle", variables={"BUCKET": "files"}, folder=folder) as running:
        yield running


@pytest.fixture(params=list(Kind), ids=lambda kind: kind.name)
def door(request: pytest.FixtureRequest, function: Function) -> Iterator[Front]:
    with front(function, request.param) as opened:
        yield opened


def rest(function: Function) -> Any:
    return front(function, Kind.REST_API)


def echo(door: Front, target: str, **headers: str) -> dict[str, Any]:
    """The event that the function saw, for a request target that no client library tidies up."""
    address = urlsplit(door.root)
    connection = http.client.HTTPConnection(address.netloc)
    try:
        connection.request("GET", f"{address.path}/{target}", headers=headers)
        event: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return event


def header(event: dict[str, Any], name: str) -> str:
    values = {key.lower(): value for key, value in event["headers"].items()}
    return str(values[name])


def test_says_what_a_rest_api_says(function: Function) -> None:
    with rest(function) as door:
        event = echo(door, "a/echo?k=1&k=2&empty=&plus=a%2Bb", **{"X-Thing": "t", "Cookie": "a=1; b=2"})
    assert door.root.endswith("/dev")
    assert event["path"] == "/a/echo"
    assert event["requestContext"]["path"] == "/dev/a/echo"
    assert event["requestContext"]["stage"] == "dev"
    assert event["headers"]["Host"] == event["requestContext"]["domainName"] == Kind.REST_API.domain
    assert event["headers"]["Cookie"] == "a=1; b=2"
    assert event["multiValueHeaders"]["X-Thing"] == ["t"]
    assert event["queryStringParameters"] == {"k": "2", "empty": "", "plus": "a+b"}
    assert event["multiValueQueryStringParameters"] == {"k": ["1", "2"], "empty": [""], "plus": ["a+b"]}
    assert event["pathParameters"] == {"proxy": "a/echo"}
    assert event["body"] is None
    assert "version" not in event


def test_says_what_an_http_api_says(function: Function) -> None:
    with front(function, Kind.HTTP_API) as door:
        event = echo(door, "a/echo?k=1&k=2&plus=a%2Bb", **{"X-Thing": "t", "Cookie": "a=1; b=2", "User-Agent": "me"})
    assert door.root.endswith("/dev")
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/dev/a/echo"
    assert event["rawQueryString"] == "k=1&k=2&plus=a%2Bb"
    assert event["queryStringParameters"] == {"k": "1,2", "plus": "a+b"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-thing"] == "t"
    assert event["headers"]["host"] == event["requestContext"]["domainName"] == Kind.HTTP_API.domain
    assert "cookie" not in event["headers"]
    assert event["requestContext"]["stage"] == "dev"
    assert event["requestContext"]["http"] == {
        "method": "GET",
        "path": "/dev/a/echo",
        "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.7",
        "userAgent": "me",
    }
    assert "body" not in event


def test_says_what_a_function_url_says(function: Function) -> None:
    with front(function, Kind.FUNCTION_URL) as door:
        event = echo(door, "a/echo")
    assert door.root.count("/") == 2
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == "/a/echo"
    assert event["rawQueryString"] == ""
    assert event["requestContext"]["stage"] == "$default"
    assert event["requestContext"]["domainName"].endswith(".lambda-url.eu-central-1.on.aws")
    assert not {"cookies", "queryStringParameters", "body"} & set(event)


def test_knows_no_address_outside_the_stage(function: Function) -> None:
    before = len(function.invoked)
    for kind, status in ((Kind.REST_API, 403), (Kind.HTTP_API, 404)):
        with front(function, kind) as door:
            assert requests.get(f"{door.root}elopment/echo").status_code == status
            assert requests.get(door.root.removesuffix("dev") + "echo").status_code == status
    assert len(function.invoked) == before


def test_the_path_arrives_as_each_kind_spells_it(door: Front) -> None:
    target = "f%C3%BC!/1.0+x%2By%20z/echo"
    event = echo(door, target)
    decoded = "fü!/1.0+x+y z/echo"
    expected = {
        Kind.REST_API: f"/{target}",
        Kind.HTTP_API: f"/dev/{decoded}",
        Kind.FUNCTION_URL: f"/{target}",
    }
    assert (event.get("rawPath") or event["path"]) == expected[door.kind]


def test_tells_the_true_address_whatever_the_client_says(door: Front) -> None:
    event = echo(door, "echo", **{"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http"})
    context = event["requestContext"]
    assert (context.get("http") or context["identity"])["sourceIp"] == "203.0.113.7"
    assert header(event, "x-forwarded-for") == "6.6.6.6, 203.0.113.7"
    assert header(event, "x-forwarded-proto") == "https"
    assert header(event, "x-forwarded-port") == "443"


def test_carries_every_byte_both_ways(door: Front) -> None:
    with requests.Session() as session:
        down = session.get(door.at("bytes"))
        assert down.content == EVERY_BYTE
        assert down.headers["Content-Length"] == "256"
        up = session.post(door.at("upload"), data=EVERY_BYTE)
        assert up.content == EVERY_BYTE
        chunked = session.post(door.at("upload"), data=iter([EVERY_BYTE[:100], EVERY_BYTE[100:]]))
        assert chunked.content == EVERY_BYTE
    sizes = [(each.status, each.received, each.sent) for each in door.exchanges]
    assert sizes == [(200, 0, 256), (200, 256, 256), (200, 256, 256)]


@pytest.mark.parametrize(
    ("kind", "media_type", "encoded"),
    [
        (Kind.REST_API, "application/json", True),
        (Kind.HTTP_API, "application/json", False),
        (Kind.FUNCTION_URL, "text/plain; charset=utf-8", False),
        (Kind.FUNCTION_URL, "multipart/form-data; boundary=x", True),
        (Kind.HTTP_API, "application/x-www-form-urlencoded", True),
    ],
)
def test_encodes_a_body_unless_its_type_is_text(function: Function, kind: Kind, media_type: str, encoded: bool) -> None:
    with front(function, kind) as door:
        event = requests.post(door.at("echo"), data=b'{"a": 1}', headers={"Content-Type": media_type}).json()
    assert event["isBase64Encoded"] is encoded
    assert (base64.b64decode(event["body"]) if encoded else event["body"].encode()) == b'{"a": 1}'


def test_sends_each_cookie_once(door: Front) -> None:
    answer = requests.get(door.at("cookies"))
    fields = list(answer.raw.headers.items())
    assert [value for name, value in fields if name.lower() == "set-cookie"] == ["a=1; Path=/", "b=2"]
    if door.kind is Kind.REST_API:
        assert answer.headers["X-One"] == "1"
        assert answer.headers["X-Two"] == "x, y"


def test_a_head_has_the_headers_only(door: Front) -> None:
    with requests.Session() as session:
        answer = session.head(door.at("described"))
        assert answer.headers["Content-Length"] == "12345"
        # The connection is still in step.
        assert session.get(door.at("bytes")).content == EVERY_BYTE


def test_an_unchanged_page_has_no_body(door: Front) -> None:
    with requests.Session() as session:
        answer = session.get(door.at("unchanged"))
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')
        assert session.get(door.at("bytes")).content == EVERY_BYTE


def test_renames_a_challenge_where_aws_does(door: Front) -> None:
    answer = requests.get(door.at("challenge"))
    renamed = door.kind is not Kind.HTTP_API
    assert answer.status_code == 401
    assert ("WWW-Authenticate" in answer.headers) is not renamed
    assert ("x-amzn-Remapped-WWW-Authenticate" in answer.headers) is renamed


def test_refuses_what_no_event_can_carry(door: Front) -> None:
    before = len(door.function.invoked)
    with requests.Session() as session:
        # As base64 it is a third larger: the limit is nearer to 4.5 MB.
        just_over = session.post(door.at("upload"), data=bytes(PAYLOAD_LIMIT * 3 // 4))
        assert just_over.status_code == 413
        assert {key.lower() for key in just_over.json()} == {"message"}
        pieces = (bytes(MEGABYTE) for _ in range(20))
        assert session.post(door.at("upload"), data=pieces).status_code == 413
        assert len(door.function.invoked) == before
        assert session.post(door.at("upload"), data=bytes(4 * MEGABYTE)).status_code == 200
    assert [each.received for each in door.exchanges] == [PAYLOAD_LIMIT * 3 // 4, 20 * MEGABYTE, 4 * MEGABYTE]
    assert BODY_LIMIT < 20 * MEGABYTE


def test_survives_an_answer_that_is_too_large(door: Front) -> None:
    refused = {Kind.REST_API: 502, Kind.HTTP_API: 500, Kind.FUNCTION_URL: 502}
    assert requests.get(door.at("large")).status_code == refused[door.kind]
    assert requests.get(door.at("bytes")).content == EVERY_BYTE


def test_hides_what_the_function_raised(door: Front) -> None:
    answer = requests.get(door.at("raise"))
    assert answer.status_code in (500, 502)
    assert "no such thing" not in answer.text
    assert "no such thing" in door.function.log.read_text()


def test_sends_no_header_of_two_lines(door: Front) -> None:
    answer = requests.get(door.at("split"))
    assert answer.status_code in (500, 502)
    assert "X-Forged" not in answer.headers


def test_asks_for_a_body_that_waits_to_be_wanted(function: Function) -> None:
    with front(function, Kind.FUNCTION_URL) as door:
        address = urlsplit(door.root)
        with socket.create_connection((str(address.hostname), address.port or 0), timeout=60) as client:
            client.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 100 ")
            client.sendall(b"abc")
            assert client.recv(10_000).endswith(b"\r\n\r\nabc")


def test_ends_though_clients_keep_their_connections(function: Function) -> None:
    with front(function, Kind.FUNCTION_URL) as door:
        connections = [http.client.HTTPConnection(urlsplit(door.root).netloc) for _ in range(50)]
        for connection in connections:
            connection.request("GET", "/bytes")
        assert {connection.getresponse().read() for connection in connections} == {EVERY_BYTE}
    for connection in connections:
        connection.close()


def test_does_not_wait_longer_than_the_gateway(task: Path, tmp_path: Path) -> None:
    with deployed(task, handler="handler.handle", variables={}, folder=tmp_path) as function:
        for kind, status in ((Kind.REST_API, 504), (Kind.HTTP_API, 503)):
            with front(function, kind, patience=0.5) as door:
                assert requests.get(door.at("slow")).status_code == status


def test_ends_an_instance_whose_time_is_over(task: Path, tmp_path: Path) -> None:
    with (
        deployed(task, handler="handler.handle", variables={}, folder=tmp_path, instances=1, timeout=1) as function,
        rest(function) as door,
    ):
        with pytest.raises(FunctionFailed, match=r"Task timed out after 1\.00 seconds"):
            function.invoke({"path": "/slow"})
        assert function.processes() == []
        assert requests.get(door.at("slow")).status_code == 502
        assert requests.get(door.at("bytes")).content == EVERY_BYTE
        assert len(function.peaks()) == 3


def test_starts_an_instance_anew_when_it_exits(function: Function) -> None:
    with pytest.raises(FunctionFailed, match=r"Runtime exited with error: exit status 3") as failure:
        function.invoke({"path": "/exit"})
    assert failure.value.kind == "Runtime.ExitError"
    assert function.invoke({"path": "/bytes"})["statusCode"] == 200


def test_loses_no_request_to_an_instance_that_ended_while_idle(task: Path, tmp_path: Path) -> None:
    with deployed(task, handler="handler.handle", variables={}, folder=tmp_path, instances=1) as function:
        first = function.invoke({"path": "/process"})["body"]
        os.kill(int(first), signal.SIGKILL)
        while function.processes():
            time.sleep(0.01)
        assert function.invoke({"path": "/process"})["body"] != first


def test_answers_many_at_once_with_a_few_instances(function: Function) -> None:
    with rest(function) as door, ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda _: requests.get(door.at("process")), range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert len({answer.text for answer in answers}) == 2
    assert len(function.processes()) == 2


def test_tells_the_errors_kind(function: Function) -> None:
    with pytest.raises(FunctionFailed, match="no such thing") as failure:
        function.invoke({"path": "/raise"})
    assert failure.value.kind == "LookupError"
    with pytest.raises(FunctionFailed) as failure:
        function.invoke({"path": "/large"})
    assert failure.value.kind == "Function.ResponseSizeTooLarge"
    with pytest.raises(TooLarge):
        function.invoke({"path": "x" * PAYLOAD_LIMIT})


def test_tells_why_a_function_cannot_start(task: Path, tmp_path: Path) -> None:
    with deployed(task, handler="absent.handle", variables={}, folder=tmp_path) as function:
        with pytest.raises(FunctionFailed, match="absent") as failure:
            function.invoke({})
        assert failure.value.kind == "Runtime.ImportModuleError"


@pytest.mark.parametrize("succeeds_at", [1, 3])
def test_tries_an_asynchronous_event_three_times(task: Path, tmp_path: Path, succeeds_at: int) -> None:
    with deployed(task, handler="handler.handle", variables={}, folder=tmp_path, instances=1) as function:
        assert function.invoke_async({"succeeds_at": succeeds_at}) == succeeds_at
        assert len(function.invoked) == succeeds_at


def test_gives_an_asynchronous_event_up_after_three_times(task: Path, tmp_path: Path) -> None:
    with deployed(task, handler="handler.handle", variables={}, folder=tmp_path, instances=1) as function:
        with pytest.raises(FunctionFailed, match="not yet"):
            function.invoke_async({"succeeds_at": 4})
        assert len(function.invoked) == 3


def test_the_function_sees_only_what_lambda_gives(function: Function, task: Path) -> None:
    seen = json.loads(function.invoke({"path": "/environment"})["body"])
    assert seen["folder"] == seen["variables"]["LAMBDA_TASK_ROOT"] == str(task)
    assert seen["variables"]["BUCKET"] == "files"
    assert "VIRTUAL_ENV" not in seen["variables"]
    packages = [path for path in seen["path"] if "-packages" in path]
    assert packages == [seen["variables"]["PYTHONPATH"]]
    assert not {"django", "zappa"} & {path.name for path in Path(packages[0]).iterdir()}


def test_the_function_may_write_to_its_temporary_folder(function: Function) -> None:
    variables = json.loads(function.invoke({"path": "/environment"})["body"])["variables"]
    event = {"path": "/write", "queryStringParameters": {"in": variables["TMPDIR"]}}
    assert function.invoke(event)["body"] == "written"


def test_the_function_may_not_write_to_its_task_folder(tmp_path: Path) -> None:
    task = tmp_path / "task"
    task.mkdir()
    (task / "handler.py").write_text(HANDLER)
    event = {"path": "/write", "queryStringParameters": {"in": str(task)}}
    # Where this machine cannot make the folder unwritable, the change is noticed in the end.
    with (
        pytest.raises((FunctionFailed, AssertionError), match=r"Read-only|changed its task folder"),
        deployed(task, handler="handler.handle", variables={}, folder=tmp_path) as function,
    ):
        function.invoke(event)


def test_knows_how_much_memory_was_used(function: Function) -> None:
    function.invoke({"path": "/bytes"})
    assert 5 * MEGABYTE < function.peak_memory() < 128 * MEGABYTE
    assert function.peak_memory() == max(function.peaks().values())
