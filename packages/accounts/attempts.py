"""How often a wrong password may be tried: counted in the index, so that every process knows."""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from packages import journal
from packages.errors import TooManyAttempts
from packages.journal import Note, Origin
from packages.models import Failures, Item
from packages.store import Change, Delete, Key, Put, store

# Within so many seconds from the first one (pip waits as long as Retry-After says, and a job should not hang) …
WINDOW = 5 * 60
# … so many wrong passwords for one account from one address; for any accounts from one address; and
# for one account from anywhere. One job with an old password reaches the first limit alone, and
# keeps nobody else at its address out.
MOST_FOR_BOTH = 10
MOST_FROM_ADDRESS = 100
MOST_FOR_ACCOUNT = 100
_LIMITS = (MOST_FOR_BOTH, MOST_FROM_ADDRESS, MOST_FOR_ACCOUNT)


def keys(account: str, address: str) -> list[Key]:
    """Where the counts lie that matter to an attempt."""
    # Digests: a name that somebody tries may be of any length.
    block = address_block(address)
    name = hashlib.sha256(account.encode()).hexdigest()
    return [Failures.key(f"{name}#{block}"), Failures.key(f"from#{block}"), Failures.key(f"for#{name}")]


def check(counts: Sequence[Item | None], now: datetime) -> bool:
    """Raise TooManyAttempts where no further password is looked at; says whether this account failed from there.

    ``counts`` are what lies at the keys.
    """
    waits = [
        float(count.expires_at) - now.timestamp()
        for count, most in zip(counts, _LIMITS, strict=True)
        if isinstance(count, Failures) and count.number >= most
    ]
    seconds = math.ceil(max(waits, default=0))
    if seconds > 0:
        raise TooManyAttempts(
            f"Too many wrong passwords; none is looked at for {seconds} seconds. Tokens are not affected.", seconds
        )
    return counts[0] is not None


def note_failure(account: str, by: Origin, *, known: bool) -> None:
    """Count a failure, and note it in the journal: without the name, if nobody has it, for it may be a password."""

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        counts = [_counted(item, key, by.time) for item, key in zip(items, places, strict=True)]
        details = {"why": "wrong password" if known else "no such account", "failures": int(counts[0].number)}
        note = Note(action="login-failure", target=account if known else "", details=details)
        return [Put(item=count) for count in counts], note, None

    places = keys(account, by.address)
    journal.amend(places, decide, by)


def forget_failures(account: str, by: Origin) -> None:
    """Begin anew: the account has logged in from there."""
    store().write(Delete(item=Failures(*keys(account, by.address)[0])))


def address_block(address: str) -> str:
    """What counts as one address: an IPv6 network of 64 bits is as easily had as one IPv4 address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        return str(ip.ipv4_mapped or ip_network(f"{ip}/64", strict=False))
    return str(ip)


def _counted(item: Item | None, key: Key, now: datetime) -> Failures:
    if isinstance(item, Failures) and item.expires_at > now.timestamp():
        item.number = int(item.number) + 1
        return item
    return Failures(*key, number=1, expires_at=math.ceil(now.timestamp()) + WINDOW)
