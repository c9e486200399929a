"""Trusted publishing: register, mint, publish; and everything that an identity token may not open."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import accounts, journal, publishing, trusted
from packages.access import ANONYMOUS, OPERATOR, ProjectRole, Role, Scope
from packages.errors import (
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    PackagesError,
    Unavailable,
)
from packages.journal import Origin
from packages.models import Publisher, PublisherEntry, Spent
from packages.store import Store, store
from packages.trusted import MintRefused
from packages.trusted import issuers as issuers_room
from packages.trusted.issuers import is_loopback, is_safe, issuers
from packages.trusted.tokens import LONGEST
from tests.builders import NOON, a_wheel, an_origin
from tests.counting import counting
from tests.issuer import GITHUB_FIELDS, OwnIssuer, a_key, issuing, jwk_of, signed
from tests.threads import all_at_once

DEMO, OTHER, NEW = NormalizedName("demo-pkg"), NormalizedName("other-pkg"), NormalizedName("new-pkg")
ALICE = an_origin()
# Somebody who sends a request.
VISITOR = Origin(actor=ANONYMOUS, time=NOON, address="192.0.2.7", agent="uv/0.13")


@pytest.fixture(scope="module")
def running() -> Iterator[OwnIssuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture
def issuer(running: OwnIssuer, settings: Settings) -> Iterator[OwnIssuer]:
    """An issuer like GitHub, which this index trusts."""
    fresh = OwnIssuer(running.address)
    running.__dict__.update(fresh.__dict__)
    settings.TRUSTED_ISSUERS = {running.address: "github", "https://gitlab.com": "gitlab"}
    settings.OIDC_AUDIENCE = "elastic-pypi"
    issuers.clear()
    yield running
    issuers.clear()


@pytest.fixture
def carol(home: str) -> Origin:
    """An account that may publish."""
    accounts.create("carol", role=Role.PUBLISHER, by=ALICE)
    return an_origin("carol", "publisher")


@pytest.fixture
def demo(home: str, issuer: OwnIssuer) -> trusted.PublisherInfo:
    """A project, and who may publish to it without an account."""
    publish("demo-pkg", by=ALICE)
    return trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)


def publish(name: str, version: str = "1.0", *, by: Origin) -> None:
    publishing.publish(a_wheel(name, version).received(), by=by, overwrite=False)


def minted(issuer: OwnIssuer, **changes: Any) -> str:
    text, _ = trusted.mint(issuer.token(**changes), by=VISITOR)
    return text


def as_bearer(text: str, *, time: datetime = NOON) -> Origin:
    return replace(VISITOR, actor=accounts.authenticate(text, replace(VISITOR, time=time)), time=time)


def refused(text: str, *, time: datetime = NOON) -> tuple[str, str]:
    """The code and the sentence of a refusal."""
    with pytest.raises(MintRefused) as caught:
        trusted.mint(text, by=replace(VISITOR, time=time))
    assert str(caught.value).isascii()
    assert str(caught.value).endswith((".", "?"))
    return caught.value.code, str(caught.value)


# The way it should go.


def test_a_workload_publishes_to_its_project_for_a_quarter_of_an_hour(
    issuer: OwnIssuer, demo: trusted.PublisherInfo
) -> None:
    text, token = trusted.mint(issuer.token(), by=VISITOR)
    assert token.expires == NOON.replace(microsecond=0) + timedelta(minutes=15)
    assert token.projects == {DEMO}
    assert token.scopes == {Scope.PUBLISH}

    bearer = as_bearer(text)
    publish("demo-pkg", "2.0", by=bearer)
    publish("demo-pkg", "3.0", by=bearer)
    assert bearer.actor.name == "github:octo-org/demo"
    with pytest.raises(NotAllowed, match="the token is for 'demo-pkg' only"):
        publish("other-pkg", by=bearer)
    with pytest.raises(NotAllowed, match="the token is for 'publish' only"):
        publishing.yank(DEMO, "1.0", by=bearer)
    with pytest.raises(NotAllowed):
        trusted.register(DEMO, "github", {**GITHUB_FIELDS, "workflow_filename": "other.yml"}, by=bearer)
    with pytest.raises(NotAuthenticated, match="expired"):
        as_bearer(text, time=NOON + timedelta(minutes=15))


def test_the_journal_says_who_registered_and_which_job_published(
    issuer: OwnIssuer, demo: trusted.PublisherInfo
) -> None:
    text, token = trusted.mint(issuer.token(jti="first"), by=VISITOR)
    publish("demo-pkg", "2.0", by=as_bearer(text))
    assert accounts.burn(text, by=VISITOR)
    registered, made, published, burnt = map(journal.as_json, journal.latest(4))

    assert (registered["actor"], registered["action"], registered["target"]) == ("alice", "publisher-register", demo.id)
    assert registered["details"] == {"provider": "github", "issuer": issuer.address, "fields": GITHUB_FIELDS}
    who = {"actor": "github:octo-org/demo", "address": "192.0.2.7", "agent": "uv/0.13"}
    assert {**made, **who, "action": "token-mint", "project": "demo-pkg", "target": token.id} == made
    assert made["credential"] == "identity token"
    assert made["details"]["publisher"] == demo.id
    assert made["details"]["claims"]["run_id"] == "1296269"
    assert made["details"]["claims"]["jti"] == "first"
    assert {**published, **who, "action": "publish", "credential": f"token {token.id}"} == published
    assert {**burnt, **who, "action": "token-burn", "credential": f"token {token.id}"} == burnt
    assert text not in str([registered, made, published, burnt])


def test_a_burnt_token_opens_nothing(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    text = minted(issuer)
    as_bearer(text)
    assert accounts.burn(text, by=VISITOR)
    assert not accounts.burn(text, by=VISITOR)
    with pytest.raises(NotAuthenticated):
        as_bearer(text)


@pytest.mark.parametrize("text", ["", "epypi_", "\ud800", "x" * 100_000])
def test_there_is_nothing_to_burn(home: str, text: str) -> None:
    assert not accounts.burn(text, by=VISITOR)


def test_an_accounts_token_is_not_burnt(home: str) -> None:
    text, _ = accounts.issue("alice", scopes={Scope.PUBLISH}, by=ALICE)
    assert not accounts.burn(text, by=VISITOR)
    assert as_bearer(text).actor.name == "alice"


def test_one_repository_publishes_several_projects(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, carol: Origin
) -> None:
    publish("other-pkg", by=carol)
    # Not quite alike: one is for an environment only.
    other = trusted.register(OTHER, "github", {**GITHUB_FIELDS, "environment": "release"}, by=carol)
    trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)

    text, token = trusted.mint(issuer.token(), by=VISITOR)
    assert token.projects == {DEMO, OTHER, NEW}
    for name in ("new-pkg", "demo-pkg", "other-pkg"):
        for version in ("2.0", "3.0"):
            publish(name, version, by=as_bearer(text))
    with pytest.raises(NotAllowed):
        publish("yet-another", by=as_bearer(text))
    assert publishing.roles_of(publishing_project(NEW)) == {"carol": ProjectRole.OWNER}

    # One is withdrawn while the token lives: the others stay.
    trusted.withdraw(OTHER, other.id, by=carol)
    with pytest.raises(NotAllowed, match="the token is for 'demo-pkg', 'new-pkg' only"):
        publish("other-pkg", "4.0", by=as_bearer(text))
    publish("demo-pkg", "4.0", by=as_bearer(text))

    # Outside of the environment.
    assert trusted.mint(issuer.token(environment="test"), by=VISITOR)[1].projects == {DEMO, NEW}


def publishing_project(name: NormalizedName) -> Any:
    from packages.catalog import find_project

    return find_project(name)


def test_a_registration_that_asks_for_more_takes_no_project_away_from_others(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, carol: Origin
) -> None:
    publish("other-pkg", by=carol)
    trusted.register(OTHER, "github", {**GITHUB_FIELDS, "environment": "release"}, by=carol)
    assert trusted.mint(issuer.token(), by=VISITOR)[1].projects == {DEMO, OTHER}


def test_of_two_publishers_of_a_project_the_stricter_one_is_named(
    issuer: OwnIssuer, demo: trusted.PublisherInfo
) -> None:
    strict = trusted.register(DEMO, "github", {**GITHUB_FIELDS, "environment": "release"}, by=ALICE)
    minted(issuer)
    minted(issuer, environment="test")
    first, second = [journal.as_json(entry)["details"]["publisher"] for entry in journal.latest(2)]
    assert (first, second) == (strict.id, demo.id)


def test_a_token_of_many_projects_is_for_those_that_exist_first(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, carol: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packages.trusted.choosing.MOST_PROJECTS", 3)
    monkeypatch.setattr("packages.trusted.minting.READ_AT_ONCE", 2)
    for number in range(4):
        by = replace(carol, time=NOON + timedelta(days=4 - number))
        trusted.register(NormalizedName(f"new-{number}"), "github", GITHUB_FIELDS, by=by)
    _, token = trusted.mint(issuer.token(), by=VISITOR)
    assert token.projects == {DEMO, "new-3", "new-2"}


@pytest.mark.parametrize("home", ["aws"], indirect=True)
def test_what_it_costs(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, carol: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish("other-pkg", by=carol)
    trusted.register(OTHER, "github", GITHUB_FIELDS, by=carol)
    calls = counting(monkeypatch)
    text = minted(issuer)
    # Which publishers there are, what they want, and one change.
    assert calls == ["Query", "BatchGetItem", "BatchGetItem", "TransactWriteItems"]
    as_bearer(text)
    calls.clear()
    as_bearer(text)
    # The token and the publisher of each project, at once.
    assert calls == ["BatchGetItem"]


# A project that is not there yet.


def test_a_pending_publisher_creates_its_project_for_who_registered_it(
    issuer: OwnIssuer, carol: Origin, items: Store
) -> None:
    pending = trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    assert pending.pending
    text = minted(issuer)
    publish("new-pkg", by=as_bearer(text))

    assert publishing.roles_of(publishing_project(NEW)) == {"carol": ProjectRole.OWNER}
    (info,) = trusted.publishers_of(NEW, carol.actor)
    assert (info.id, info.pending) == (pending.id, False)
    # The second file, by the same token; and the next release.
    publish("new-pkg", "2.0", by=as_bearer(text))
    publish("new-pkg", "3.0", by=as_bearer(minted(issuer)))


def test_a_pending_publisher_is_of_no_use_once_somebody_has_the_name(
    issuer: OwnIssuer, carol: Origin, demo: trusted.PublisherInfo
) -> None:
    trusted.withdraw(DEMO, demo.id, by=ALICE)
    pending = trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    text = minted(issuer)
    publish("new-pkg", by=ALICE)

    with pytest.raises(NotAllowed, match="created by somebody else meanwhile"):
        publish("new-pkg", "2.0", by=as_bearer(text))
    code, says = refused(issuer.token())
    assert code == "invalid-pending-publisher"
    assert "new-pkg: the project exists" in says
    # Its owner does not make it another's by registering the same.
    assert not trusted.register(NEW, "github", GITHUB_FIELDS, by=ALICE).pending
    publish("new-pkg", "2.0", by=as_bearer(minted(issuer)))
    assert [info.id for info in trusted.publishers_of(NEW, ALICE.actor)] == [pending.id]


@pytest.mark.parametrize("what", ["disabled", "reader", "deleted", "policy"])
def test_a_pending_publisher_creates_nothing_that_its_account_may_not(
    issuer: OwnIssuer, carol: Origin, settings: Settings, what: str
) -> None:
    trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    text = minted(issuer)
    as_bearer(text)
    if what == "disabled":
        accounts.change("carol", disabled=True, by=ALICE)
    elif what == "reader":
        accounts.change("carol", role=Role.READER, by=ALICE)
    elif what == "deleted":
        accounts.delete("carol", by=ALICE)
    else:
        settings.CREATE_PROJECTS = "admins"

    code, says = refused(issuer.token())
    # With a deleted account they are gone.
    assert code == ("invalid-publisher" if what == "deleted" else "invalid-pending-publisher")
    assert ("carol" in says) is (what != "deleted")
    # At once: not only for tokens to come.
    with pytest.raises(NotAuthenticated, match="no longer registered"):
        as_bearer(text)


# What is refused.


def unsigned(issuer: OwnIssuer) -> str:
    return signed(issuer.claims(), a_key(), issuer.kid, alg="none")


def test_knows_no_unsigned_token_and_none_signed_by_the_public_key(
    issuer: OwnIssuer, demo: trusted.PublisherInfo
) -> None:
    for text, alg in (
        (unsigned(issuer), "none"),
        (signed(issuer.claims(), a_key(), issuer.kid, alg="None"), "None"),
        (signed(issuer.claims(), a_key(), issuer.kid, alg="HS256"), "HS256"),
        (signed(issuer.claims(), a_key(), issuer.kid, alg="RS512"), "RS512"),
    ):
        code, says = refused(text)
        assert (code, says) == ("invalid-token", f"The token is signed by {alg!r}, not RS256.")
    # Nobody was asked for keys.
    assert issuer.asked == []


def test_knows_no_token_that_was_changed_or_signed_by_another_key(
    issuer: OwnIssuer, demo: trusted.PublisherInfo
) -> None:
    head, body, signature = issuer.token().split(".")
    _, other, _ = issuer.token().split(".")
    forged = signed(issuer.claims(), a_key(1), issuer.kid)
    for text in (f"{head}.{other}.{signature}", f"{head}.{body}.", forged):
        assert refused(text) == ("invalid-token", "The token is not valid: Signature verification failed.")
    assert refused(f"{head}.{body}.{signature[:-4]}")[0] in {"invalid-token", "invalid-payload"}


def test_takes_no_key_that_the_token_brings_along(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    own = jwk_of(a_key(1), "mine")
    for header in ({"jwk": own}, {"jku": f"{issuer.address}/evil", "jwk": own}, {"x5u": f"{issuer.address}/evil"}):
        code, says = refused(signed(issuer.claims(), a_key(1), "mine", **header))
        assert code == "invalid-token"
        assert "has no key 'mine'" in says
    assert set(issuer.asked) == {"/.well-known/openid-configuration", "/jwks"}


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "later", "code", "says"),
    [
        ({"aud": "pypi"}, 0, "invalid-token", "It is for the audience 'pypi', and this index is 'elastic-pypi'."),
        ({"aud": ["elastic-pypi"]}, 0, "invalid-token", "It is for the audience no text"),
        ({"aud": ["elastic-pypi", "pypi"]}, 0, "invalid-token", "It is for the audience no text"),
        ({"aud": None}, 0, "invalid-token", "It is for the audience missing"),
        ({}, 329, None, ""),
        ({}, 330, "invalid-token", "It expired 30 seconds ago."),
        ({}, -29, None, ""),
        ({}, -32, "invalid-token", "It was issued 32 seconds in the future"),
        ({"nbf": NOON.timestamp() + 60}, 0, "invalid-token", "It is not valid for another 60 seconds"),
        ({"nbf": None}, 0, None, ""),
        ({"exp": None}, 0, "invalid-token", "Its claims 'exp' and 'iat'"),
        ({"iat": None}, 0, "invalid-token", "Its claims 'exp' and 'iat'"),
        ({"sub": None}, 0, "invalid-token", "It lacks the claim 'sub'."),
        ({"jti": None}, 0, "invalid-token", "It lacks the claim 'jti'."),
        ({"iss": None}, 0, "invalid-payload", "The token's issuer, None, is not one"),
        ({"iss": 7}, 0, "invalid-payload", "The token's issuer, 7, is not one"),
        ({"iss": "https://evil.example"}, 0, "invalid-payload", "The token's issuer, 'https://evil.example', is not"),
        ({"repository": "octo-org/other"}, 0, "invalid-publisher", "no trusted publisher is registered for 'octo-org/"),
        ({"repository": None}, 0, "invalid-publisher", "no trusted publisher is registered by what it says"),
        # The name of a deleted account, taken by somebody else.
        ({"repository_owner_id": "999"}, 0, "invalid-publisher", "the claim 'repository_owner_id' is '999'"),
        ({"event_name": "pull_request_target"}, 0, "invalid-publisher", "'pull_request_target' may not publish"),
    ],
)
def test_what_a_token_claims(
    issuer: OwnIssuer,
    demo: trusted.PublisherInfo,
    changes: dict[str, Any],
    later: float,
    code: str | None,
    says: str,
) -> None:
    text, time = issuer.token(**changes), NOON.replace(microsecond=0) + timedelta(seconds=later)
    if code is None:
        assert trusted.mint(text, by=replace(VISITOR, time=time))
    else:
        found, sentence = refused(text, time=time)
        assert (found, says in sentence) == (code, True), sentence


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "..", "a.b", "a.b.c", "é.b.c", "x" * (LONGEST + 1), "epypi_0123", "\ud800"),
        signed(b"[]", a_key(), "key-0"),
        signed(b"7", a_key(), "key-0"),
        signed(b"{", a_key(), "key-0"),
        signed(b"\xff", a_key(), "key-0"),
        signed(b"[" * 9000, a_key(), "key-0"),
        signed(b'{"iss": %s}' % (b"9" * 5000), a_key(), "key-0"),
        signed({}, a_key(), "key-0", crit=["exp"]),
        signed({}, a_key(), "key-0", b64=False),
        signed({}, a_key(), "key-0", typ=7, crit=7),
    ],
    ids=lambda text: f"{text[:12]!a}-{len(text)}",
)
def test_what_is_no_token_at_all(issuer: OwnIssuer, home: str, text: str) -> None:
    code, _ = refused(text)
    assert code == "invalid-payload"


def test_a_token_without_the_name_of_its_key(issuer: OwnIssuer, home: str) -> None:
    assert refused(signed(issuer.claims(), a_key(), None))[0] == "invalid-token"
    assert issuer.asked == []


def test_a_refusal_tells_why_no_publisher_fits(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    for number in range(5):
        trusted.register(DEMO, "github", {**GITHUB_FIELDS, "environment": f"e{number}"}, by=ALICE)
    code, says = refused(issuer.token(environment=None, event_name="pull_request_target"))
    assert code == "invalid-publisher"
    assert says.count("demo-pkg: ") == 3
    assert says.endswith(" (and 3 more).")


def test_nothing_is_minted_where_it_is_turned_off(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, settings: Settings
) -> None:
    settings.TRUSTED_PUBLISHING = False
    assert refused(issuer.token())[0] == "not-enabled"


def test_an_issuer_that_is_not_trusted_any_more(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, settings: Settings
) -> None:
    settings.TRUSTED_ISSUERS = {"https://gitlab.com": "gitlab"}
    assert refused(issuer.token())[0] == "invalid-payload"
    assert issuer.asked == []


# Once.


def test_a_token_is_used_once(issuer: OwnIssuer, demo: trusted.PublisherInfo, items: Store) -> None:
    text = issuer.token(jti="once")
    trusted.mint(text, by=VISITOR)
    code, says = refused(text)
    assert code == "invalid-reuse-token"
    assert "used already" in says
    # Another token of the same name.
    assert refused(issuer.token(jti="once", run_id="2"))[0] == "invalid-reuse-token"
    # It is remembered for as long as it could be used.
    spent = items.get(Spent.key(issuer.address, "jti:once"))
    assert isinstance(spent, Spent)
    assert spent.expires_at == math.floor(NOON.timestamp()) + 300 + 30 + 5


def test_a_token_is_used_once_by_many_at_once(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    text, made, codes = issuer.token(), list[str](), list[str]()

    def use(_: int) -> None:
        try:
            made.append(trusted.mint(text, by=VISITOR)[0])
        except MintRefused as error:
            codes.append(error.code)

    all_at_once(use, 6)
    assert len(made) == 1
    assert codes == ["invalid-reuse-token"] * 5


def test_a_token_that_fits_nobody_yet_is_not_spent(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    trusted.withdraw(DEMO, demo.id, by=ALICE)
    text = issuer.token()
    assert refused(text)[0] == "invalid-publisher"
    trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)
    assert trusted.mint(text, by=VISITOR)


def test_a_token_without_an_identifier_is_used_once(issuer: OwnIssuer, home: str, settings: Settings) -> None:
    settings.TRUSTED_ISSUERS = {issuer.address: "oidc"}
    publish("demo-pkg", by=ALICE)
    trusted.register(DEMO, "oidc", {"sub": "pipeline", "branch": "main"}, by=ALICE)
    issuer.job = {"sub": "pipeline", "branch": "main"}
    text = issuer.token(jti=None)
    trusted.mint(text, by=VISITOR)
    for again in (text, f"{text}=" if len(text.rpartition(".")[2]) % 4 == 3 else f"{text}=="):
        assert refused(again)[0] == "invalid-reuse-token"
    # Another one a second later.
    assert trusted.mint(issuer.token(NOON + timedelta(seconds=1), jti=None), by=VISITOR)


# While a token lives.


def test_a_publisher_is_withdrawn_while_its_token_lives(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    text = minted(issuer)
    as_bearer(text)
    trusted.withdraw(DEMO, demo.id, by=ALICE)
    with pytest.raises(NotAuthenticated, match="no longer registered"):
        as_bearer(text)
    assert refused(issuer.token())[0] == "invalid-publisher"


def test_a_purged_project_takes_its_publishers_along(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, items: Store
) -> None:
    text = minted(issuer)
    publishing.remove(DEMO, by=ALICE)
    publishing.purge(DEMO, by=ALICE)
    with pytest.raises(NotAuthenticated):
        as_bearer(text)
    assert refused(issuer.token())[0] == "invalid-publisher"
    assert list(items.query(PublisherEntry.partition(issuer.address, "octo-org/demo"))) == []


# An issuer's keys.


def test_keys_are_asked_for_once(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    minted(issuer)
    minted(issuer)
    assert issuer.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_keys_are_asked_for_again_after_an_hour(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    minted(issuer)
    later = NOON + timedelta(minutes=59)
    trusted.mint(issuer.token(later), by=replace(VISITOR, time=later))
    assert len(issuer.asked) == 2
    later = NOON + timedelta(minutes=60)
    trusted.mint(issuer.token(later), by=replace(VISITOR, time=later))
    assert len(issuer.asked) == 4


def test_a_new_key_is_found_and_an_unknown_one_asks_at_most_once_a_minute(
    issuer: OwnIssuer, demo: trusted.PublisherInfo
) -> None:
    def use(kid: str, seconds: float) -> str | None:
        time = NOON + timedelta(seconds=seconds)
        try:
            trusted.mint(signed(issuer.claims(time), a_key(1), kid), by=replace(VISITOR, time=time))
        except MintRefused as error:
            return error.code
        return None

    minted(issuer)
    issuer.documents["/jwks"] = json.dumps({"keys": [jwk_of(a_key(1), "new")]}).encode()
    for kid in ("new", "x", "y", "new"):
        assert use(kid, 59) == "invalid-token"
    assert len(issuer.asked) == 2
    assert use("new", 60) is None
    assert len(issuer.asked) == 4
    for kid in ("x", "y", "z"):
        assert use(kid, 61) == "invalid-token"
    assert len(issuer.asked) == 4
    # The old one was taken back.
    assert refused(issuer.token())[0] == "invalid-token"


def test_many_at_once_ask_once(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    all_at_once(lambda _: minted(issuer), 5)
    assert len(issuer.asked) == 2


def down(issuer: OwnIssuer) -> None:
    issuer.status = 500


def gone(issuer: OwnIssuer) -> None:
    issuer.documents.clear()


def elsewhere(issuer: OwnIssuer) -> None:
    issuer.redirects_to = f"{issuer.address}/elsewhere"


def huge(issuer: OwnIssuer) -> None:
    issuer.documents["/jwks"] = b" " * 300_000


def slow(issuer: OwnIssuer) -> None:
    issuer.pause = 0.05
    issuer.documents["/jwks"] = b" " * 2000 + issuer.documents["/jwks"]


def no_json(issuer: OwnIssuer) -> None:
    issuer.documents["/jwks"] = b"<html>"


def no_object(issuer: OwnIssuer) -> None:
    issuer.documents["/jwks"] = b"[]"


def deep(issuer: OwnIssuer) -> None:
    issuer.documents["/jwks"] = b"[" * 100_000


def no_list(issuer: OwnIssuer) -> None:
    issuer.documents["/jwks"] = b"{}"


def no_keys(issuer: OwnIssuer) -> None:
    keys = ["x", {}, {"kty": "RSA", "kid": "0"}, {**jwk_of(a_key(), "0"), "kid": 7}, jwk_of(a_key(), "0", use="enc")]
    issuer.documents["/jwks"] = json.dumps({"keys": keys}).encode()


def another(issuer: OwnIssuer) -> None:
    document = {"issuer": "https://evil.example", "jwks_uri": f"{issuer.address}/jwks"}
    issuer.documents["/.well-known/openid-configuration"] = json.dumps(document).encode()


def other_address(address: object) -> Any:
    def change(issuer: OwnIssuer) -> None:
        document = {"issuer": issuer.address, "jwks_uri": address}
        issuer.documents["/.well-known/openid-configuration"] = json.dumps(document).encode()

    return change


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (down, "HTTP Error 500"),
        (gone, "HTTP Error 404"),
        (elsewhere, "HTTP Error 302"),
        (huge, "has more than 262144 bytes"),
        (slow, "takes too long"),
        (no_json, "Expecting value"),
        (no_object, "is no JSON object"),
        (deep, "recursion"),
        (no_list, "it publishes no list of keys"),
        (no_keys, "it publishes no RSA key for signatures"),
        (another, "it calls itself 'https://evil.example'"),
        (other_address(None), "it names no https address of its keys"),
        (other_address("http://192.0.2.1/jwks"), "it names no https address of its keys"),
        (other_address("file:///etc/passwd"), "it names no https address of its keys"),
        (other_address("http://["), "it names no https address of its keys"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_an_issuer_that_does_not_give_its_keys(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, spoil: Any, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers_room, "WHOLE_PATIENCE", 0.3)
    spoil(issuer)
    with pytest.raises(Unavailable, match="cannot be had right now") as caught:
        minted(issuer)
    assert says in str(caught.value)

    # It is well again: after a moment it is asked again, not before.
    asked = len(issuer.asked)
    issuer.__dict__.update({**OwnIssuer(issuer.address).__dict__, "asked": issuer.asked})
    with pytest.raises(Unavailable, match="it did not answer a moment ago"):
        minted(issuer)
    assert len(issuer.asked) == asked
    later = NOON + timedelta(seconds=10)
    assert trusted.mint(issuer.token(later), by=replace(VISITOR, time=later))


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_an_issuer_that_is_silent(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuers_room, "PATIENCE", 0.2)
    monkeypatch.setattr(issuers_room, "QUEUEING_PATIENCE", 0.05)
    issuer.pause = 1.0
    refusals = list[str]()

    def ask(_: int) -> None:
        with pytest.raises(Unavailable) as caught:
            minted(issuer)
        refusals.append(str(caught.value))

    all_at_once(ask, 3)
    assert sum("timed out" in refusal for refusal in refusals) == 1
    assert sum("it takes too long to answer" in refusal for refusal in refusals) == 2


@pytest.mark.parametrize("home", ["machine"], indirect=True)
def test_an_issuer_that_nobody_reaches(home: str, issuer: OwnIssuer, settings: Settings) -> None:
    settings.TRUSTED_ISSUERS = {"http://127.0.0.1:1": "github"}
    with pytest.raises(Unavailable, match="Connection refused"):
        minted(issuer, iss="http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("address", "loopback", "safe"),
    [
        ("https://issuer.example/keys", False, True),
        ("http://issuer.example/keys", False, False),
        ("http://issuer.example/keys", True, False),
        ("http://127.0.0.1:80/keys", True, True),
        ("http://127.0.0.1:80/keys", False, False),
        ("http://[::1]/keys", True, True),
        ("http://localhost/keys", True, True),
        ("https://user@issuer.example/", False, False),
        ("https:///keys", False, False),
        ("https://issuer.example/a b", False, False),
        ("https://issuer.example/\n", False, False),
        ("https://issüer.example/", False, False),
        ("ftp://127.0.0.1/", True, False),
        ("https://[", False, False),
        ("", True, False),
    ],
)
def test_where_keys_may_come_from(address: str, loopback: bool, safe: bool) -> None:
    assert is_safe(address, loopback=loopback) is safe


def test_what_is_this_machine_to_itself() -> None:
    assert is_loopback("http://127.9.9.9:1/")
    assert not is_loopback("http://localhost.example/")
    assert not is_loopback("https://10.0.0.1/")


# Who registers, lists and withdraws.


def test_owners_and_administrators_register_publishers_and_nobody_else(
    issuer: OwnIssuer, carol: Origin, settings: Settings
) -> None:
    accounts.create("dave", role=Role.PUBLISHER, by=ALICE)
    accounts.create("eve", role=Role.READER, by=ALICE)
    publish("demo-pkg", by=carol)
    publishing.grant_role(DEMO, "dave", ProjectRole.MAINTAINER, by=carol)
    dave, eve = an_origin("dave", "publisher"), an_origin("eve", "reader")
    for by in (dave, eve):
        with pytest.raises(NotAllowed, match="may not manage the trusted publishers of project 'demo-pkg'"):
            trusted.register(DEMO, "github", GITHUB_FIELDS, by=by)
        with pytest.raises(NotAllowed):
            trusted.publishers_of(DEMO, by.actor)
    with pytest.raises(NotAuthenticated):
        trusted.register(DEMO, "github", GITHUB_FIELDS, by=VISITOR)
    with pytest.raises(NotAuthenticated):
        trusted.publishers_of(DEMO, ANONYMOUS)

    first = trusted.register(DEMO, "github", GITHUB_FIELDS, by=carol)
    second = trusted.register(DEMO, "gitlab", GITLAB, by=replace(ALICE, time=NOON + timedelta(days=1)))
    for by in (carol, ALICE):
        assert trusted.publishers_of(DEMO, by.actor) == [first, second]
    for by in (dave, eve):
        with pytest.raises(NotAllowed):
            trusted.withdraw(DEMO, first.id, by=by)
    trusted.withdraw(DEMO, first.id, by=carol)
    trusted.withdraw(DEMO, second.id, by=ALICE)
    assert trusted.publishers_of(DEMO, carol.actor) == []
    note = journal.as_json(journal.latest(1)[0])
    assert (note["action"], note["target"], note["project"]) == ("publisher-withdraw", second.id, "demo-pkg")
    assert note["details"]["fields"] == GITLAB


GITLAB = {"namespace": "group", "project": "demo", "workflow_filepath": ".gitlab-ci.yml"}


def test_a_pending_publisher_is_seen_and_withdrawn_by_who_registered_it(issuer: OwnIssuer, carol: Origin) -> None:
    accounts.create("dave", role=Role.PUBLISHER, by=ALICE)
    accounts.create("eve", role=Role.READER, by=ALICE)
    dave, eve = an_origin("dave", "publisher"), an_origin("eve", "reader")
    pending = trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    assert (pending.pending, pending.registered_by) == (True, "carol")
    other = trusted.register(NEW, "gitlab", GITLAB, by=replace(dave, time=NOON + timedelta(days=1)))

    assert trusted.publishers_of(NEW, ALICE.actor) == [pending, other]
    assert trusted.publishers_of(NEW, carol.actor) == [pending]
    assert trusted.publishers_of(NEW, dave.actor) == [other]
    with pytest.raises(NotAllowed, match="its role is 'reader'"):
        trusted.publishers_of(NEW, eve.actor)
    with pytest.raises(NotAllowed):
        trusted.register(NEW, "oidc", {"sub": "x"}, by=eve, issuer=issuer.address)
    with pytest.raises(NotFound):
        trusted.withdraw(NEW, pending.id, by=dave)
    with pytest.raises(NotAllowed):
        trusted.withdraw(NEW, pending.id, by=eve)
    # Dave has the name now: carol takes hers back all the same.
    publish("new-pkg", by=dave)
    trusted.withdraw(NEW, pending.id, by=carol)
    with pytest.raises(NotAllowed):
        trusted.withdraw(NEW, other.id, by=carol)
    trusted.withdraw(NEW, other.id, by=ALICE)


def test_only_who_may_create_projects_registers_pending_publishers(
    issuer: OwnIssuer, carol: Origin, settings: Settings
) -> None:
    settings.CREATE_PROJECTS = "admins"
    with pytest.raises(NotAllowed, match="only administrators create projects here"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    assert trusted.register(NEW, "github", GITHUB_FIELDS, by=ALICE).registered_by == "alice"


@pytest.mark.parametrize(
    ("scopes", "projects", "registers"),
    [
        ({"publish"}, None, False),
        ({"manage"}, None, False),
        ({"manage", "publish"}, {"new-pkg"}, False),
        ({"manage", "publish", "read"}, {"new-pkg"}, True),
        ({"manage", "publish", "read"}, {"demo-pkg"}, False),
        ({"read", "publish"}, {"new-pkg"}, False),
    ],
)
def test_a_token_registers_a_pending_publisher_if_it_may_do_everything_with_the_name(
    issuer: OwnIssuer, carol: Origin, scopes: set[str], projects: set[str] | None, registers: bool
) -> None:
    names = None if projects is None else {NormalizedName(name) for name in projects}
    text, _ = accounts.issue("carol", scopes={Scope(scope) for scope in scopes}, projects=names, by=carol)
    by = as_bearer(text)
    if registers:
        info = trusted.register(NEW, "github", GITHUB_FIELDS, by=by)
        assert trusted.publishers_of(NEW, by.actor) == [info]
    else:
        with pytest.raises(NotAllowed):
            trusted.register(NEW, "github", GITHUB_FIELDS, by=by)


def test_a_command_says_whom_a_new_project_will_belong_to(issuer: OwnIssuer, carol: Origin) -> None:
    by = replace(ALICE, actor=OPERATOR)
    with pytest.raises(InvalidRequest, match="say which account it will belong to"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=by)
    with pytest.raises(NotFound, match="There is no account 'nobody'"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=by, owner="nobody")
    accounts.create("eve", role=Role.READER, by=ALICE)
    with pytest.raises(InvalidRequest, match="its role is 'reader'"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=by, owner="eve")
    with pytest.raises(NotAllowed, match="may not manage accounts"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=carol, owner="alice")
    assert trusted.register(NEW, "github", GITHUB_FIELDS, by=by, owner="carol").registered_by == "carol"
    publish("demo-pkg", by=carol)
    with pytest.raises(InvalidRequest, match="is there and has its owners"):
        trusted.register(DEMO, "github", GITHUB_FIELDS, by=by, owner="alice")


def test_a_publisher_is_registered_once_however_it_is_spelled(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, carol: Origin
) -> None:
    with pytest.raises(Conflict, match=f"registered already, as {demo.id}"):
        trusted.register(DEMO, "github", {**GITHUB_FIELDS, "repository_owner": "OCTO-ORG"}, by=ALICE)
    trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    with pytest.raises(Conflict, match="registered already, as"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=carol)
    # Whose it is, is told to administrators alone.
    accounts.create("dave", role=Role.PUBLISHER, by=ALICE)
    with pytest.raises(Conflict, match="Another account has registered this workload") as caught:
        trusted.register(NEW, "github", GITHUB_FIELDS, by=an_origin("dave", "publisher"))
    assert "carol" not in str(caught.value)
    with pytest.raises(Conflict, match="The account 'carol' has registered this workload"):
        trusted.register(NEW, "github", GITHUB_FIELDS, by=ALICE)


def test_several_at_once_register_a_publisher_once(issuer: OwnIssuer, home: str) -> None:
    publish("demo-pkg", by=ALICE)
    outcomes = list[type]()

    def register(_: int) -> None:
        try:
            trusted.register(DEMO, "github", GITHUB_FIELDS, by=ALICE)
            outcomes.append(trusted.PublisherInfo)
        except PackagesError as error:
            outcomes.append(type(error))

    all_at_once(register, 4)
    assert sorted(outcomes, key=str) == sorted([trusted.PublisherInfo, Conflict, Conflict, Conflict], key=str)


def test_a_project_has_so_many_publishers_at_most(
    issuer: OwnIssuer, demo: trusted.PublisherInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packages.trusted.registering.MOST_PUBLISHERS", 1)
    with pytest.raises(Conflict, match="which are the most"):
        trusted.register(DEMO, "github", {**GITHUB_FIELDS, "environment": "x"}, by=ALICE)


def test_what_strangers_registered_before_takes_no_room_from_a_project(
    issuer: OwnIssuer, carol: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("packages.trusted.registering.MOST_PUBLISHERS", 1)
    trusted.register(NEW, "gitlab", GITLAB, by=carol)
    publish("new-pkg", by=ALICE)
    trusted.register(NEW, "github", GITHUB_FIELDS, by=ALICE)


@pytest.mark.parametrize("home", ["machine"], indirect=True)
@pytest.mark.parametrize("publisher_id", ["", "0" * 16, "0" * 15, "#", "\ud800", "é" * 16, "x" * 5000])
def test_there_is_no_such_publisher(issuer: OwnIssuer, demo: trusted.PublisherInfo, publisher_id: str) -> None:
    for name in (DEMO, NEW):
        with pytest.raises(NotFound, match="has no trusted publisher"):
            trusted.withdraw(name, publisher_id, by=ALICE)


@pytest.mark.parametrize(
    ("trusts", "provider", "given", "chosen"),
    [
        ({}, "github", None, "trusts no issuer of the kind 'github'"),
        ({"https://a.example": "oidc"}, "oidc", None, "https://a.example"),
        ({"https://a.example": "oidc", "https://b.example": "oidc"}, "oidc", None, "name one of https://a.example"),
        ({"https://a.example": "oidc", "https://b.example": "oidc"}, "oidc", "https://b.example", "https://b.example"),
        ({"https://gitlab.com": "gitlab", "https://b.example": "gitlab"}, "gitlab", None, "https://gitlab.com"),
        ({"https://gitlab.com": "gitlab"}, "gitlab", "https://c.example", "is not among the issuers"),
        ({"https://a.example": "oidc"}, "gitlab", "https://a.example", "trusted here (none)"),
    ],
)
def test_chooses_the_issuer(
    home: str, settings: Settings, trusts: dict[str, str], provider: str, given: str | None, chosen: str
) -> None:
    settings.TRUSTED_ISSUERS = trusts
    publish("demo-pkg", by=ALICE)
    fields = {"github": GITHUB_FIELDS, "gitlab": GITLAB, "oidc": {"sub": "x"}}[provider]
    if chosen.startswith("https:"):
        assert trusted.register(DEMO, provider, fields, by=ALICE, issuer=given).issuer == chosen
    else:
        with pytest.raises(InvalidRequest) as caught:
            trusted.register(DEMO, provider, fields, by=ALICE, issuer=given)
        assert chosen in str(caught.value)


def test_refuses_fields_that_name_no_workload(issuer: OwnIssuer, demo: trusted.PublisherInfo) -> None:
    with pytest.raises(InvalidRequest, match="There is no provider 'svn'"):
        trusted.register(DEMO, "svn", {}, by=ALICE)
    with pytest.raises(InvalidRequest, match="'workflow_filename' is ''"):
        trusted.register(DEMO, "github", {**GITHUB_FIELDS, "workflow_filename": ""}, by=ALICE)


def test_a_publisher_lies_beside_its_project(issuer: OwnIssuer, demo: trusted.PublisherInfo, items: Store) -> None:
    item = items.get(Publisher.key(DEMO, demo.id))
    assert isinstance(item, Publisher)
    assert (item.provider, item.issuer, item.subject) == ("github", issuer.address, "octo-org/demo")
    assert store().get(PublisherEntry.key(issuer.address, "octo-org/demo", DEMO, demo.id)) is not None
