"""Changes to the index, on both homes."""

from contextlib import suppress

import boto3
import pytest
from django.core.files.base import ContentFile
from packaging.utils import NormalizedName

from packages import catalog, publishing, storage
from packages.distributions import DistributionFile
from packages.errors import (
    FileAlreadyExists,
    InvalidDistribution,
    InvalidRequest,
    NotAllowed,
    NotFound,
    PackagesError,
    Unavailable,
)
from packages.models import PURGED, File
from packages.publishing import curation
from packages.store import Put, store
from tests.builders import Built, a_wheel, an_origin, an_sdist
from tests.conftest import BUCKET
from tests.threads import all_at_once

DEMO = NormalizedName("demo-pkg")

pytestmark = pytest.mark.usefixtures("home")


def publish(built: Built, *, overwrite: bool = False) -> DistributionFile:
    return publishing.publish(built.received(), by=an_origin(), overwrite=overwrite)


def purged(name: NormalizedName, version: str | None = None) -> list[str]:
    """Remove, unless it is removed already, and purge."""
    with suppress(NotFound):
        publishing.remove(name, version, by=an_origin())
    return publishing.purge(name, version, by=an_origin())


def listed(name: NormalizedName = DEMO) -> list[str]:
    return [file.filename for file in catalog.files_of(catalog.find_project(name))]


def project_names() -> list[str]:
    return [name for name, _ in catalog.project_list().entries()]


def serial(name: NormalizedName = DEMO) -> int:
    return int(catalog.find_project(name).serial)


def other(built: Built) -> Built:
    """Other bytes under the same filename."""
    return a_wheel(filename=built.filename, files={"more.py": b"# more\n"})


class TestPublish:
    def test_keeps_the_bytes_and_what_the_archive_says(self) -> None:
        wheel = a_wheel("Demo.Pkg", "1.0", requires_python=">=3.9", summary="A demo")
        file = publish(wheel)
        (found,) = catalog.files_of(catalog.find_project(DEMO))
        assert found == file
        assert (found.project, found.version, found.requires_python) == ("demo-pkg", "1.0", ">=3.9")
        assert (found.sha256, found.size, found.uploader) == (wheel.sha256, len(wheel.content), "alice")
        assert storage.read(found.key) == wheel.content
        assert storage.read(found.metadata_key) == wheel.metadata
        assert catalog.find_project(DEMO).display_name == "Demo.Pkg"
        assert project_names() == ["demo-pkg"]

    def test_keeps_an_old_sdist_under_its_own_name_and_a_normalised_version(self) -> None:
        sdist = an_sdist("Demo.Pkg", "1.0-dev", filename="Demo.Pkg-1.0-dev.tar.gz")
        publish(sdist)
        (found,) = catalog.files_of(catalog.find_project(DEMO))
        assert (found.filename, found.version) == ("Demo.Pkg-1.0-dev.tar.gz", "1.0.dev0")

    def test_the_same_bytes_again_are_a_success_that_changes_nothing(self) -> None:
        first = publish(a_wheel())
        before = serial()
        assert publish(a_wheel()) == first
        assert listed() == [first.filename]
        assert serial() == before

    def test_refuses_other_bytes_under_a_used_name(self) -> None:
        wheel = a_wheel()
        first = publish(wheel)
        with pytest.raises(FileAlreadyExists, match=r"^File already exists \('demo_pkg-1\.0-py3-none-any\.whl'"):
            publish(other(wheel))
        assert storage.read(catalog.find_file(DEMO, wheel.filename)[0].key) == wheel.content
        assert catalog.files_of(catalog.find_project(DEMO)) == [first]

    def test_refuses_other_bytes_under_another_spelling_of_a_used_name(self) -> None:
        publish(an_sdist())
        with pytest.raises(FileAlreadyExists):
            publish(an_sdist(filename="Demo-Pkg-1.0.tar.gz", files={"demo_pkg-1.0/more.py": b""}))

    def test_replaces_a_file_where_overwriting_is_allowed(self) -> None:
        wheel = a_wheel()
        publish(wheel)
        before = serial()
        replacement = other(wheel)
        publish(replacement, overwrite=True)
        file, _ = catalog.find_file(DEMO, wheel.filename)
        assert storage.read(file.key) == replacement.content
        assert listed() == [wheel.filename]
        assert serial() > before

    def test_numbers_every_change_of_the_whole_index(self) -> None:
        publish(a_wheel("one"))
        publish(a_wheel("two"))
        publish(a_wheel("one", "2.0"))
        assert dict(catalog.project_list().entries()) == {"one": 3, "two": 2}
        assert catalog.project_list().serial == 3

    def test_stores_nothing_of_what_it_refuses(self) -> None:
        with pytest.raises(InvalidDistribution):
            publish(a_wheel(leave_out=("METADATA",)))
        with pytest.raises(NotFound):
            catalog.find_project(DEMO)
        assert project_names() == []

    @pytest.mark.parametrize("status", ["archived", "quarantined"])
    def test_refuses_files_for_a_closed_project(self, status: str) -> None:
        publish(a_wheel())
        publishing.set_status(DEMO, status, reason="See the other one", by=an_origin())
        with pytest.raises(NotAllowed, match=f"is {status} and takes no new files: See the other one"):
            publish(a_wheel(version="2.0"))

    def test_one_of_many_publishers_of_a_name_wins(self) -> None:
        contents = [a_wheel(files={"who.py": f"# {number}\n".encode()}) for number in range(8)]
        outcomes: dict[int, DistributionFile | PackagesError] = {}

        def compete(number: int) -> None:
            try:
                outcomes[number] = publish(contents[number])
            except PackagesError as error:
                outcomes[number] = error

        all_at_once(compete, len(contents))
        winners = [number for number, outcome in outcomes.items() if isinstance(outcome, DistributionFile)]
        assert len(winners) == 1
        assert sum(isinstance(outcome, FileAlreadyExists) for outcome in outcomes.values()) == len(contents) - 1
        file, _ = catalog.find_file(DEMO, contents[0].filename)
        assert storage.read(file.key) == contents[winners[0]].content

    def test_many_publishers_of_a_new_project_all_appear(self) -> None:
        all_at_once(lambda number: publish(a_wheel(version=f"{number}.0")), 8)
        assert len(listed()) == 8
        assert serial() == catalog.project_list().serial == 8
        assert dict(catalog.project_list().entries()) == {DEMO: 8}

    def test_many_overwriters_leave_one_whole_file(self) -> None:
        contents = [a_wheel(files={"who.py": f"# {number}\n".encode()}) for number in range(8)]
        all_at_once(lambda number: publish(contents[number], overwrite=True), len(contents))
        file, _ = catalog.find_file(DEMO, contents[0].filename)
        (winner,) = [built for built in contents if built.sha256 == file.sha256]
        assert storage.read(file.key) == winner.content
        assert storage.read(file.metadata_key) == winner.metadata


class TestYank:
    def test_yanks_every_file_of_a_release(self) -> None:
        publish(a_wheel())
        publish(an_sdist())
        publish(a_wheel(version="2.0"))
        before = serial()
        assert len(publishing.yank(DEMO, "1.0.0", reason=" breaks\n on Mondays ", by=an_origin())) == 2
        marks = {
            file.version: (file.yanked, file.yanked_reason) for file in catalog.files_of(catalog.find_project(DEMO))
        }
        assert marks == {"1.0": (True, "breaks on Mondays"), "2.0": (False, "")}
        assert serial() > before

    def test_yanks_one_file_and_takes_it_back(self) -> None:
        wheel = publish(a_wheel())
        publish(an_sdist())
        assert publishing.yank(DEMO, "1.0", filename=wheel.filename, by=an_origin()) == [wheel.filename]
        assert [file.yanked for file in catalog.files_of(catalog.find_project(DEMO))] == [True, False]
        assert publishing.unyank(DEMO, "1.0", by=an_origin()) == [wheel.filename, "demo_pkg-1.0.tar.gz"]
        assert not any(file.yanked for file in catalog.files_of(catalog.find_project(DEMO)))

    @pytest.mark.parametrize(
        ("project", "version", "filename", "sentence"),
        [
            ("nobody", "1.0", None, "no project nobody"),
            ("demo-pkg", "9.9", None, "no release 9.9"),
            ("demo-pkg", "not a version", None, "is not a version"),
            ("demo-pkg", "1.0", "demo_pkg-1.0.zip", "no file 'demo_pkg-1.0.zip'"),
            ("demo-pkg", "1.0", "readme.txt", "no file 'readme.txt'"),
        ],
    )
    def test_refuses_what_is_not_there(self, project: str, version: str, filename: str | None, sentence: str) -> None:
        publish(a_wheel())
        with pytest.raises(NotFound, match=sentence):
            publishing.yank(NormalizedName(project), version, filename=filename, by=an_origin())


class TestRemove:
    def test_hides_one_file(self) -> None:
        wheel = publish(a_wheel())
        publish(an_sdist())
        assert publishing.remove(DEMO, "1.0", filename=wheel.filename, by=an_origin()) == [wheel.filename]
        assert listed() == ["demo_pkg-1.0.tar.gz"]
        with pytest.raises(NotFound):
            catalog.find_file(DEMO, wheel.filename)

    def test_hides_a_release_and_keeps_an_empty_project(self) -> None:
        publish(a_wheel())
        publishing.remove(DEMO, "1.0", by=an_origin())
        assert listed() == []
        with pytest.raises(NotFound, match=r"no release 1\.0"):
            publishing.remove(DEMO, "1.0", by=an_origin())

    def test_hides_a_project(self) -> None:
        publish(a_wheel())
        publish(a_wheel("other"))
        before = catalog.project_list().serial
        publishing.remove(DEMO, by=an_origin())
        with pytest.raises(NotFound):
            catalog.find_project(DEMO)
        assert project_names() == ["other"]
        assert catalog.project_list().serial > before
        with pytest.raises(NotFound):
            publishing.remove(DEMO, by=an_origin())

    def test_a_removed_project_comes_back_with_a_higher_serial(self) -> None:
        publish(a_wheel())
        before = serial()
        publishing.remove(DEMO, by=an_origin())
        publish(a_wheel(version="2.0"))
        assert serial() > before
        assert listed() == ["demo_pkg-2.0-py3-none-any.whl"]
        assert project_names() == [DEMO]

    def test_keeps_the_name_for_the_same_bytes(self) -> None:
        wheel = a_wheel()
        publish(wheel)
        publishing.remove(DEMO, "1.0", by=an_origin())
        with pytest.raises(FileAlreadyExists, match="has since been deleted"):
            publish(other(wheel))
        publish(wheel)
        assert listed() == [wheel.filename]

    def test_lets_other_bytes_in_where_overwriting_is_allowed(self) -> None:
        wheel = a_wheel()
        publish(wheel)
        publishing.remove(DEMO, by=an_origin())
        publish(other(wheel), overwrite=True)
        assert listed() == [wheel.filename]

    def test_deletes_the_bytes_when_told_to(self) -> None:
        file = publish(a_wheel())
        purged(DEMO, "1.0")
        for key in (file.key, file.metadata_key):
            with pytest.raises(Unavailable):
                storage.read(key)

    @pytest.mark.parametrize("home", ["aws"], indirect=True)
    def test_deletes_every_version_that_the_bucket_keeps(self) -> None:
        file = publish(a_wheel())
        storage.save(file.key, ContentFile(a_wheel().content))
        publish(a_wheel(version="2.0"))
        purged(DEMO, "1.0")
        versions = boto3.client("s3").list_object_versions(Bucket=BUCKET)
        left = {entry["Key"] for kind in ("Versions", "DeleteMarkers") for entry in versions.get(kind, [])}
        assert {key.rpartition("/")[2] for key in left} == {
            "demo_pkg-2.0-py3-none-any.whl",
            "demo_pkg-2.0-py3-none-any.whl.metadata",
        }

    @pytest.mark.parametrize("version", ["1.0", None])
    def test_deletes_the_bytes_later_too(self, version: str | None) -> None:
        file = publish(a_wheel())
        publishing.remove(DEMO, version, by=an_origin())
        if version is None:
            assert purged(DEMO) == [file.filename]
        else:
            purged(DEMO, version)
        with pytest.raises(Unavailable):
            storage.read(file.key)

    def test_a_purged_file_can_come_back_with_the_same_bytes(self) -> None:
        wheel = a_wheel()
        publish(wheel)
        purged(DEMO, "1.0")
        file = publish(wheel)
        assert storage.read(file.key) == wheel.content

    def test_a_purge_that_was_cut_off_can_be_repeated(self) -> None:
        file = publish(a_wheel())
        row = store().get(File.key(DEMO, file.slot))
        assert isinstance(row, File)
        row.removal = PURGED
        store().write(Put(item=row))
        purged(DEMO, "1.0")
        with pytest.raises(Unavailable):
            storage.read(file.key)

    def test_a_slow_purge_does_not_touch_what_was_published_again(self) -> None:
        file = publish(a_wheel())
        purged(DEMO, "1.0")
        again = publish(a_wheel())
        # The purge that had claimed the first bytes goes on only now.
        storage.delete(file.key)
        storage.delete(file.metadata_key)
        assert storage.read(again.key) == a_wheel().content
        assert storage.read(again.metadata_key) == a_wheel().metadata
        assert catalog.find_file(DEMO, again.filename)[0] == again

    def test_a_purged_project_forgets_its_status(self) -> None:
        publish(a_wheel())
        publishing.set_status(DEMO, "archived", reason="done", by=an_origin())
        publishing.remove(DEMO, by=an_origin())
        with pytest.raises(NotAllowed, match="archived"):
            publish(a_wheel(version="2.0"))
        publishing.purge(DEMO, by=an_origin())
        publish(a_wheel(version="2.0"))
        assert catalog.find_project(DEMO).status == "active"

    def test_a_project_of_very_many_files_goes_whole(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # As if a transaction took two rows, and this were a hundred files.
        monkeypatch.setattr(curation, "MOST_ROWS", 2)
        for number in range(5):
            publish(a_wheel(version=f"{number}.0"))
        assert len(publishing.remove(DEMO, by=an_origin())) == 5
        publish(a_wheel(version="9.0"))
        assert listed() == ["demo_pkg-9.0-py3-none-any.whl"]

    def test_of_a_project_against_publishers_leaves_nothing_half(self) -> None:
        publish(a_wheel())

        def act(number: int) -> None:
            if number % 3:
                publish(a_wheel(version=f"{number}.0"))
            else:
                with suppress(NotFound):
                    publishing.remove(DEMO, by=an_origin())

        all_at_once(act, 9)
        try:
            files = listed()
        except NotFound:
            files = []
            assert project_names() == []
        else:
            assert project_names() == [DEMO]
            assert dict(catalog.project_list().entries()) == {DEMO: serial()}
        published = [row.filename for row in catalog.published_rows(DEMO)]
        assert sorted(published) == sorted(files)

    def test_against_publishers_leaves_nothing_without_its_bytes(self) -> None:
        publish(a_wheel())

        def act(number: int) -> None:
            try:
                if number % 2:
                    purged(DEMO, "1.0")
                else:
                    publish(a_wheel())
            except (NotFound, Unavailable):
                pass

        all_at_once(act, 8)
        for file in catalog.files_of(catalog.find_project(DEMO)):
            assert storage.read(file.key) == a_wheel().content
        # Whatever the order was, the next publisher gets what he was promised.
        file = publish(a_wheel())
        assert storage.read(file.key) == a_wheel().content
        assert listed() == [file.filename]


class TestStatus:
    def test_quarantine_offers_no_files_and_is_not_listed(self) -> None:
        file = publish(a_wheel())
        publishing.set_status(DEMO, "quarantined", reason="malware", by=an_origin())
        assert listed() == []
        assert project_names() == []
        with pytest.raises(NotFound):
            catalog.find_file(DEMO, file.filename)
        publishing.yank(DEMO, "1.0", by=an_origin())
        assert project_names() == []
        publishing.set_status(DEMO, "active", by=an_origin())
        assert listed() == [file.filename]
        assert project_names() == [DEMO]

    def test_deprecated_projects_take_files(self) -> None:
        publish(a_wheel())
        publishing.set_status(DEMO, "deprecated", by=an_origin())
        publish(a_wheel(version="2.0"))
        assert len(listed()) == 2
        assert catalog.find_project(DEMO).status == "deprecated"

    def test_refuses_an_unknown_status_and_an_unknown_project(self) -> None:
        with pytest.raises(InvalidRequest, match="'gone' is not a status: use active, "):
            publishing.set_status(DEMO, "gone", by=an_origin())
        with pytest.raises(NotFound):
            publishing.set_status(DEMO, "archived", by=an_origin())
