"""Downloads, through a client, on both homes."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import catalog, downloads, publishing, storage
from packages.models import SignedUrl
from packages.store import Put, store
from tests.builders import NOON, Built, a_wheel, an_origin, an_sdist
from tests.conftest import BUCKET, Publish

DEMO = NormalizedName("demo-pkg")


def address(built: Built) -> str:
    return f"/packages/demo-pkg/{built.filename}"


def test_gives_the_bytes_with_what_caches_need(alice: Client, publish: Publish) -> None:
    wheel = publish()
    response = alice.get(address(wheel))
    assert response.getvalue() == wheel.content
    assert response.status_code == 200
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Length"] == str(len(wheel.content))
    assert response["ETag"] == f'"{wheel.sha256}"'
    assert response["Accept-Ranges"] == "bytes"
    assert response["Cache-Control"] == "private, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"] == f'attachment; filename="{wheel.filename}"'
    for absent in ("Content-Encoding", "Vary"):
        assert absent not in response


def test_a_public_file_may_be_kept_by_proxies(alice: Client, publish: Publish, settings: Settings) -> None:
    settings.PUBLIC_READ = True
    assert alice.get(address(publish()))["Cache-Control"] == "public, max-age=31536000, immutable"


def test_head_says_the_same_without_the_body(alice: Client, publish: Publish) -> None:
    wheel = publish()
    head, get = alice.head(address(wheel)), alice.get(address(wheel))
    assert (head.status_code, head.getvalue()) == (200, b"")
    assert dict(head.items()) == dict(get.items())


@pytest.mark.parametrize(
    ("filename", "in_address"),
    [
        ("demo_pkg-1.0+corp.1-py3-none-any.whl", "demo_pkg-1.0+corp.1-py3-none-any.whl"),
        ("demo_pkg-1.0+corp.1-py3-none-any.whl", "demo_pkg-1.0%2Bcorp.1-py3-none-any.whl"),
        ("demo_pkg-1!1.0-py3-none-any.whl", "demo_pkg-1!1.0-py3-none-any.whl"),
        ("demo_pkg-1!1.0-py3-none-any.whl", "demo_pkg-1%211.0-py3-none-any.whl"),
        ("Demo_Pkg-1.0-py3-none-any.whl", "Demo_Pkg-1.0-py3-none-any.whl"),
    ],
)
def test_names_survive_the_address(alice: Client, publish: Publish, filename: str, in_address: str) -> None:
    version = filename.split("-")[1]
    wheel = publish(a_wheel(version=version, filename=filename))
    response = alice.get(f"/packages/demo-pkg/{in_address}")
    assert response.getvalue() == wheel.content
    listing = alice.get("/simple/demo-pkg/?format=application/vnd.pypi.simple.v1%2Bjson").json()
    assert [file["url"] for file in listing["files"]] == [f"../../packages/demo-pkg/{filename}"]


class TestMetadata:
    def test_is_the_archives_own_to_the_byte(self, alice: Client, publish: Publish) -> None:
        wheel = publish(a_wheel(body="A README.\r\n\r\nWith odd line ends.\n"))
        response = alice.get(f"{address(wheel)}.metadata")
        assert response.getvalue() == wheel.metadata
        page = alice.get("/simple/demo-pkg/?format=application/vnd.pypi.simple.v1%2Bjson").json()
        assert response["ETag"] == '"{}"'.format(page["files"][0]["core-metadata"]["sha256"])
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"
        assert response["Content-Disposition"] == f'attachment; filename="{wheel.filename}.metadata"'
        again = alice.get(f"{address(wheel)}.metadata", headers={"if-none-match": response["ETag"]})
        assert again.status_code == 304
        head = alice.head(f"{address(wheel)}.metadata")
        assert (head["Content-Length"], head.content) == (str(len(wheel.metadata)), b"")

    def test_is_not_promised_for_sdists(self, alice: Client, publish: Publish) -> None:
        assert alice.get(f"{address(publish(an_sdist()))}.metadata").status_code == 404


class TestConditions:
    def test_304_for_who_has_the_bytes(self, alice: Client, publish: Publish) -> None:
        wheel = publish()
        first = alice.get(address(wheel))
        by_etag = alice.get(address(wheel), headers={"if-none-match": f'"other", {first["ETag"]}'})
        by_date = alice.get(address(wheel), headers={"if-modified-since": first["Last-Modified"]})
        for known in (by_etag, by_date):
            assert (known.status_code, known.getvalue()) == (304, b"")
            assert known["Cache-Control"] == first["Cache-Control"]

    def test_412_for_who_wants_other_bytes(self, alice: Client, publish: Publish) -> None:
        assert alice.get(address(publish()), headers={"if-match": '"other"'}).status_code == 412


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "first", "length"),
        [
            ("bytes=0-9", 0, 10),
            ("bytes=10-19", 10, 10),
            ("bytes=5-", 5, None),
            ("bytes=-7", -7, 7),
            ("bytes=-999999", 0, None),
            ("bytes=3-999999", 3, None),
            ("Bytes = 3 - 4", 3, 2),
        ],
    )
    def test_gives_the_part_asked_for(
        self, alice: Client, publish: Publish, asked: str, first: int, length: int | None
    ) -> None:
        wheel = publish()
        expected = wheel.content[first:][:length]
        response = alice.get(address(wheel), headers={"range": asked})
        assert response.getvalue() == expected
        assert response.status_code == 206
        assert response["Content-Length"] == str(len(expected))
        start = wheel.content.index(expected)
        total = len(wheel.content)
        assert response["Content-Range"] == f"bytes {start}-{start + len(expected) - 1}/{total}"
        assert response["Content-Disposition"] == f'attachment; filename="{wheel.filename}"'

    @pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=-", "bytes=0-1,4-5", "bytes=x-y", "items=0-1", "bytes"])
    def test_gives_the_whole_for_a_range_it_does_not_serve(self, alice: Client, publish: Publish, asked: str) -> None:
        wheel = publish()
        response = alice.get(address(wheel), headers={"range": asked})
        assert (response.status_code, response.getvalue()) == (200, wheel.content)

    @pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
    def test_refuses_a_range_outside(self, alice: Client, publish: Publish, asked: str) -> None:
        wheel = publish()
        response = alice.get(address(wheel), headers={"range": asked})
        assert response.status_code == 416
        assert response["Content-Range"] == f"bytes */{len(wheel.content)}"

    def test_if_range_lets_a_broken_download_go_on_with_the_same_bytes(self, alice: Client, publish: Publish) -> None:
        wheel = publish()
        whole = alice.head(address(wheel))
        for validator, status in (
            (whole["ETag"], 206),
            (whole["Last-Modified"], 206),
            ('"other"', 200),
            ("Mon, 01 Jan 2024 00:00:00 GMT", 200),
            ("nonsense", 200),
        ):
            response = alice.get(address(wheel), headers={"range": "bytes=4-", "if-range": validator})
            assert response.status_code == status, validator

    def test_head_ignores_a_range(self, alice: Client, publish: Publish) -> None:
        response = alice.head(address(publish()), headers={"range": "bytes=0-1"})
        assert response.status_code == 200


class TestOldAddress:
    @pytest.mark.parametrize(
        ("built", "location"),
        [
            (a_wheel(), "demo-pkg/demo_pkg-1.0-py3-none-any.whl"),
            (an_sdist(version="1.0.post1", filename="Demo-Pkg-1.0-1.tar.gz"), "demo-pkg/Demo-Pkg-1.0-1.tar.gz"),
            (a_wheel(version="1.0+corp"), "demo-pkg/demo_pkg-1.0+corp-py3-none-any.whl"),
        ],
    )
    def test_leads_to_the_new_one(self, alice: Client, publish: Publish, built: Built, location: str) -> None:
        publish(built)
        response = alice.get(f"/packages/{built.filename}")
        assert (response.status_code, response["Location"]) == (302, location)

    def test_leads_to_the_metadata_too(self, alice: Client, publish: Publish) -> None:
        wheel = publish()
        response = alice.get(f"/packages/{wheel.filename}.metadata")
        assert response["Location"] == f"demo-pkg/{wheel.filename}.metadata"

    @pytest.mark.parametrize("filename", ["demo_pkg-9.9.tar.gz", "readme.txt", "x.whl", "-.tar.gz", "a-1.0.tar.gz"])
    def test_leads_nowhere_for_an_unknown_file(self, alice: Client, publish: Publish, filename: str) -> None:
        publish()
        assert alice.get(f"/packages/{filename}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "demo-pkg/demo_pkg-9.9-py3-none-any.whl",
        "demo-pkg/nonsense",
        "demo-pkg/.metadata",
        "nobody/demo_pkg-1.0-py3-none-any.whl",
        "demo-pkg/..%2F..%2Fetc%2Fpasswd",
        "%00/demo_pkg-1.0-py3-none-any.whl",
    ],
)
def test_404_for_what_is_not_there(alice: Client, publish: Publish, path: str) -> None:
    publish()
    assert alice.get(f"/packages/{path}").status_code == 404


@pytest.mark.parametrize(
    "filename",
    [
        "a-" * 20_000 + "1.tar.gz",
        # Three sets of 60 tags stand for 216,000.
        "demo_pkg-1.0-" + "-".join([".".join(f"p{number}" for number in range(60))] * 3) + ".whl",
        "demo_pkg-1.0-" + "-".join([".".join("abcdefghijk")] * 3) + ".whl",
        "demo_pkg-" + "1" * 5000 + "-py3-none-any.whl",
    ],
)
@pytest.mark.parametrize("folder", ["/packages", "/packages/demo-pkg", "/packages/" + "a" * 3000])
def test_long_names_cost_nothing(alice: Client, publish: Publish, folder: str, filename: str) -> None:
    publish()
    assert alice.get(f"{folder}/{filename}").status_code == 404


def test_removed_and_quarantined_files_are_not_given(alice: Client, publish: Publish) -> None:
    wheel = publish()
    publishing.set_status(DEMO, "quarantined", by=an_origin())
    response = alice.get(address(wheel))
    assert response.status_code == 404
    assert b"The project demo-pkg is quarantined" in response.content
    assert b"There is no file" in alice.get(address(wheel).replace("1.0", "9.9")).content
    publishing.set_status(DEMO, "active", by=an_origin())
    publishing.remove(DEMO, "1.0", by=an_origin())
    assert alice.get(address(wheel)).status_code == 404
    assert alice.get(f"/packages/{wheel.filename}").status_code == 404


def test_downloads_need_credentials(publish: Publish) -> None:
    wheel = publish()
    for path in (address(wheel), f"{address(wheel)}.metadata", f"/packages/{wheel.filename}"):
        assert Client().get(path).status_code == 401


@pytest.mark.parametrize("suffix", ["", ".metadata"])
def test_bytes_that_storage_has_lost_are_no_404(
    alice: Client, publish: Publish, caplog: pytest.LogCaptureFixture, suffix: str
) -> None:
    wheel = publish()
    publish(an_sdist())
    file, _ = catalog.find_file(DEMO, wheel.filename)
    storage.delete(f"{file.key}{suffix}")
    response = alice.get(f"{address(wheel)}{suffix}")
    assert response.status_code == 500
    assert response.content.decode() == (
        "The index has this file, and storage has lost its bytes; tell an administrator.\n"
    )
    # No moment brings them back.
    assert "Retry-After" not in response
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert f"storage has lost {file.key}{suffix} (" in line.getMessage()


def test_storage_that_is_gone_is_a_passing_fault(
    alice: Client, home: str, publish: Publish, settings: Settings, tmp_path: Path
) -> None:
    wheel = publish()
    if home == "machine":
        (tmp_path / "storage").rename(tmp_path / "unmounted")
    else:
        options = {"bucket_name": f"{BUCKET}-that-is-not-there"}
        settings.STORAGES = {"default": {"BACKEND": "packages.storage.bucket.BucketStorage", "OPTIONS": options}}
    for suffix in ("", ".metadata"):
        response = alice.get(f"{address(wheel)}{suffix}")
        assert (response.status_code, response["Retry-After"]) == (503, "2")


class TestLargeFiles:
    @pytest.fixture
    def large(self, settings: Settings, publish: Publish) -> Built:
        wheel = publish()
        settings.STREAM_LIMIT = len(wheel.content) - 1
        return wheel

    def test_are_streamed_on_one_machine_and_redirected_on_s3(self, alice: Client, home: str, large: Built) -> None:
        response = alice.get(address(large))
        if home == "machine":
            assert (response.status_code, response.getvalue()) == (200, large.content)
            return
        assert response.status_code == 302
        assert response["Cache-Control"] == "no-store"
        target = urlsplit(response["Location"])
        file, _ = catalog.find_file(DEMO, large.filename)
        # The bucket's own region: newer regions refuse what was signed for the global endpoint.
        assert target.hostname == f"{BUCKET}.s3.eu-central-1.amazonaws.com"
        assert target.path == f"/{file.key}"
        query = parse_qs(target.query)
        assert query["X-Amz-Signature"]
        disposition = f'attachment; filename="{large.filename}"'
        assert query["response-content-disposition"] == [disposition]
        given = requests.get(response["Location"], timeout=60)
        assert (given.content, given.headers["Content-Disposition"]) == (large.content, disposition)

    def test_are_answered_here_for_head_and_304(self, alice: Client, large: Built) -> None:
        head = alice.head(address(large))
        assert (head.status_code, head["Content-Length"]) == (200, str(len(large.content)))
        assert head["Accept-Ranges"] == "bytes"
        assert alice.get(address(large), headers={"if-none-match": head["ETag"]}).status_code == 304

    def test_so_is_metadata_of_that_size(self, alice: Client, home: str, publish: Publish, settings: Settings) -> None:
        wheel = publish(a_wheel(version="2.0", body="A long README\n" * 100))
        settings.STREAM_LIMIT = 100
        response = alice.get(f"{address(wheel)}.metadata")
        if home == "machine":
            assert (response.status_code, response.content) == (200, wheel.metadata)
        else:
            assert (response.status_code, response["Cache-Control"]) == (302, "no-store")
            assert urlsplit(response["Location"]).path.endswith(f"/{wheel.filename}.metadata")

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_keep_one_address_for_half_its_life(self, large: Built) -> None:
        def address_at(minutes: int) -> str:
            file, known = catalog.find_file(DEMO, large.filename)
            found = downloads.address_of(file, known, NOON + timedelta(minutes=minutes))
            assert found is not None
            return found

        # botocore signs for the second at hand, which these calls may share: mark the first one.
        first = address_at(0)
        item = store().get(SignedUrl.key(DEMO, large.filename))
        assert isinstance(item, SignedUrl)
        item.url = f"{first}&kept"
        store().write(Put(item=item))
        assert address_at(1) == address_at(29) == f"{first}&kept"
        assert not address_at(31).endswith("&kept")

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_give_everybody_the_address_that_was_kept_first(self, large: Built) -> None:
        file, known = catalog.find_file(DEMO, large.filename)
        downloads.address_of(file, known, NOON)
        item = store().get(SignedUrl.key(DEMO, large.filename))
        assert isinstance(item, SignedUrl)
        item.url = "https://elsewhere.invalid/first"
        store().write(Put(item=item))
        # Somebody who read before the first was kept signs too, and finds that he was second.
        assert downloads.address_of(file, None, NOON) == "https://elsewhere.invalid/first"

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_an_overwritten_file_gets_an_address_of_its_own(
        self, alice: Client, large: Built, settings: Settings
    ) -> None:
        before = alice.get(address(large))["Location"]
        settings.OVERWRITE = True
        other = a_wheel(files={"more.py": b"#" * 1000})
        assert alice.post("/legacy/", other.upload()).status_code == 200
        after = alice.get(address(large))["Location"]
        assert urlsplit(after).path != urlsplit(before).path
