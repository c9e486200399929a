"""Several files of a project changed at once."""

import pytest
from packaging.utils import NormalizedName

from packages import catalog, journal, publishing
from packages.errors import Conflict, NotFound
from tests.builders import a_wheel, an_origin, an_sdist

NAME = NormalizedName("demo-pkg")
WHEEL, SDIST, NEWER = "demo_pkg-1.0-py3-none-any.whl", "demo_pkg-1.0.tar.gz", "demo_pkg-2.0-py3-none-any.whl"


@pytest.fixture(autouse=True)
def _published(people: None) -> None:
    for built in (a_wheel(), an_sdist(), a_wheel(version="2.0")):
        publishing.publish(built.received(), by=an_origin(), overwrite=False)


def states() -> dict[str, str]:
    return {row.filename: row.removal or ("yanked" if row.yanked else "") for row in catalog.rows_of(NAME)}


def test_are_one_change_of_the_journal() -> None:
    before = journal.newest()
    # However they are spelled, and however often they are named.
    assert publishing.yank(NAME, None, filename=[WHEEL, "Demo.Pkg-1.0.tar.gz", SDIST], by=an_origin()) == [WHEEL, SDIST]
    assert journal.newest() == before + 1
    assert states() == {WHEEL: "yanked", SDIST: "yanked", NEWER: ""}
    publishing.unyank(NAME, None, filename=[SDIST], by=an_origin())
    publishing.remove(NAME, filename=[SDIST, NEWER], by=an_origin())
    assert states() == {WHEEL: "yanked", SDIST: "hidden", NEWER: "hidden"}
    publishing.restore(NAME, filename=[NEWER], by=an_origin())
    publishing.purge(NAME, filename=[SDIST], by=an_origin())
    assert states() == {WHEEL: "yanked", SDIST: "purged", NEWER: ""}


def test_are_all_there_or_none_is_changed() -> None:
    with pytest.raises(NotFound, match=r"There is no file 'demo_pkg-9[.]9[.]tar[.]gz' in the project demo-pkg"):
        publishing.remove(NAME, filename=[WHEEL, "demo_pkg-9.9.tar.gz"], by=an_origin())
    with pytest.raises(Conflict, match="A file of it is published"):
        publishing.purge(NAME, filename=[WHEEL, SDIST], by=an_origin())
    assert set(states().values()) == {""}


def test_no_files_are_not_all_of_them() -> None:
    for change in (publishing.remove, publishing.purge):
        assert change(NAME, filename=[], by=an_origin()) == []
    assert publishing.yank(NAME, None, filename=[], by=an_origin()) == []
    with pytest.raises(Conflict, match="nothing to restore"):
        publishing.restore(NAME, filename=[], by=an_origin())
    assert set(states().values()) == {""}
