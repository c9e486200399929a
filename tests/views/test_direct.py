"""Direct upload on both homes: reserve, put, finalize, and everything that can come between."""

from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings
from waitress.adjustments import Adjustments

from packages import publishing, storage, tickets
from packages.server import Parser, Spool
from packages.storage.bucket import LARGEST_PUT
from tests.builders import Built, a_wheel, an_origin, an_sdist
from tests.conftest import BUCKET, Publish, Reader, basic
from tests.test_publishing import purged
from tests.threads import all_at_once
from tests.views.test_uploads import assert_refused, files_listed

DEMO = NormalizedName("demo-pkg")
ALREADY = "File already exists ("


def announcement(built: Built, **fields: str) -> dict[str, str]:
    """The form that a publishing tool sends ahead of a file, with fields added or replaced."""
    return {
        ":action": "file_upload",
        "protocol_version": "1",
        "filename": built.filename,
        "name": "demo-pkg",
        "version": "1.0",
        "filetype": "sdist" if built.filename.endswith(".tar.gz") else "bdist_wheel",
        "sha256_digest": built.sha256,
        "size": str(len(built.content)),
        **fields,
    }


def put(reservation: Any, content: bytes) -> int:
    """Put bytes where they were told to go, with no credentials but the address; gives the status."""
    address = reservation.json()["upload_url"]
    headers = reservation.json()["upload_headers"] or {}
    if address.startswith("http://testserver/"):
        response = Reader().put(address.removeprefix("http://testserver"), content, "application/octet-stream")
        return int(response.status_code)
    return requests.put(address, content, headers=headers, timeout=60).status_code


def send(client: Client, built: Built, **fields: str) -> Any:
    """The whole conversation, expected to go well until it is finalized; gives the last answer."""
    reservation = client.post("/legacy/reserve", announcement(built, **fields))
    assert reservation.status_code == 201, reservation.content
    assert put(reservation, built.content) == 200
    return client.post("/legacy/finalize", announcement(built, **fields))


def waiting(built: Built) -> storage.Stored | None:
    return storage.find(storage.incoming_key_for(DEMO, built.sha256, built.filename))


@pytest.mark.parametrize("built", [a_wheel(requires_python=">=3.9"), an_sdist()], ids=["wheel", "sdist"])
def test_publishes_what_was_put(alice: Client, built: Built) -> None:
    response = send(alice, built)
    assert (response.status_code, response.content) == (200, b"")
    assert files_listed(alice) == [built.filename]
    download = alice.get(f"/packages/demo-pkg/{built.filename}")
    assert download.getvalue() == built.content
    assert download["Content-Type"] == "application/octet-stream"
    assert waiting(built) is None
    if built.filename.endswith(".whl"):
        assert alice.get(f"/packages/demo-pkg/{built.filename}.metadata").content == built.metadata


@pytest.mark.parametrize("base", ["", "/", "legacy/", "legacy//", "simple/", "simple//"])
@pytest.mark.parametrize("end", ["", "/"])
def test_answers_below_every_upload_address(alice: Client, base: str, end: str) -> None:
    wheel = a_wheel()
    # uv doubles the slash where the upload address has one at its end.
    reserve: dict[str, Any] = {"PATH_INFO": f"/{base}reserve{end}"}
    finalize: dict[str, Any] = {"PATH_INFO": f"/{base}finalize{end}"}
    reservation = alice.post("/", announcement(wheel), **reserve)
    assert reservation.status_code == 201
    assert reservation["Cache-Control"] == "no-store"
    assert put(reservation, wheel.content) == 200
    assert alice.post("/", announcement(wheel), **finalize).status_code == 200
    assert files_listed(alice) == [wheel.filename]


def test_leaves_a_project_of_that_name_its_page(alice: Client, publish: Publish) -> None:
    publish(a_wheel("reserve"))
    assert files_listed(alice, "reserve") == ["reserve-1.0-py3-none-any.whl"]
    assert alice.get("/legacy/reserve").status_code == 405


def test_says_at_once_that_the_same_bytes_are_published(alice: Client, publish: Publish) -> None:
    wheel = publish()
    reservation = alice.post("/legacy/reserve", announcement(wheel))
    assert (reservation.status_code, reservation.content) == (200, b"")


def test_finalizing_again_is_a_success(alice: Client) -> None:
    wheel = a_wheel()
    assert send(alice, wheel).status_code == 200
    assert alice.post("/legacy/finalize", announcement(wheel)).status_code == 200
    assert files_listed(alice) == [wheel.filename]


def test_asks_for_no_bytes_that_an_earlier_try_has_put(alice: Client) -> None:
    wheel = a_wheel()
    assert put(alice.post("/legacy/reserve", announcement(wheel)), wheel.content) == 200
    again = alice.post("/legacy/reserve", announcement(wheel))
    assert again.status_code == 201
    assert again.json() == {"upload_url": None, "upload_headers": None}
    assert alice.post("/legacy/finalize", announcement(wheel)).status_code == 200


def test_many_who_finalize_at_once_all_succeed(alice: Client, home: str) -> None:
    wheel = a_wheel()
    assert put(alice.post("/legacy/reserve", announcement(wheel)), wheel.content) == 200
    statuses: list[int] = []

    def finalize(_: int) -> None:
        client = Reader(headers={"authorization": basic("alice", "correct horse")})
        statuses.append(client.post("/legacy/finalize", announcement(wheel)).status_code)

    all_at_once(finalize, 8)
    assert statuses == [200] * 8
    assert waiting(wheel) is None
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


@pytest.mark.parametrize("again", ["directly", "as a form"])
def test_bytes_that_storage_has_lost_are_published_again(alice: Client, publish: Publish, again: str) -> None:
    wheel = publish()
    storage.delete(storage.key_for(DEMO, wheel.sha256, wheel.filename))
    if again == "directly":
        assert send(alice, wheel).status_code == 200
    else:
        publish(wheel)
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


def test_a_mistake_in_the_form_costs_no_bytes(alice: Client, publish: Publish) -> None:
    wheel = a_wheel()
    assert put(alice.post("/legacy/reserve", announcement(wheel)), wheel.content) == 200
    assert_refused(alice.post("/legacy/finalize", announcement(wheel, size="7")), 400, "bytes, not 7 as was said")
    publish(a_wheel(version="0.9"))
    publishing.set_status(DEMO, "archived", by=an_origin())
    assert_refused(alice.post("/legacy/finalize", announcement(wheel)), 403, "Project demo-pkg is archived")
    publishing.set_status(DEMO, "active", by=an_origin())
    assert alice.post("/legacy/finalize", announcement(wheel)).status_code == 200


def test_the_size_need_not_be_said(alice: Client) -> None:
    # uv does not say it.
    assert send(alice, a_wheel(), size="").status_code == 200


def test_nothing_is_published_before_its_bytes_have_arrived(alice: Client) -> None:
    wheel = a_wheel()
    alice.post("/legacy/reserve", announcement(wheel))
    response = alice.post("/legacy/finalize", announcement(wheel))
    assert_refused(response, 400, f"The bytes of {wheel.filename} have not arrived")
    assert files_listed(alice) == []


def test_other_bytes_under_a_published_name_are_refused_before_they_are_sent(alice: Client, publish: Publish) -> None:
    publish()
    other = a_wheel(files={"more.py": b"#"})
    assert_refused(alice.post("/legacy/reserve", announcement(other)), 400, ALREADY)


def test_the_loser_of_a_race_is_told_and_leaves_nothing(alice: Client, publish: Publish) -> None:
    other = a_wheel(files={"more.py": b"#"})
    reservation = alice.post("/legacy/reserve", announcement(other))
    wheel = publish()
    assert put(reservation, other.content) == 200
    assert_refused(alice.post("/legacy/finalize", announcement(other)), 400, ALREADY)
    assert waiting(other) is None
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


def test_other_bytes_replace_published_ones_where_that_is_allowed(
    alice: Client, publish: Publish, settings: Settings
) -> None:
    settings.OVERWRITE = True
    publish()
    other = a_wheel(files={"more.py": b"#"})
    assert send(alice, other).status_code == 200
    assert alice.get(f"/packages/demo-pkg/{other.filename}").getvalue() == other.content


def test_bytes_come_back_after_they_were_purged(alice: Client) -> None:
    wheel = a_wheel()
    send(alice, wheel)
    purged(DEMO, "1.0")
    assert files_listed(alice) == []
    assert send(alice, wheel).status_code == 200
    assert alice.get(f"/packages/demo-pkg/{wheel.filename}").getvalue() == wheel.content


def test_a_closed_project_takes_no_files(alice: Client, publish: Publish) -> None:
    publish(a_wheel(version="0.9"))
    publishing.set_status(DEMO, "archived", reason="moved", by=an_origin())
    assert_refused(alice.post("/legacy/reserve", announcement(a_wheel())), 403, "Project demo-pkg is archived")


@pytest.mark.parametrize("step", ["reserve", "finalize"])
def test_strangers_get_nothing(alice: Client, step: str) -> None:
    form = announcement(a_wheel())
    assert Client().post(f"/legacy/{step}", form).status_code == 401
    wrong = Client(headers={"authorization": basic("alice", "guess")})
    assert_refused(wrong.post(f"/legacy/{step}", form), 401, "Invalid or non-existent authentication information.")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"filename": ""}, "The field 'filename' is missing"),
        ({"name": ""}, "The field 'name' is missing"),
        ({"version": ""}, "The field 'version' is missing"),
        ({"sha256_digest": ""}, "The field 'sha256_digest' is missing"),
        ({"sha256_digest": "short"}, "'short' is an invalid value for sha256_digest"),
        ({"name": "-"}, "'-' is an invalid value for name"),
        ({"version": "one"}, "'one' is an invalid value for version"),
        ({"size": "-1"}, "'-1' is an invalid value for size"),
        ({"size": "a lot"}, "'a lot' is an invalid value for size"),
        ({"filetype": "sdist"}, "is not of the filetype 'sdist'"),
        ({"filename": "../../etc/passwd"}, "only letters, digits and '.', '_', '+', '!', '-' are allowed"),
        ({"filename": "demo_pkg-1.0-py3-none-any.exe", "filetype": ""}, "Windows installers are not installable"),
        ({"name": "other"}, "names the project 'demo-pkg', but"),
        ({"version": "2.0"}, "names version '1.0', but"),
        ({":action": "submit"}, "is no longer served"),
    ],
)
def test_refuses_an_announcement_that_makes_no_sense(alice: Client, fields: dict[str, str], sentence: str) -> None:
    for step in ("reserve", "finalize"):
        response = alice.post(f"/legacy/{step}", announcement(a_wheel(), **fields))
        assert_refused(response, 410 if ":action" in fields else 400, sentence)


def test_refuses_what_is_too_large_before_it_is_sent(alice: Client, settings: Settings) -> None:
    wheel = a_wheel()
    settings.MAX_UPLOAD_SIZE = len(wheel.content) - 1
    assert_refused(alice.post("/legacy/reserve", announcement(wheel)), 413, "File too large. The limit of this index")


def test_refuses_what_turns_out_to_be_too_large(alice: Client, settings: Settings, home: str) -> None:
    wheel = a_wheel()
    settings.MAX_UPLOAD_SIZE = len(wheel.content) - 1
    reservation = alice.post("/legacy/reserve", announcement(wheel, size=""))
    # S3 was not told of a limit.
    assert put(reservation, wheel.content) == {"machine": 413, "aws": 200}[home]
    response = alice.post("/legacy/finalize", announcement(wheel, size=""))
    assert response.status_code == {"machine": 400, "aws": 413}[home]
    assert waiting(wheel) is None
    assert files_listed(alice) == []


def test_refuses_a_file_that_contradicts_its_announcement_and_leaves_nothing(alice: Client) -> None:
    wheel = a_wheel("other", filename="demo_pkg-1.0-py3-none-any.whl")
    response = send(alice, wheel)
    assert_refused(response, 400, "Invalid distribution file: wheel")
    assert waiting(wheel) is None
    broken = Built("demo_pkg-1.0-py3-none-any.whl", b"no zip at all", b"")
    assert_refused(send(alice, broken), 400, "is not a valid zip archive")
    assert waiting(broken) is None
    assert files_listed(alice) == []


@pytest.mark.parametrize("home", ["machine"], indirect=True)
class TestOnOneMachine:
    def test_takes_only_the_announced_bytes(self, alice: Client) -> None:
        wheel = a_wheel()
        for content, fields in (
            (wheel.content[:-1] + b"x", {}),
            (wheel.content[:-1], {}),
            (wheel.content + b"x", {}),
            (b"", {}),
            (wheel.content + b"x", {"size": ""}),
        ):
            assert put(alice.post("/legacy/reserve", announcement(wheel, **fields)), content) == 400
            assert waiting(wheel) is None

    def test_says_what_is_wrong_with_the_bytes(self, alice: Client) -> None:
        wheel = a_wheel()
        address = alice.post("/legacy/reserve", announcement(wheel)).json()["upload_url"]
        assert_refused(Reader().put(address, b"x" * len(wheel.content)), 400, "The sha256 of the request's body is")
        assert_refused(Reader().put(address, b"x"), 400, "body has 1 bytes, not")

    @pytest.mark.parametrize("ticket", ["x", "a:b:c", ""])
    def test_knows_its_own_tickets(self, alice: Client, ticket: str) -> None:
        genuine = alice.post("/legacy/reserve", announcement(a_wheel())).json()["upload_url"]
        response = Reader().put(f"{genuine}{ticket or 'x'}", b"content")
        assert_refused(response, 403, "This address has expired, or is not one that reserve gave")

    def test_a_ticket_expires(self, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        reservation = alice.post("/legacy/reserve", announcement(a_wheel()))
        monkeypatch.setattr(tickets, "RESERVED_FOR", -1)
        assert put(reservation, a_wheel().content) == 403

    def test_an_upload_may_outlast_its_ticket(self, alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        wheel = a_wheel()
        address = alice.post("/legacy/reserve", announcement(wheel)).json()["upload_url"]
        seen: Any = {tickets.SEEN: tickets.read(address.rpartition("=")[2])}
        monkeypatch.setattr(tickets, "RESERVED_FOR", -1)
        assert Reader().put(address, wheel.content, "application/octet-stream", **seen).status_code == 200

    def test_only_puts(self, alice: Client) -> None:
        address = alice.post("/legacy/reserve", announcement(a_wheel())).json()["upload_url"]
        response = alice.get(address)
        assert_refused(response, 405, "Distribution files are PUT here")
        assert response["Allow"] == "PUT"

    def test_no_log_shows_a_ticket(self, alice: Client, machine: Path, caplog: pytest.LogCaptureFixture) -> None:
        wheel = a_wheel()
        address = alice.post("/legacy/reserve", announcement(wheel)).json()["upload_url"]
        (machine / "storage").write_text("in the way")
        assert Reader().put(address, wheel.content, "application/octet-stream").status_code == 503
        assert "The file storage cannot be used right now" in caplog.text
        assert len(caplog.records) == 1
        assert address.rpartition("=")[2] not in caplog.text

    def test_the_server_keeps_only_what_a_ticket_is_for(self, alice: Client) -> None:
        wheel = a_wheel()
        sized = alice.post("/legacy/reserve", announcement(wheel)).json()["upload_url"].partition("?")[2]
        unsized = alice.post("/legacy/reserve", announcement(wheel, size="")).json()["upload_url"].partition("?")[2]
        for query, framing, kept in (
            (sized, f"Content-Length: {len(wheel.content)}", True),
            (sized, f"Content-Length: {len(wheel.content) + 1}", False),
            (sized, "Transfer-Encoding: chunked", False),
            (unsized, "Content-Length: 5000000", True),
            (unsized, "Content-Length: 5000000000", False),
            ("ticket=forged", "Content-Length: 1", False),
            ("", "Content-Length: 1", False),
        ):
            parser = Parser(Adjustments(), "192.0.2.1")
            parser.parse_header(f"PUT /legacy/incoming?{query} HTTP/1.1\r\nHost: x\r\n{framing}".encode())
            assert isinstance(parser.body_rcv.buf, Spool) is kept
            parser.body_rcv.buf.close()

    def test_putting_twice_is_no_mistake(self, alice: Client) -> None:
        wheel = a_wheel()
        reservation = alice.post("/legacy/reserve", announcement(wheel))
        assert [put(reservation, wheel.content) for _ in range(2)] == [200, 200]


@pytest.mark.parametrize("home", ["aws"], indirect=True)
class TestOnS3:
    def test_the_address_is_bound_to_the_bytes(self, alice: Client) -> None:
        wheel = a_wheel()
        answer = alice.post("/legacy/reserve", announcement(wheel)).json()
        assert answer["upload_url"].startswith(f"https://{BUCKET}.s3.eu-central-1.amazonaws.com/incoming/demo-pkg/")
        assert (
            "X-Amz-SignedHeaders=content-length%3Bhost%3Bif-none-match%3Bx-amz-checksum-sha256&"
            in (answer["upload_url"])
        )
        assert set(answer["upload_headers"]) == {"If-None-Match", "x-amz-checksum-sha256"}

    def test_what_is_there_is_not_put_again(self, alice: Client) -> None:
        wheel = a_wheel()
        reservation = alice.post("/legacy/reserve", announcement(wheel))
        assert [put(reservation, wheel.content) for _ in range(2)] == [200, 412]

    @pytest.mark.parametrize("options", [{"ChecksumAlgorithm": "SHA256"}, {}], ids=["checksum", "no checksum"])
    def test_other_bytes_that_came_by_another_way_are_refused(self, alice: Client, options: Any) -> None:
        wheel = a_wheel()
        key = storage.incoming_key_for(DEMO, wheel.sha256, wheel.filename)
        content = b"x" * len(wheel.content)
        boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content, **options)
        assert_refused(alice.post("/legacy/finalize", announcement(wheel)), 400, "The sha256 of the bytes that arrived")
        assert waiting(wheel) is None

    def test_more_than_one_put_can_carry_is_refused(self, alice: Client, settings: Settings) -> None:
        settings.MAX_UPLOAD_SIZE = 10 * LARGEST_PUT
        response = alice.post("/legacy/reserve", announcement(a_wheel(), size=str(LARGEST_PUT + 1)))
        assert_refused(response, 413, "S3 takes 5368709120 (5 GB) in one piece")
        assert alice.post("/legacy/reserve", announcement(a_wheel(), size=str(LARGEST_PUT))).status_code == 201

    def test_what_the_publisher_says_of_the_object_is_forgotten(self, alice: Client) -> None:
        sdist = an_sdist()
        reservation = alice.post("/legacy/reserve", announcement(sdist)).json()
        headers = {**reservation["upload_headers"], "Content-Encoding": "gzip", "Content-Type": "text/html"}
        requests.put(reservation["upload_url"], sdist.content, headers=headers, timeout=60)
        assert alice.post("/legacy/finalize", announcement(sdist)).status_code == 200
        key = storage.key_for(DEMO, sdist.sha256, sdist.filename)
        head = boto3.client("s3").head_object(Bucket=BUCKET, Key=key)
        assert (head["ContentType"], head.get("ContentEncoding")) == ("application/octet-stream", None)
