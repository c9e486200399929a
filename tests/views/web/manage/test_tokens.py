"""All tokens, those of trusted publishers too."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from packaging.utils import NormalizedName

from packages import accounts, listings, trusted
from packages.access import ANONYMOUS, Role, Scope
from packages.errors import NotAllowed, NotAuthenticated
from packages.journal import Origin
from packages.listings import Listing, TokenRow
from packages.views.web.manage import tokens
from packages.views.web.manage.lists import PER_PAGE
from tests.builders import an_origin
from tests.counting import Calls
from tests.issuer import GITHUB_FIELDS
from tests.views.web.manage.conftest import boxes, confirm, know_the_lists
from tests.views.web.seeing import seen

ADDRESS = "/manage/tokens/"
ON_AWS = pytest.mark.parametrize("home", ["aws"], indirect=True)
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)
LONG_AGO = timedelta(days=100)


def issue(name: str = "alice", *, ago: timedelta = timedelta(0), **what: object) -> tuple[str, str]:
    """A token's secret and its id."""
    by = an_origin(time=timezone.now() - ago)
    text, info = accounts.issue(name, **{"scopes": {Scope.READ}, "by": by, **what})  # type: ignore[arg-type]
    return text, info.id


def is_good(text: str) -> bool:
    try:
        accounts.authenticate(text, Origin(actor=ANONYMOUS, time=timezone.now()))
    except NotAuthenticated:
        return False
    return True


def test_all_tokens_are_listed_with_when_they_were_used(browser: Client) -> None:
    accounts.create("carol", role=Role.READER, by=an_origin())
    text, used = issue("carol", description="CI <b>", projects={NormalizedName("demo")})
    _, endless = issue(description="laptop")
    _, ending = issue(expires=timezone.now() + timedelta(days=7), scopes={Scope.PUBLISH})
    known = trusted.register(NormalizedName("demo"), "github", GITHUB_FIELDS, by=an_origin())
    _, minted = accounts.issue_for_publisher(
        {NormalizedName("demo"): known.id}, by=an_origin(time=timezone.now()), claims={}
    )
    seen(browser.get(ADDRESS))
    assert is_good(text)
    page = seen(browser.get(ADDRESS))
    assert set(boxes(page)) == {used, endless, ending, minted.id}
    # Now, though the list knows it from before.
    assert f"CI <b> {used} carol read demo {timezone.now():%Y-%m-%d} {timezone.now():%Y-%m-%d} never" in page.text
    assert "trusted publisher publish" in page.text
    assert text not in page.text
    for filters, ids in {
        "account=carol": {used},
        "of=publishers": {minted.id},
        "of=accounts": {used, endless, ending},
        "end=never": {used, endless},
        "scope=publish": {ending, minted.id},
        "q=laptop": {endless},
        f"q={used[:10]}": {used},
    }.items():
        assert set(boxes(seen(browser.get(f"{ADDRESS}?{filters}")))) == ids, filters


def test_tokens_that_nobody_uses_are_found(browser: Client) -> None:
    used, used_id = issue(ago=LONG_AGO)
    _, unused_id = issue(ago=LONG_AGO)
    issue()
    assert set(boxes(seen(browser.get(f"{ADDRESS}?use=unused")))) == {used_id, unused_id}
    assert is_good(used)
    assert boxes(seen(browser.get(f"{ADDRESS}?use=unused"))) == [unused_id]
    assert "1 token was not used for 90 days" in seen(browser.get("/manage/")).text


@ON_ONE_MACHINE
def test_it_says_if_not_all_could_be_looked_up(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        issue(ago=LONG_AGO)
    found, whole = tokens.unused_ids(listings.tokens().rows, an_origin().actor, timezone.now(), most=2)
    assert (len(found), whole) == (2, False)


def test_tokens_are_revoked_one_or_many(browser: Client) -> None:
    texts = dict(issue(description=f"number {number}") for number in range(3))
    (first, first_id), *others = texts.items()
    page = seen(browser.post(ADDRESS, {"one": f"revoke {first_id}"}))
    assert (1, "Revoke number 0 of alice") in page.headings
    assert is_good(first)
    assert confirm(browser, ADDRESS, page).status_code == 302
    assert not is_good(first)
    page = seen(browser.post(f"{ADDRESS}?account=alice", {"action": "revoke", "everything": "yes"}))
    assert (1, "Revoke 2 tokens") in page.headings
    assert confirm(browser, f"{ADDRESS}?account=alice", page).status_code == 302
    assert not any(is_good(text) for text, _ in others)
    # The page was open for long.
    assert seen(browser.post(ADDRESS, {"one": f"revoke {first_id}"}), status=400)


@ON_ONE_MACHINE
def test_only_administrators_look_tokens_up(home: str) -> None:
    _, token_id = issue()
    assert accounts.tokens_shown([token_id, "no-such-id"], an_origin().actor).keys() == {token_id}
    with pytest.raises(NotAllowed):
        accounts.tokens_shown([token_id], an_origin("carol", "publisher").actor)


@ON_AWS
def test_ten_thousand_tokens_cost_no_more_than_ten(
    browser: Client, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        TokenRow(
            id=f"{number:016x}",
            account=f"account-{number % 100}",
            publisher="",
            description=f"Number {number}",
            scopes=("read",),
            projects=None,
            created=timezone.now() - timedelta(minutes=number),
            expires_at=None,
            last_used=None,
        )
        for number in range(10_000)
    ]
    monkeypatch.setattr(listings, "tokens", lambda now: Listing(1, rows))
    page = seen(browser.get(ADDRESS))
    assert boxes(page) == [row.id for row in rows[:PER_PAGE]]
    # The session, and the tokens of the page.
    assert calls.since() == {"BatchGetItem": 2}


@ON_AWS
def test_a_list_costs_three_reads(browser: Client, calls: Calls) -> None:
    issue()
    know_the_lists()
    calls.since()
    seen(browser.get(ADDRESS))
    assert calls.since() == {"BatchGetItem": 2, "GetItem": 1}
