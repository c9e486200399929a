"""Storage by project, and whether it holds what the index says."""

import os
from datetime import timedelta
from pathlib import Path

import boto3
import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName

from packages import catalog, listings, publishing, storage
from packages.listings import drift as room
from packages.listings.drift import Drift, drift
from packages.models import File
from tests.builders import a_wheel, an_origin, an_sdist
from tests.conftest import BUCKET
from tests.counting import Calls
from tests.views.web.manage.conftest import know_the_lists
from tests.views.web.seeing import seen

ADDRESS = "/manage/storage/"
NAMES = ("a", "a-b", "a.b.c", "b", "c")
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)
LATER = timedelta(days=2)


@pytest.fixture
def published(home: str) -> dict[str, list[File]]:
    """Some projects of two files each."""
    for name in NAMES:
        for built in (a_wheel(name), an_sdist(name)):
            publishing.publish(built.received(), by=an_origin(time=timezone.now()), overwrite=False)
    names = [NormalizedName(row.name) for row in listings.projects().rows]
    return {name: list(catalog.rows_of(name)) for name in names}


def compared(*, later: bool = True, seconds: float = 60.0, after: str = "") -> Drift:
    now = timezone.now() + (LATER if later else timedelta(0))
    return drift(listings.files().rows, now, seconds=seconds, after=after)


def replace(key: str, content: bytes) -> None:
    storage.delete(key)
    storage.save(key, ContentFile(content))


def test_storage_is_shown_by_project(browser: Client, published: dict[str, list[File]]) -> None:
    publishing.remove(NormalizedName("b"), by=an_origin(time=timezone.now()))
    page = seen(browser.get(f"{ADDRESS}?sort=project"))
    assert page.links["a"] == "/manage/files/?project=a"
    assert "0 + 2 deleted 0 bytes" in page.text
    assert "8 published files take" in page.text
    assert "2 deleted ones that can be restored" in page.text
    assert "None of 5 projects matches" in seen(browser.get(f"{ADDRESS}?q=zzz")).text


def test_objects_are_listed_in_the_order_of_their_keys(published: dict[str, list[File]]) -> None:
    keys = [one.key for one in storage.published_objects()]
    assert keys == sorted(keys)
    assert len(keys) == 4 * len(NAMES)
    sizes = {one.key: one.size for one in storage.published_objects()}
    for rows in published.values():
        assert {row.object_key: int(row.size) for row in rows}.items() <= sizes.items()
    for place, key in enumerate(keys):
        assert [one.key for one in storage.published_objects(key)] == keys[place + 1 :]
    # Not a key at all.
    assert [one.key for one in storage.published_objects("files/a/zzz")] == [key for key in keys if key > "files/a/zzz"]
    assert list(storage.published_objects("files/~")) == []


def test_a_storage_without_anything_is_as_it_should_be(home: str) -> None:
    found = compared()
    assert (found.whole, found.faults, found.objects) == (True, 0, 0)


def test_what_the_index_says_is_there(published: dict[str, list[File]]) -> None:
    publishing.remove(NormalizedName("b"), by=an_origin(time=timezone.now()))
    publishing.remove(NormalizedName("c"), by=an_origin(time=timezone.now()))
    publishing.purge(NormalizedName("c"), by=an_origin(time=timezone.now()))
    # What comes back after a purge lies elsewhere.
    publishing.publish(a_wheel("c").received(), by=an_origin(time=timezone.now()), overwrite=False)
    found = compared()
    assert (found.whole, found.faults, found.objects) == (True, 0, 2 * 9)


def test_it_tells_what_is_missing_wrong_and_nobodys(browser: Client, published: dict[str, list[File]]) -> None:
    missing, other = published["a-b"][0], published["b"][1]
    storage.delete(missing.object_key)
    storage.delete(missing.distribution().metadata_key)
    replace(other.object_key, b"short")
    for key in ("files/nobody/x/y.whl", "files/a/x", "files/stray", f"{other.object_key}.old"):
        storage.save(key, ContentFile(b"orphan"))
    found = compared()
    assert found.whole
    assert [fault.key for fault in found.missing.named] == [
        missing.object_key,
        missing.distribution().metadata_key,
    ]
    assert [(fault.key, fault.says) for fault in found.wrong.named] == [
        (other.object_key, f"it has 5 bytes, and should have {other.size}")
    ]
    # Those that lie in the folder of a project lead to it.
    assert sorted((fault.key, fault.project) for fault in found.orphans.named) == sorted(
        [("files/nobody/x/y.whl", ""), ("files/a/x", "a"), ("files/stray", ""), (f"{other.object_key}.old", "b")]
    )
    page = seen(browser.post(ADDRESS))
    assert "Storage does not hold what the index says: 3 differences." in page.text
    assert f"{other.filename} of b: it has 5 bytes, and should have {other.size}" in page.text
    assert f"{missing.filename} of a-b: the file itself is not there {missing.object_key}" in page.text
    assert page.links[other.filename] == f"/manage/files/?project=b&q={other.filename}"
    assert page.links["b"] == "/project/b/manage/"
    assert other.filename in seen(browser.get(page.links[other.filename])).text
    # Young ones may still be waiting for their rows.
    assert "Nobody's 0" in page.text


def test_changed_metadata_is_found_by_its_digest(browser: Client, published: dict[str, list[File]]) -> None:
    longer, same = published["a"][0].distribution(), published["b"][0].distribution()
    replace(longer.metadata_key, storage.read(longer.metadata_key) + b"\nX")
    replace(same.metadata_key, storage.read(same.metadata_key).replace(b"1.0", b"1.1"))
    found = compared()
    assert (found.whole, found.faults) == (True, 2)
    assert [(fault.key, fault.filename) for fault in found.wrong.named] == [
        (longer.metadata_key, longer.filename),
        (same.metadata_key, same.filename),
    ]
    page = seen(browser.post(ADDRESS))
    assert f"{longer.filename} of a: its metadata has another digest than the index says" in page.text


@ON_ONE_MACHINE
def test_metadata_that_is_far_too_long_is_not_read(
    published: dict[str, list[File]], monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = published["a"][0].distribution()
    replace(longest.metadata_key, b"x" * 10_000)
    monkeypatch.setattr(room, "LARGEST_METADATA", 9_999)
    read, keys = storage.read, list[str]()

    def noting(key: str) -> bytes:
        keys.append(key)
        return read(key)

    monkeypatch.setattr(storage, "read", noting)
    assert compared().wrong.number == 1
    assert len(keys) == 2 * len(NAMES) - 1


@ON_ONE_MACHINE
def test_what_is_purged_while_it_goes_on_is_not_changed(
    published: dict[str, list[File]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = storage.read

    def purging(key: str) -> bytes:
        if key.startswith("files/a/"):
            storage.delete(key)
        return read(key)

    monkeypatch.setattr(storage, "read", purging)
    assert compared().wrong.number == 0


def test_a_storage_that_has_lost_everything_is_told_in_full(published: dict[str, list[File]]) -> None:
    for one in list(storage.published_objects()):
        storage.delete(one.key)
    found = compared()
    assert (found.whole, found.missing.number, found.objects) == (True, 4 * len(NAMES), 0)


def test_what_is_published_while_it_goes_on_is_not_missing(published: dict[str, list[File]]) -> None:
    rows = listings.files().rows
    publishing.publish(a_wheel("a", "2.0").received(), by=an_origin(time=timezone.now()), overwrite=False)
    publishing.remove(NormalizedName("b"), by=an_origin(time=timezone.now()))
    publishing.purge(NormalizedName("b"), by=an_origin(time=timezone.now()))
    found = drift(rows, timezone.now() + LATER, seconds=60.0)
    assert (found.whole, found.faults) == (True, 0)


@ON_ONE_MACHINE
def test_it_goes_on_where_it_stopped(browser: Client, published: dict[str, list[File]]) -> None:
    storage.delete(published["c"][0].object_key)
    storage.save("files/zzz/x/y.whl", ContentFile(b"orphan"))
    reached, seen_objects, missing, orphans, rounds = "", 0, 0, 0, 0
    while True:
        found = compared(seconds=0.0, after=reached)
        rounds, seen_objects = rounds + 1, seen_objects + found.objects
        missing, orphans, reached = missing + found.missing.number, orphans + found.orphans.number, found.reached
        if found.whole:
            break
    # A file at a time, and what is nobody's.
    assert (rounds, seen_objects, missing, orphans) == (2 * len(NAMES) + 1, 4 * len(NAMES), 1, 1)


@ON_ONE_MACHINE
def test_a_page_says_how_far_it_came(
    browser: Client, published: dict[str, list[File]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from packages.views.web.manage import storage as view

    monkeypatch.setattr(view, "SECONDS", 0.0)
    page = seen(browser.post(ADDRESS))
    assert "The time was over before the end: storage was compared up to files/a" in page.text
    after = next(values["value"] for _, values in page.tags if values.get("name") == "after")
    monkeypatch.undo()
    page = seen(browser.post(ADDRESS, {"after": after}))
    assert "Storage holds what the index says." in page.text
    # What somebody else made up means nothing.
    assert "Looked at: 20 objects" in seen(browser.post(ADDRESS, {"after": "../../etc/passwd"})).text


@ON_ONE_MACHINE
def test_of_many_faults_the_first_are_named(
    browser: Client, published: dict[str, list[File]], monkeypatch: pytest.MonkeyPatch, machine: Path
) -> None:
    old = timezone.now().timestamp() - 3 * room.YOUNG
    for number in range(60):
        key = f"files/stray/{number:03}/x.whl"
        storage.save(key, ContentFile(b"orphan"))
        os.utime(machine / "storage" / key, (old, old))
    page = seen(browser.post(ADDRESS))
    assert "Nobody's 60" in page.text
    assert "files/stray/049/x.whl and more: the first 50 are named" in page.text


@ON_AWS
def test_it_lists_the_bucket_a_thousand_at_a_time(
    browser: Client, published: dict[str, list[File]], calls: Calls
) -> None:
    client = boto3.client("s3")
    for number in range(1000):
        client.put_object(Bucket=BUCKET, Key=f"files/z/{number:04}/x.whl", Body=b"x")
    know_the_lists()
    calls.since()
    found = compared()
    assert (found.objects, found.orphans.number) == (1020, 1000)
    # The rows of five projects and of one that nobody has, and the metadata of ten files.
    assert calls.since() == {"GetItem": 1, "ListObjectsV2": 2, "Query": 6, "GetObject": 10}


@ON_AWS
def test_the_page_costs_two_reads(browser: Client, published: dict[str, list[File]], calls: Calls) -> None:
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    assert calls.since() == {"BatchGetItem": 1, "GetItem": 1}
