"""How pages say numbers, and what people wrote."""

import pytest
from django.core.paginator import Paginator

from packages.templatetags.web import breakable, count, numbers


@pytest.mark.parametrize(("number", "said"), [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")])
def test_numbers_are_said_in_one_way(number: int, said: str) -> None:
    assert count(number) == said


@pytest.mark.parametrize(
    ("current", "pages", "shown"),
    [
        (1, 2, [1, 2]),
        (1, 200, [1, 2, None, 200]),
        (3, 200, [1, 2, 3, 4, None, 200]),
        (99, 200, [1, None, 98, 99, 100, None, 200]),
        (200, 200, [1, None, 199, 200]),
    ],
)
def test_a_list_leads_to_its_ends_and_around(current: int, pages: int, shown: list[int | None]) -> None:
    page = Paginator(range(pages), 1).page(current)
    assert list(numbers(page)) == shown


def test_mail_addresses_are_broken_at_their_joints() -> None:
    assert breakable("A. B <a.b@c.example>") == "A. B &lt;a.<wbr>b@<wbr>c.<wbr>example&gt;"
    assert breakable("<b>@</b>") == "&lt;b&gt;@&lt;/b&gt;"
