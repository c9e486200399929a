"""Give a workload that shows an identity token a token of this index, for its projects and a quarter of an hour."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.conf import settings
from packaging.utils import NormalizedName

from packages import accounts
from packages.access import Actor
from packages.accounts import TokenInfo
from packages.journal import Origin
from packages.models import Publisher, PublisherEntry, Spent
from packages.store import Condition, ConditionFailed, Key, Put, store
from packages.trusted.choosing import Reasons, choose
from packages.trusted.claims import noted, subject_in
from packages.trusted.tokens import MintRefused, verify

READ_AT_ONCE = 100
# PyPI remembers a used identity token for so many seconds longer than it can be good.
REMEMBERED_LONGER = 5
# How many of its publishers' reasons a refusal tells.
MOST_REASONS = 3


def mint(text: str, *, by: Origin) -> tuple[str, TokenInfo]:
    """Make a token of this index for whom an identity token is of; gives its secret, and what it is.

    It is for every project that the workload is registered for; of a pending publisher, if whoever
    registered it may still create that project. Raises MintRefused or Unavailable.
    """
    if not settings.TRUSTED_PUBLISHING:
        raise MintRefused("not-enabled", "Trusted publishing is not enabled on this index (TRUSTED_PUBLISHING).")
    shown = verify(text, by.time)
    subject = subject_in(shown.provider, shown.claims)
    found = list(_registered(shown.issuer, subject)) if subject else []
    publishers, reasons = choose(found, shown)
    if not publishers:
        raise _no_publisher(found, reasons, subject)
    expires_at = math.ceil(shown.expires) + REMEMBERED_LONGER
    spent = Spent(*Spent.key(shown.issuer, shown.jti), expires_at=expires_at)
    actor = Actor(name=f"{shown.provider}:{subject}", credential="identity token", publisher=publishers[0].id)
    try:
        return accounts.issue_for_publisher(
            {NormalizedName(publisher.project): publisher.id for publisher in publishers},
            by=replace(by, actor=actor),
            claims=noted(shown.claims),
            also=[Put(item=spent, condition=Condition.ABSENT)],
        )
    except ConditionFailed as error:
        raise MintRefused(
            "invalid-reuse-token", "The identity token was used already, and can be used once; get a new one."
        ) from error


def _registered(issuer: str, subject: str) -> Iterator[Publisher]:
    """The publishers that were registered for an issuer's subject."""
    keys: list[Key] = []
    for entry in store().query(PublisherEntry.partition(issuer, subject)):
        assert isinstance(entry, PublisherEntry)
        keys.append(Publisher.key(NormalizedName(entry.project), entry.id))
    for start in range(0, len(keys), READ_AT_ONCE):
        for item in store().get_many(keys[start : start + READ_AT_ONCE]):
            if isinstance(item, Publisher):
                yield item


def _no_publisher(found: Sequence[Publisher], reasons: Reasons, subject: str | None) -> MintRefused:
    if not found:
        who = f"for {subject[:200]!a}" if subject else "by what it says"
        return MintRefused("invalid-publisher", f"The token is valid, but no trusted publisher is registered {who}.")
    told = [f"{publisher.project}: {reasons[publisher.project, publisher.id]}" for publisher in found]
    more = f" (and {len(told) - MOST_REASONS} more)" if len(told) > MOST_REASONS else ""
    return MintRefused(
        "invalid-pending-publisher" if all(publisher.pending for publisher in found) else "invalid-publisher",
        f"The token is valid, but fits no trusted publisher. {'; '.join(told[:MOST_REASONS])}{more}.",
    )
