"""Questions to the index that more than one page asks."""

from packaging.utils import NormalizedName

from packages import catalog
from packages.models import Project
from packages.store import Put, Store


def test_finds_more_projects_than_one_read_brings(items: Store) -> None:
    names = [NormalizedName(f"p{number}") for number in range(150)]
    for name in (names[0], names[120]):
        items.write(Put(item=Project(*Project.key(name), name=name)))
    assert list(catalog.find_projects(names)) == ["p0", "p120"]
    assert catalog.find_projects([]) == {}
