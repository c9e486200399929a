"""One kind of list for all parts: it is searched, filtered, sorted and paged, and its address says all of that.

The rows are in memory: of ten thousand, those of one page are shown.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.paginator import Page, Paginator
from django.http import QueryDict

from packages.views.web.manage.frame import counted

R = TypeVar("R")

PER_PAGE = 50
# Of what is searched for, or filtered by.
LONGEST_TEXT = 200


@dataclass(frozen=True, kw_only=True)
class Column(Generic[R]):
    """A column; one with a name can be sorted ``by`` (what it has nothing for comes last, or first)."""

    label: str
    name: str = ""
    by: Callable[[R], Any] | None = None
    number: bool = False


@dataclass(frozen=True, kw_only=True)
class Filter(Generic[R]):
    """Some rows of all: by a choice, which takes a row or not."""

    name: str
    label: str
    choices: Mapping[str, tuple[str, Callable[[R], bool]]]
    every: str = "All"


@dataclass(frozen=True, kw_only=True)
class Exact(Generic[R]):
    """The rows that have exactly this among their values."""

    name: str
    label: str
    values: Callable[[R], Collection[str]]


@dataclass(frozen=True, kw_only=True)
class Heading:
    """The head of a column; ``query`` leads to the list sorted by it."""

    label: str
    number: bool
    query: str = ""
    # As ARIA calls it; empty: the list is sorted by something else.
    sorted: str = ""


@dataclass(frozen=True, kw_only=True)
class Table(Generic[R]):
    """What a list shows of its rows. ``key`` tells them apart, ``text`` is searched, ``sort`` is its own order."""

    one: str
    many: str
    key: Callable[[R], str]
    text: Callable[[R], str]
    columns: Sequence[Column[R]]
    searches: str
    filters: Sequence[Filter[R]] = ()
    exacts: Sequence[Exact[R]] = ()
    sort: str = ""
    # What a row is called in a sentence; otherwise by its key.
    called: Callable[[R], str] | None = None

    def name_of(self, row: R) -> str:
        """What a row is called."""
        return self.called(row) if self.called is not None else self.key(row)

    def counted(self, number: int) -> str:
        """So many rows, in words."""
        return counted(number, self.one, self.many)

    def named(self, rows: Sequence[R]) -> str:
        """The row if it is one, else how many they are."""
        return self.name_of(rows[0]) if len(rows) == 1 else self.counted(len(rows))

    def find(self, rows: Sequence[R], asked: QueryDict) -> "Found[R]":
        """The rows that an address asks for, in its order; what it asks for in vain is passed over."""
        query = " ".join(asked.get("q", "")[:LONGEST_TEXT].split())
        chosen: dict[str, str] = {}
        found: Sequence[R] = rows
        for each in self.filters:
            value = asked.get(each.name, "")
            if value in each.choices:
                chosen[each.name] = value
                found = [row for row in found if each.choices[value][1](row)]
        for exact in self.exacts:
            value = asked.get(exact.name, "")[:LONGEST_TEXT].strip()
            if value:
                chosen[exact.name] = value
                found = [row for row in found if value in exact.values(row)]
        for word in query.casefold().split():
            found = [row for row in found if word in self.text(row).casefold()]
        sort = asked.get("sort", "")
        by = self._order(sort)
        if by is None:
            sort, by = self.sort, self._order(self.sort)
        if by is not None:
            # Rows that are alike in this stay in the order in which they came, that of their names.
            found = sorted(found, key=by, reverse=sort.startswith("-"))
        return Found(table=self, query=query, chosen=chosen, sort=sort, rows=found, everything=rows, asked=asked)

    def _order(self, sort: str) -> Callable[[R], Any] | None:
        name = sort.removeprefix("-")
        by = next((column.by for column in self.columns if column.by is not None and column.name == name), None)
        if by is None:
            return None
        value_of = by

        def order(row: R) -> tuple[bool, Any]:
            value = value_of(row)
            return value is not None, value

        return order


@dataclass(frozen=True, kw_only=True)
class Found(Generic[R]):
    """What a list shows: ``rows`` are all that match, of ``everything`` that there is."""

    table: Table[R]
    query: str
    chosen: Mapping[str, str]
    sort: str
    rows: Sequence[R]
    everything: Sequence[R]
    asked: QueryDict = field(repr=False)

    @property
    def page(self) -> Page[R]:
        """Those of one page; a number that is none, or lies behind the last page, is the nearest one."""
        return Paginator(self.rows, PER_PAGE).get_page(self.asked.get("page"))

    @property
    def narrowed(self) -> bool:
        """Whether it is asked for some of the rows only."""
        return bool(self.query or self.chosen)

    @property
    def counted(self) -> str:
        """How many match, in words."""
        return self.table.counted(len(self.rows))

    @property
    def counted_everything(self) -> str:
        """How many there are, in words."""
        return self.table.counted(len(self.everything))

    @property
    def address(self) -> str:
        """The query of the list as it is now, but for the page: what is done to it may change its pages."""
        return self._query(page=None)

    def headings(self) -> Iterator[Heading]:
        """The heads of the columns. A column that the list is sorted by turns round."""
        for column in self.table.columns:
            if column.by is None:
                yield Heading(label=column.label, number=column.number)
                continue
            up, down = self.sort == column.name, self.sort == f"-{column.name}"
            # Of sizes and numbers the largest ones are looked for.
            wanted = f"-{column.name}" if up or (column.number and not down) else column.name
            yield Heading(
                label=column.label,
                number=column.number,
                query=self._query(page=None, sort=wanted),
                sorted="ascending" if up else "descending" if down else "",
            )

    def selects(self) -> Iterator[dict[str, Any]]:
        """The filters, with what is chosen."""
        for one in self.table.filters:
            yield {
                "name": one.name,
                "label": one.label,
                "every": one.every,
                "options": [(value, label) for value, (label, _) in one.choices.items()],
                "value": self.chosen.get(one.name, ""),
            }

    def fields(self) -> Iterator[dict[str, str]]:
        """The fields to filter by what is written into them, with what is."""
        for one in self.table.exacts:
            yield {"name": one.name, "label": one.label, "value": self.chosen.get(one.name, "")}

    def picked(self, keys: Collection[str]) -> list[R]:
        """The rows of these keys, whether they (still) match or not."""
        wanted = set(keys)
        return [row for row in self.everything if self.table.key(row) in wanted]

    def _query(self, **changes: str | None) -> str:
        query = self.asked.copy()
        for name, value in changes.items():
            query.pop(name, None)
            if value is not None:
                query[name] = value
        # What was deleted just now is offered to be restored once.
        query.pop("deleted", None)
        # What is not asked for makes no address longer.
        for name in [name for name, value in query.items() if not value]:
            query.pop(name)
        return f"?{query.urlencode()}" if query else "?"


def digest_of(keys: Collection[str]) -> str:
    """What tells one choice of rows from another one."""
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:32]
