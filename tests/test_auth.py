"""The door: who sent a request, and with which credentials."""

import base64
from ipaddress import ip_network

import pytest
from django.test import Client
from pytest_django import Settings

from packages import accounts, journal
from packages.access import Role, Scope
from packages.auth import address_of
from tests.builders import a_wheel, an_origin
from tests.conftest import basic

pytestmark = pytest.mark.usefixtures("home")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", "", "192.0.2.7"),
        pytest.param("192.0.2.7", "203.0.113.9", "192.0.2.7", id="no proxy of ours says so"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        pytest.param("10.0.0.1", "8.8.8.8, 203.0.113.9", "203.0.113.9", id="what the client claimed stands in front"),
        pytest.param("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9", id="two proxies of ours"),
        pytest.param("10.0.0.1", "10.0.0.3", "10.0.0.3", id="a client within our own network"),
        pytest.param("10.0.0.1", "unknown", "10.0.0.1", id="no address at all"),
        pytest.param("10.0.0.1", "203.0.113.9:40001", "203.0.113.9", id="with a port"),
        pytest.param("10.0.0.1", "[2001:db8::1]:40001", "2001:db8::1", id="IPv6 with a port"),
        pytest.param("10.0.0.1", "[2001:db8::1]", "2001:db8::1", id="in brackets"),
        pytest.param("10.0.0.1", "203.0.113.9:x", "10.0.0.1", id="with what is no port"),
        pytest.param("10.0.0.1", "203.0.113.9, 10.0.0.2:9", "203.0.113.9", id="a proxy of ours with a port"),
        pytest.param("::1", " , 2001:db8::1 ,", "2001:db8::1", id="empty parts"),
        ("", "203.0.113.9", ""),
    ],
)
def test_believes_only_its_own_proxies(settings: Settings, peer: str, forwarded: str, address: str) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("::1")]
    assert address_of(peer, forwarded) == address


@pytest.mark.parametrize("kind", ["basic", "bearer", "token"])
def test_takes_a_token_however_it_is_sent(kind: str) -> None:
    text, _ = accounts.issue("alice", scopes={Scope.READ}, by=an_origin())
    header = basic("__token__", text) if kind == "basic" else f"{kind.title()} {text}"
    assert Client(headers={"authorization": header}).get("/simple/").status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWxpY2U=",
        "Basic YWxpY2U6Y29ycmVjdCBob3JzZQ",
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic YWxpY2U6 Y29y",
        "Bearer",
        "Bearer  ",
        "Bearer alice",
        "Digest username=alice",
        "Negotiate abc",
        "alice:correct horse",
        "Basic " + base64.b64encode(b"alice:" + b"x" * 100_000).decode(),
        "Basic " + base64.b64encode(b"alice:\x00").decode(),
    ],
)
def test_refuses_what_is_no_credential(header: str) -> None:
    response = Client(headers={"authorization": header}).get("/simple/")
    assert (response.status_code, response["WWW-Authenticate"][:5]) == (401, "Basic")


def test_a_wrong_token_is_refused_even_where_reading_is_public(settings: Settings) -> None:
    settings.PUBLIC_READ = True
    assert Client().get("/simple/").status_code == 200
    assert Client(headers={"authorization": "Bearer epypi_x"}).get("/simple/").status_code == 401


def test_says_how_long_to_wait_after_too_many_wrong_passwords() -> None:
    guesser = Client(headers={"authorization": basic("alice", "wrong")})
    assert [guesser.get("/simple/").status_code for _ in range(12)] == [401] * 10 + [429] * 2
    refused = Client(headers={"authorization": basic("alice", "another")}).get("/simple/")
    assert (refused.status_code, 0 < int(refused["Retry-After"]) <= 5 * 60) == (429, True)
    text, _ = accounts.issue("alice", scopes={Scope.READ}, by=an_origin())
    assert Client(headers={"authorization": f"Bearer {text}"}).get("/simple/").status_code == 200
    elsewhere = Client(headers={"authorization": basic("alice", "correct horse")}, REMOTE_ADDR="198.51.100.1")
    assert elsewhere.get("/simple/").status_code == 200


def test_the_journal_knows_who_published_with_what_from_where() -> None:
    accounts.create("ci", role=Role.PUBLISHER, by=an_origin())
    text, info = accounts.issue("ci", scopes={Scope.PUBLISH}, by=an_origin())
    client = Client(
        headers={"authorization": basic("__token__", text), "user-agent": "twine/7.0"}, REMOTE_ADDR="198.51.100.1"
    )
    assert client.post("/legacy/", a_wheel().upload()).status_code == 200
    (entry,) = journal.latest(1)
    found = (entry.action, entry.actor, entry.credential, entry.address, entry.agent, entry.target)
    expected = ("publish", "ci", f"token {info.id}", "198.51.100.1", "twine/7.0", "demo_pkg-1.0-py3-none-any.whl")
    assert found == expected


class TestAToken:
    """What one may do whose token is for less."""

    @pytest.fixture
    def publisher(self) -> str:
        accounts.create("ci", role=Role.PUBLISHER, by=an_origin())
        return "ci"

    def client(self, account: str, *scopes: Scope, **limits: object) -> Client:
        text, _ = accounts.issue(account, scopes=scopes, by=an_origin(), **limits)  # type: ignore[arg-type]
        return Client(headers={"authorization": f"Bearer {text}"})

    def test_that_is_to_publish_reads_nothing(self, publisher: str) -> None:
        client = self.client(publisher, Scope.PUBLISH)
        assert client.post("/legacy/", a_wheel().upload()).status_code == 200
        for address in ("/", "/simple/", "/simple/demo-pkg/", "/pypi/demo-pkg/json"):
            response = client.get(address)
            assert (response.status_code, "the token is for 'publish' only" in response.reason_phrase) == (403, True)

    def test_that_is_to_read_publishes_nothing(self, publisher: str) -> None:
        client = self.client(publisher, Scope.READ)
        response = client.post("/legacy/", a_wheel().upload())
        assert (response.status_code, "takes 'publish'" in response.reason_phrase) == (403, True)

    def test_that_is_for_one_project_sees_no_other(self, publisher: str) -> None:
        client = self.client(publisher, Scope.READ, Scope.PUBLISH, projects={"demo-pkg"})
        assert client.post("/legacy/", a_wheel().upload()).status_code == 200
        assert client.post("/legacy/", a_wheel("other").upload()).status_code == 403
        assert client.get("/simple/Demo.Pkg/").status_code == 301
        assert client.get("/simple/demo-pkg/").status_code == 200
        filename = a_wheel().filename
        assert client.get(f"/packages/{filename}").status_code == 302
        everything = Client(headers={"authorization": basic("alice", "correct horse")})
        assert everything.post("/legacy/", a_wheel("other").upload()).status_code == 200
        hidden = a_wheel("other").filename
        for address in ("/simple/", "/simple/other/", f"/packages/other/{hidden}"):
            assert client.get(address).status_code == 403
        # Where the address does not name the project, nobody learns which one has the file, or that one has.
        answers = [client.get(f"/packages/{name}") for name in (hidden, hidden.replace("1.0", "9.9"))]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert b"project" not in answers[0].content
