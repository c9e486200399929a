"""Files taken out of the index in two steps, and taken back in between."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, catalog, journal, publishing, storage, trusted
from packages.access import ANONYMOUS, OPERATOR, ProjectRole
from packages.errors import Conflict, FileAlreadyExists, NotAllowed, NotFound, PackagesError, Unavailable
from packages.journal import Origin
from packages.models import HIDDEN, PURGED, File, Project, Publisher, PublisherEntry, RemovalEntry
from packages.publishing import curation, removal, revision
from packages.store import Key, Put, Store, store
from tests.builders import NOON, a_wheel, an_sdist
from tests.issuer import GITHUB_FIELDS
from tests.publishing.conftest import ALICE, CAROL, DAVE, DEMO, publish
from tests.threads import all_at_once

DAY = timedelta(days=1)
COMMAND = Origin(actor=OPERATOR, time=NOON)


def later(days: float, by: Origin = CAROL, *, seconds: float = 0) -> Origin:
    return replace(by, time=NOON + timedelta(days=days, seconds=seconds))


def listed(name: NormalizedName = DEMO) -> list[str]:
    """The versions that are published; none where there is no such project."""
    with suppress(NotFound):
        return [file.version for file in catalog.files_of(catalog.find_project(name))]
    return []


def rows() -> dict[str, str]:
    """What became of each version."""
    return {row.version: row.removal for row in catalog.rows_of(DEMO)}


def bytes_there(name: NormalizedName = DEMO) -> list[str]:
    """The versions of which the bytes are kept."""
    return [row.version for row in catalog.rows_of(name) if storage.find(row.object_key) is not None]


def projects() -> list[str]:
    return [name for name, _ in catalog.project_list().entries()]


def overdue() -> list[str]:
    """The projects that are looked through for what is overdue."""
    return [entry.sk for entry in store().query(RemovalEntry.PARTITION)]


def serial() -> int:
    project = store().get(Project.key(DEMO))
    assert isinstance(project, Project)
    return int(project.serial)


@pytest.fixture(autouse=True)
def three(home: str) -> None:
    """Three releases of Carol's."""
    for version in ("1.0", "2.0", "3.0"):
        publish(version)


@pytest.fixture
def publisher(items: Store) -> list[Key]:
    """Where a trusted publisher of the project lies."""
    issuer, subject = "https://issuer.example", "octo/demo"
    item = Publisher(
        *Publisher.key(DEMO, "p1"),
        id="p1",
        project=DEMO,
        provider="github",
        issuer=issuer,
        subject=subject,
        claims="{}",
        registered_by="carol",
        created=NOON,
    )
    entry = PublisherEntry(*PublisherEntry.key(issuer, subject, DEMO, "p1"), id="p1", project=DEMO)
    for one in (item, entry):
        items.write(Put(item=one))
    return [(item.pk, item.sk), (entry.pk, entry.sk)]


class TestRestore:
    def test_takes_back_a_release(self) -> None:
        publishing.publish(an_sdist().received(), by=CAROL, overwrite=False)
        removed = publishing.remove(DEMO, "1.0", by=CAROL)
        assert len(removed) == 2
        before = serial()
        assert publishing.restore(DEMO, "1.0.0", by=later(1)) == removed
        assert listed() == ["1.0", "1.0", "2.0", "3.0"]
        assert serial() > before
        assert overdue() == [DEMO]

    def test_takes_back_a_file_whatever_its_release(self) -> None:
        sdist = publishing.publish(an_sdist().received(), by=CAROL, overwrite=False)
        publishing.remove(DEMO, "1.0", by=CAROL)
        assert publishing.restore(DEMO, filename=sdist.filename, by=CAROL) == [sdist.filename]
        (restored, *_) = catalog.files_of(catalog.find_project(DEMO))
        assert restored.filename == sdist.filename
        assert listed() == ["1.0", "2.0", "3.0"]

    def test_takes_back_a_project_with_everything_of_it(self) -> None:
        publishing.yank(DEMO, "2.0", reason="why", by=CAROL)
        publishing.set_status(DEMO, "deprecated", reason="old", by=CAROL)
        before = catalog.files_of(catalog.find_project(DEMO))
        publishing.remove(DEMO, by=CAROL)
        assert (listed(), projects()) == ([], [])
        assert len(publishing.restore(DEMO, by=later(29))) == 3
        project = catalog.find_project(DEMO)
        assert catalog.files_of(project) == before
        assert (project.status, project.status_reason, projects()) == ("deprecated", "old", [DEMO])

    def test_takes_back_of_a_project_what_went_with_it_alone(self) -> None:
        publishing.remove(DEMO, "1.0", by=CAROL)
        publishing.remove(DEMO, by=later(1))
        publishing.restore(DEMO, by=later(2))
        assert listed() == ["2.0", "3.0"]
        publishing.restore(DEMO, "1.0", by=later(3))
        assert listed() == ["1.0", "2.0", "3.0"]

    def test_of_a_file_brings_its_project_back(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        publishing.restore(DEMO, "2.0", by=later(1))
        assert (listed(), projects()) == (["2.0"], [DEMO])
        # The project is there, so the others come one by one.
        with pytest.raises(Conflict, match="is not removed; restore a release of it, or a file"):
            publishing.restore(DEMO, by=later(1))
        publishing.restore(DEMO, "1.0", by=later(1))
        assert listed() == ["1.0", "2.0"]

    def test_takes_back_a_project_that_had_no_files(self) -> None:
        for version in ("1.0", "2.0", "3.0"):
            publishing.remove(DEMO, version, by=CAROL)
        publishing.purge(DEMO, "1.0", by=CAROL)
        publishing.remove(DEMO, by=later(1))
        assert projects() == []
        assert publishing.restore(DEMO, by=later(2)) == []
        assert projects() == [DEMO]
        publishing.restore(DEMO, "2.0", by=later(3))
        assert listed() == ["2.0"]

    @pytest.mark.parametrize("version", ["1.0", None])
    def test_ends_with_the_time_that_is_set(self, version: str | None, settings: Settings) -> None:
        settings.RESTORE_DAYS = 7
        publishing.remove(DEMO, version, by=CAROL)
        with pytest.raises(Conflict, match="The time to restore it is over, or it was purged"):
            publishing.restore(DEMO, version, by=later(7, seconds=0.000001))
        with pytest.raises(Conflict):
            publishing.restore(DEMO, version, by=later(400, by=ALICE))
        publishing.restore(DEMO, version, by=later(7))
        assert listed() == ["1.0", "2.0", "3.0"]

    @pytest.mark.parametrize("version", ["1.0", None])
    def test_takes_nothing_back_that_was_purged(self, version: str | None) -> None:
        publishing.remove(DEMO, version, by=CAROL)
        publishing.purge(DEMO, version, by=CAROL)
        before = journal.newest()
        if version is None:
            with pytest.raises(NotFound):
                publishing.restore(DEMO, by=CAROL)
            # Only its name, which anybody could take.
            assert publishing.restore(DEMO, by=ALICE) == []
        else:
            with pytest.raises(Conflict, match="or it was purged"):
                publishing.restore(DEMO, version, by=CAROL)
            assert journal.newest() == before
        assert "1.0" not in listed()

    @pytest.mark.parametrize(
        ("version", "filename", "error", "sentence"),
        [
            ("1.0", None, Conflict, "It is not removed, so that there is nothing to restore"),
            (None, None, Conflict, "is not removed"),
            ("9.0", None, NotFound, r"no release 9\.0"),
            ("no version", None, NotFound, "is not a version"),
            ("1.0", "demo_pkg-2.0-py3-none-any.whl", NotFound, "There is no file"),
            (None, "other-1.0.tar.gz", NotFound, "There is no file"),
        ],
    )
    @pytest.mark.parametrize("home", ["machine"], indirect=True)
    def test_refuses_what_is_not_removed(
        self, version: str | None, filename: str | None, error: type[PackagesError], sentence: str
    ) -> None:
        with pytest.raises(error, match=sentence):
            publishing.restore(DEMO, version, filename=filename, by=CAROL)
        with pytest.raises(NotFound):
            publishing.restore(NormalizedName("nothing"), version, filename=filename, by=ALICE)

    def test_of_very_many_files_takes_them_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(curation, "MOST_ROWS", 2)
        publishing.remove(DEMO, by=CAROL)
        assert len(publishing.restore(DEMO, by=CAROL)) == 3
        assert listed() == ["1.0", "2.0", "3.0"]

    def test_a_removal_that_was_cut_off_and_repeated_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def cut_off(name: NormalizedName, by: Origin) -> bool:
            raise Unavailable("no")

        with monkeypatch.context() as patched:
            patched.setattr(removal, "_close", cut_off)
            with pytest.raises(Unavailable):
                publishing.remove(DEMO, by=CAROL)
        # A project with fewer files: none.
        assert (listed(), projects()) == ([], [DEMO])
        publishing.remove(DEMO, by=later(1))
        assert projects() == []
        publishing.restore(DEMO, by=later(2))
        for version in ("1.0", "2.0", "3.0"):
            with suppress(Conflict):
                publishing.restore(DEMO, version, by=later(2))
        assert listed() == ["1.0", "2.0", "3.0"]


class TestPurge:
    def test_comes_only_after_a_removal(self) -> None:
        for version, filename in ((None, None), ("1.0", None), (None, "demo_pkg-1.0-py3-none-any.whl")):
            with pytest.raises(Conflict, match="is published: remove it first, then purge it"):
                publishing.purge(DEMO, version, filename=filename, by=ALICE)
        assert bytes_there() == listed() == ["1.0", "2.0", "3.0"]
        # Nor of a release of which one file is published.
        sdist = publishing.publish(an_sdist().received(), by=CAROL, overwrite=False)
        publishing.remove(DEMO, filename=sdist.filename, by=CAROL)
        with pytest.raises(Conflict, match="A file of it is published"):
            publishing.purge(DEMO, "1.0", by=CAROL)
        assert publishing.purge(DEMO, filename=sdist.filename, by=CAROL) == [sdist.filename]

    def test_deletes_the_bytes_and_keeps_the_names(self) -> None:
        keys = [file.key for file in catalog.files_of(catalog.find_project(DEMO))]
        publishing.remove(DEMO, "1.0", by=CAROL)
        assert bytes_there() == ["1.0", "2.0", "3.0"]
        publishing.purge(DEMO, "1.0", by=CAROL)
        assert bytes_there() == listed() == ["2.0", "3.0"]
        assert storage.find(keys[0]) is None
        assert rows() == {"1.0": PURGED, "2.0": "", "3.0": ""}
        with pytest.raises(FileAlreadyExists, match="has since been deleted"):
            publishing.publish(a_wheel(files={"x": b""}).received(), by=CAROL, overwrite=False)
        publish("1.0")
        assert listed() == ["1.0", "2.0", "3.0"]

    def test_of_a_project_gives_its_name_away_but_not_those_of_its_files(self) -> None:
        before = serial()
        publishing.set_status(DEMO, "deprecated", by=CAROL)
        publishing.remove(DEMO, by=CAROL)
        with pytest.raises(NotAllowed):
            publish("5.0", by=DAVE)
        assert len(publishing.purge(DEMO, by=CAROL)) == 3
        assert (bytes_there(), listed(), projects()) == ([], [], [])
        assert list(accounts.projects_of("carol")) == []
        with pytest.raises(FileAlreadyExists):
            publishing.publish(a_wheel(files={"x": b""}).received(), by=DAVE, overwrite=False)
        publish("5.0", by=DAVE)
        project = catalog.find_project(DEMO)
        assert (listed(), project.status, project.owners) == (["5.0"], "active", {"dave"})
        # A mirror that knew the old one sees that there is something new.
        assert serial() > before + 3
        with pytest.raises(NotAllowed):
            publishing.restore(DEMO, "1.0", by=CAROL)
        with pytest.raises(Conflict, match="was purged"):
            publishing.restore(DEMO, "1.0", by=DAVE)

    def test_twice_is_as_good_as_once(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=CAROL)
        before = journal.newest()
        assert len(publishing.purge(DEMO, by=ALICE)) == 3
        assert journal.newest() == before

    def test_takes_the_trusted_publishers_with_it(self, publisher: list[Key], items: Store) -> None:
        publishing.remove(DEMO, by=CAROL)
        assert None not in items.get_many(publisher)
        publishing.purge(DEMO, by=CAROL)
        assert items.get_many(publisher) == [None, None]

    def test_of_what_is_quarantined_is_for_administrators(self) -> None:
        publishing.set_status(DEMO, "quarantined", reason="malware", by=ALICE)
        publishing.remove(DEMO, by=CAROL)
        for version in (None, "1.0"):
            with pytest.raises(NotAllowed, match="may not quarantine project 'demo-pkg', or release it"):
                publishing.purge(DEMO, version, by=CAROL)
        assert bytes_there() == ["1.0", "2.0", "3.0"]
        # Nor is a removal a way around it.
        with pytest.raises(NotAllowed, match="is quarantined and takes no new files: malware"):
            publish("4.0")
        publishing.restore(DEMO, by=CAROL)
        assert (listed(), catalog.find_project(DEMO).status) == ([], "quarantined")
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=ALICE)
        assert bytes_there() == []

    def test_is_refused_when_it_is_quarantined_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        publishing.remove(DEMO, "1.0", by=CAROL)
        purge_rows = removal._purge_rows

        def slow(*arguments: Any) -> None:
            publishing.set_status(DEMO, "quarantined", by=ALICE)
            purge_rows(*arguments)

        monkeypatch.setattr(removal, "_purge_rows", slow)
        with pytest.raises(NotAllowed, match="may not quarantine project 'demo-pkg', or release it"):
            publishing.purge(DEMO, "1.0", by=CAROL)
        assert bytes_there() == ["1.0", "2.0", "3.0"]

    def test_of_what_is_removed_can_be_kept_from_its_owner(self) -> None:
        """Whoever removes a project in a hurry does not get rid of what is in it."""
        publishing.remove(DEMO, by=CAROL)
        with pytest.raises(NotFound):
            publishing.set_status(DEMO, "archived", by=ALICE)
        publishing.set_status(DEMO, "quarantined", by=ALICE)
        assert projects() == []
        with pytest.raises(NotAllowed):
            publishing.purge(DEMO, by=CAROL)
        publishing.restore(DEMO, by=CAROL)
        assert catalog.find_project(DEMO).status == "quarantined"

    def test_of_a_name_that_is_free_ends_nobodys_pending_publisher(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        publishing.purge(DEMO, by=CAROL)
        trusted.register(DEMO, "github", GITHUB_FIELDS, by=DAVE)
        publishing.purge(DEMO, by=ALICE)
        assert [info.registered_by for info in trusted.publishers_of(DEMO, by=ALICE.actor)] == ["dave"]

    def test_does_not_free_a_name_whose_roles_change_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        publishing.remove(DEMO, by=CAROL)
        freed, late = removal._freed, iter([True])

        def slow(seen: Project, by: Origin) -> bool:
            if next(late, False):
                publishing.grant_role(DEMO, "dave", ProjectRole.OWNER, by=ALICE)
            return freed(seen, by)

        monkeypatch.setattr(removal, "_freed", slow)
        publishing.purge(DEMO, by=CAROL)
        assert list(accounts.projects_of("dave")) == []
        assert publish("5.0", by=DAVE)

    def test_does_not_touch_what_was_restored_meanwhile(
        self, publisher: list[Key], items: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publishing.remove(DEMO, by=CAROL)
        purge_rows = removal._purge_rows

        def slow(project: NormalizedName, wanted: list[File], by: Origin, action_on: Any) -> None:
            publishing.restore(DEMO, "2.0", by=CAROL)
            purge_rows(project, wanted, by, action_on)

        monkeypatch.setattr(removal, "_purge_rows", slow)
        publishing.purge(DEMO, by=CAROL)
        assert (listed(), bytes_there()) == (["2.0"], ["2.0"])
        assert catalog.find_project(DEMO).owners == {"carol"}
        assert None not in items.get_many(publisher)

    def test_does_not_touch_what_was_published_again_meanwhile(self, monkeypatch: pytest.MonkeyPatch) -> None:
        publishing.remove(DEMO, by=CAROL)
        change_rows = curation.change_rows

        def slow(*arguments: object, **more: object) -> list[str]:
            done = change_rows(*arguments, **more)  # type: ignore[arg-type]
            publish("2.0")
            return done

        with monkeypatch.context() as patched:
            patched.setattr(removal, "change_rows", slow)
            publishing.purge(DEMO, by=CAROL)
        assert (listed(), bytes_there()) == (["2.0"], ["2.0"])
        assert catalog.find_project(DEMO).owners == {"carol"}

    @pytest.mark.parametrize("owner", [CAROL, DAVE])
    def test_against_restores_leaves_nothing_without_its_bytes(self, owner: Origin) -> None:
        publishing.grant_role(DEMO, "dave", publishing.roles_of(catalog.find_project(DEMO))["carol"], by=CAROL)
        publishing.remove(DEMO, by=CAROL)

        def act(number: int) -> None:
            with suppress(Conflict, NotFound, NotAllowed):
                if number % 2:
                    publishing.purge(DEMO, by=CAROL)
                else:
                    publishing.restore(DEMO, by=owner)

        all_at_once(act, 6)
        assert set(listed()) <= set(bytes_there())
        if listed():
            assert catalog.find_project(DEMO).owners == {"carol", "dave"}


class TestOverdue:
    def test_is_what_can_no_longer_be_restored(self) -> None:
        publishing.remove(DEMO, "1.0", by=CAROL)
        publishing.remove(DEMO, "2.0", by=later(10))
        publish("1.0", "other-pkg")
        publishing.remove(NormalizedName("other-pkg"), by=later(20))
        assert publishing.purge_overdue(later(30, COMMAND)) == 0
        assert publishing.purge_overdue(later(30, COMMAND, seconds=1)) == 1
        assert rows() == {"1.0": PURGED, "2.0": HIDDEN, "3.0": ""}
        assert bytes_there() == ["2.0", "3.0"]
        assert overdue() == ["demo-pkg", "other-pkg"]
        assert publishing.purge_overdue(later(41, COMMAND)) == 1
        assert overdue() == ["other-pkg"]
        assert publishing.purge_overdue(later(51, COMMAND)) == 1
        assert overdue() == []
        before = journal.newest()
        assert publishing.purge_overdue(later(400, COMMAND)) == 0
        assert journal.newest() == before
        assert (listed(), bytes_there()) == (["3.0"], ["3.0"])

    def test_is_noted_as_what_did_it(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        before = journal.newest()
        publishing.purge_overdue(later(31, COMMAND))
        entries = [(entry.action, entry.actor, entry.project) for entry in journal.entries(after=before)]
        assert entries == [("purge", "operator", DEMO), ("purge-project", "operator", DEMO)]

    def test_gives_the_name_of_a_project_away(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        publishing.purge_overdue(later(31, COMMAND))
        assert (bytes_there(), list(accounts.projects_of("carol"))) == ([], [])
        publish("5.0", by=DAVE)
        assert catalog.find_project(DEMO).owners == {"dave"}

    def test_gives_the_name_away_of_a_project_whose_files_went_before_it(self) -> None:
        for version in ("1.0", "2.0", "3.0"):
            publishing.remove(DEMO, version, by=CAROL)
        publishing.remove(DEMO, by=later(20))
        # The files' time is over, the project's is not.
        assert publishing.purge_overdue(later(31, COMMAND)) == 3
        with pytest.raises(NotAllowed):
            publish("5.0", by=DAVE)
        publishing.purge_overdue(later(51, COMMAND))
        assert overdue() == []
        publish("5.0", by=DAVE)

    def test_gives_the_name_away_of_a_project_without_files(self) -> None:
        for version in ("1.0", "2.0", "3.0"):
            publishing.remove(DEMO, version, by=CAROL)
            publishing.purge(DEMO, version, by=CAROL)
        publishing.purge_overdue(later(1, COMMAND))
        assert overdue() == []
        publishing.remove(DEMO, by=later(2))
        publishing.purge_overdue(later(33, COMMAND))
        assert list(accounts.projects_of("carol")) == []
        publish("5.0", by=DAVE)

    def test_is_nothing_that_was_restored_or_published_again(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        publishing.restore(DEMO, "1.0", by=later(1))
        publish("2.0", by=later(2))
        assert publishing.purge_overdue(later(31, COMMAND)) == 1
        assert listed() == bytes_there() == ["1.0", "2.0"]
        assert catalog.find_project(DEMO).owners == {"carol"}

    def test_is_at_once_where_nothing_can_be_restored(self, settings: Settings) -> None:
        settings.RESTORE_DAYS = 0
        publishing.remove(DEMO, "1.0", by=CAROL)
        with pytest.raises(Conflict, match="is over"):
            publishing.restore(DEMO, "1.0", by=later(0, seconds=1))
        assert publishing.purge_overdue(later(0, COMMAND, seconds=1)) == 1

    def test_is_not_what_was_removed_before_times_were_kept(self) -> None:
        publishing.remove(DEMO, "1.0", by=CAROL)
        (row,) = (row for row in catalog.rows_of(DEMO) if row.version == "1.0")
        row.removed_at = row.restorable_until = None
        store().write(Put(item=row))
        assert publishing.purge_overdue(later(4000, COMMAND)) == 0
        publishing.restore(DEMO, "1.0", by=later(4000))
        assert listed() == ["1.0", "2.0", "3.0"]

    def test_of_a_project_takes_along_what_was_removed_before_times_were_kept(self) -> None:
        """Else whoever has the name next could restore it."""
        publishing.remove(DEMO, "1.0", by=CAROL)
        (row,) = (row for row in catalog.rows_of(DEMO) if row.version == "1.0")
        row.removed_at = row.restorable_until = None
        store().write(Put(item=row))
        publishing.remove(DEMO, by=CAROL)
        publishing.purge_overdue(later(31, COMMAND))
        publish("5.0", by=DAVE)
        with pytest.raises(Conflict):
            publishing.restore(DEMO, "1.0", by=replace(DAVE, time=NOON + 31 * DAY))
        assert listed() == ["5.0"]

    @pytest.mark.parametrize("version", ["1.0", None])
    def test_is_nothing_that_is_quarantined(self, version: str | None, settings: Settings) -> None:
        """It is kept until an administrator has looked at it, whoever removed it."""
        settings.RESTORE_DAYS = 0
        publishing.set_status(DEMO, "quarantined", by=ALICE)
        publishing.remove(DEMO, version, by=CAROL)
        assert publishing.purge_overdue(later(400, COMMAND)) == 0
        assert bytes_there() == ["1.0", "2.0", "3.0"]
        project = store().get(Project.key(DEMO))
        assert isinstance(project, Project)
        assert (project.owners, project.status) == ({"carol"}, "quarantined")
        publishing.set_status(DEMO, "active", by=ALICE)
        assert publishing.purge_overdue(later(400, COMMAND)) == (1 if version else 3)

    @pytest.mark.parametrize("when", ["rows", "name"])
    def test_is_nothing_that_is_quarantined_at_the_last_moment(
        self, when: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publishing.remove(DEMO, by=CAROL)
        late = {"rows": "_purge_rows", "name": "_free"}[when]
        done = getattr(removal, late)

        def slow(*arguments: Any, **more: Any) -> None:
            publishing.set_status(DEMO, "quarantined", by=ALICE)
            done(*arguments, **more)

        monkeypatch.setattr(removal, late, slow)
        publishing.purge_overdue(later(400, COMMAND))
        assert len(bytes_there()) == (3 if when == "rows" else 0)
        project = store().get(Project.key(DEMO))
        assert isinstance(project, Project)
        assert (project.owners, project.status) == ({"carol"}, "quarantined")

    def test_twice_at_once_is_as_good_as_once(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        all_at_once(lambda number: publishing.purge_overdue(later(31, COMMAND)), 4)
        assert bytes_there() == []
        actions = [entry.action for entry in journal.entries()]
        assert (actions.count("purge"), actions.count("purge-project")) == (1, 1)


class TestARemoval:
    def test_by_two_at_once_is_one_that_can_be_restored(self) -> None:
        publishing.grant_role(DEMO, "dave", publishing.roles_of(catalog.find_project(DEMO))["carol"], by=CAROL)

        def act(number: int) -> None:
            by = later(0, (CAROL, DAVE)[number % 2], seconds=number)
            with suppress(NotFound):
                publishing.remove(DEMO, by=by)

        all_at_once(act, 4)
        assert (listed(), projects()) == ([], [])
        assert [entry.action for entry in journal.entries()].count("remove-project") == 1
        publishing.restore(DEMO, by=later(1))
        for version in ("1.0", "2.0", "3.0"):
            with suppress(Conflict):
                publishing.restore(DEMO, version, by=later(1))
        assert listed() == ["1.0", "2.0", "3.0"]

    def test_takes_along_what_was_published_at_the_last_moment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        revise, late = revision.revise, ["4.0", "5.0"]

        def meanwhile(*arguments: Any) -> Any:
            # Between the look at the project's files and the transaction that closes it.
            if late:
                publish(late.pop(0))
            return revise(*arguments)

        monkeypatch.setattr(removal, "revise", meanwhile)
        assert len(publishing.remove(DEMO, by=CAROL)) == 5
        assert (late, listed(), projects()) == ([], [], [])
        assert set(rows().values()) == {HIDDEN}
        monkeypatch.undo()
        publishing.restore(DEMO, by=CAROL)
        assert listed() == ["1.0", "2.0", "3.0", "4.0", "5.0"]

    def test_of_a_removed_file_is_none(self) -> None:
        publishing.remove(DEMO, "1.0", by=CAROL)
        before = journal.newest()
        for version, filename in (("1.0", None), (None, "demo_pkg-1.0-py3-none-any.whl")):
            with pytest.raises(NotFound):
                publishing.remove(DEMO, version, filename=filename, by=later(5))
        assert journal.newest() == before

    def test_keeps_the_name_for_its_owners(self) -> None:
        publishing.remove(DEMO, by=CAROL)
        with pytest.raises(NotAllowed, match=r"ask an owner \(carol\)"):
            publish("4.0", by=DAVE)
        publish("4.0")
        assert (listed(), projects()) == (["4.0"], [DEMO])

    @pytest.mark.parametrize(
        "act",
        [
            lambda by: publishing.remove(DEMO, by=by),
            lambda by: publishing.remove(DEMO, "1.0", by=by),
            lambda by: publishing.remove(DEMO, filename="demo_pkg-1.0-py3-none-any.whl", by=by),
        ],
    )
    def test_is_not_for_strangers(self, act: Callable[[Origin], object]) -> None:
        for by in (DAVE, replace(DAVE, actor=ANONYMOUS)):
            with pytest.raises(PackagesError):
                act(by)
        assert listed() == ["1.0", "2.0", "3.0"]
