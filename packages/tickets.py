"""Tickets: the right to put one file's bytes at an address of ours, for a while, without other credentials."""

from dataclasses import dataclass

from django.core import signing

from packages.errors import NotAllowed
from packages.publishing import Announced
from packages.publishing.direct import RESERVED_FOR

_SALT = "packages.tickets"
# Where a server that reads a ticket before the body comes leaves it for the application.
SEEN = "packages.ticket"


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Which bytes may be put, and where; ``sha256`` in lower-case hex, ``size`` in bytes if it was said."""

    key: str
    sha256: str
    size: int | None


def issue(announced: Announced) -> str:
    """A ticket for an announced file, as a part of an address's query."""
    return signing.dumps([announced.key, announced.sha256, announced.size], salt=_SALT)


def read(text: str) -> Ticket:
    """Check a ticket. Raises NotAllowed."""
    try:
        key, sha256, size = signing.loads(text, salt=_SALT, max_age=RESERVED_FOR)
    except signing.BadSignature as error:
        raise NotAllowed("This address has expired, or is not one that reserve gave; reserve again.") from error
    return Ticket(key=key, sha256=sha256, size=size)
