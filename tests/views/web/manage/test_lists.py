"""Lists: found, filtered, sorted and paged by their addresses."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.http import QueryDict

from packages.views.web.manage.lists import PER_PAGE, Column, Exact, Filter, Found, Table, digest_of


@dataclass(frozen=True)
class Tree:
    name: str
    height: int | None
    owners: tuple[str, ...] = ()


TREES = [
    Tree("ash", 20, ("carol",)),
    Tree("beech", None),
    Tree("cedar", 30, ("carol", "dave")),
    Tree("dogwood", 20),
]
TABLE = Table[Tree](
    one="tree",
    many="trees",
    key=lambda tree: tree.name,
    text=lambda tree: f"{tree.name} {' '.join(tree.owners)}",
    searches="Name",
    columns=[
        Column(label="Tree", name="name", by=lambda tree: tree.name),
        Column(label="Leaves"),
        Column(label="Height", name="height", by=lambda tree: tree.height, number=True),
    ],
    filters=[Filter(name="size", label="Size", choices={"tall": ("Tall", lambda tree: (tree.height or 0) > 25)})],
    exacts=[Exact(name="owner", label="Owner", values=lambda tree: tree.owners)],
    sort="name",
)


def found(address: str = "", rows: Any = TREES) -> Found[Tree]:
    return TABLE.find(rows, QueryDict(address))


def names(address: str) -> list[str]:
    return [tree.name for tree in found(address).rows]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", ["ash", "beech", "cedar", "dogwood"]),
        ("q=DA", ["cedar"]),
        ("q=carol%20ce", ["cedar"]),
        ("size=tall", ["cedar"]),
        # Who writes an address by hand may be wrong.
        ("size=huge&sort=colour&page=x", ["ash", "beech", "cedar", "dogwood"]),
        ("owner=carol", ["ash", "cedar"]),
        # Exactly, not a part of it.
        ("owner=car", []),
        ("sort=-name", ["dogwood", "cedar", "beech", "ash"]),
        # What has none comes first or last; what is alike keeps its order.
        ("sort=height", ["beech", "ash", "dogwood", "cedar"]),
        ("sort=-height", ["cedar", "ash", "dogwood", "beech"]),
        ("sort=Leaves", ["ash", "beech", "cedar", "dogwood"]),
        ("q=" + "x" * 500, []),
        ("q=%00&owner=%00", []),
    ],
)
def test_an_address_says_what_is_shown(address: str, expected: list[str]) -> None:
    assert names(address) == expected


def test_the_heads_of_columns_lead_to_other_orders() -> None:
    heads = {head.label: (head.query, head.sorted) for head in found("q=a&page=3&sort=height").headings()}
    assert heads == {
        "Tree": ("?q=a&sort=name", ""),
        "Leaves": ("", ""),
        "Height": ("?q=a&sort=-height", "ascending"),
    }
    # Of numbers the largest first.
    assert [head.query for head in found().headings()] == ["?sort=-name", "", "?sort=-height"]
    assert [head.query for head in found("sort=-height").headings()] == ["?sort=name", "", "?sort=height"]


def test_an_address_goes_on_without_its_page_and_without_what_is_empty() -> None:
    assert found("q=a&size=&page=2&owner=carol").address == "?q=a&owner=carol"
    assert found("page=2").address == "?"


def test_some_rows_are_shown_at_once_and_a_wrong_page_is_the_nearest() -> None:
    many = [Tree(f"tree-{number:05}", number) for number in range(120)]
    assert len(found("", many).page.object_list) == PER_PAGE
    assert [tree.name for tree in found("page=3", many).page] == [tree.name for tree in many[100:]]
    assert found("page=99", many).page.number == 3
    assert found("page=-1", many).page.number == 3
    assert found("page=one", many).page.number == 1
    assert found("page=" + "9" * 5000, many).page.number in {1, 3}


def test_numbers_are_said_in_words() -> None:
    assert found("q=cedar").counted == "1 tree"
    assert found().counted_everything == "4 trees"
    assert TABLE.counted(10_000) == "10,000 trees"
    assert (found("q=cedar").narrowed, found("sort=height").narrowed) == (True, False)


def test_rows_are_picked_by_their_keys_whether_they_match_or_not() -> None:
    assert [tree.name for tree in found("q=cedar").picked(["ash", "oak"])] == ["ash"]
    assert digest_of(["a", "b"]) == digest_of(["b", "a"]) != digest_of(["a b"])
