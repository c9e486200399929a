"""What was found out about credentials a short while ago, so that a warm request asks one cheap question.

A password is not hashed again, nor a token read again, as long as the items that said whom they
belong to are as they were: bounded, for a while, and under keys that say nothing of a secret.
"""

import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from packages.access import Actor
from packages.models import Item
from packages.store import Key, store


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Whom credentials belong to, if the items at ``keys`` still have these revisions, until ``ends``."""

    actor: Actor
    keys: Sequence[Key]
    revisions: Sequence[str | None]
    # Of the monotonic clock.
    forgotten_at: float
    ends: datetime | None


class Memory:
    """Findings by their credentials; of one process."""

    def __init__(self, *, most: int = 1000, seconds: float = 300.0) -> None:
        self._key = secrets.token_bytes(32)
        self._most, self._seconds = most, seconds
        self._findings: OrderedDict[bytes, Finding] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, now: datetime, *credentials: str) -> Actor | None:
        """Whom they belong to; None if that has to be found out (anew). Raises Unavailable."""
        finding = self._findings.get(self._digest(credentials))
        if finding is None or finding.forgotten_at <= time.monotonic():
            return None
        if finding.ends is not None and finding.ends <= now:
            return None
        # Read in one call: what was disabled, changed or revoked a moment ago is another revision, or none.
        unchanged = not finding.keys or store().revisions(finding.keys) == finding.revisions
        return finding.actor if unchanged else None

    def keep(self, actor: Actor, *credentials: str, items: Sequence[Item] = (), ends: datetime | None = None) -> None:
        """Remember whom they belong to, as the items say."""
        finding = Finding(
            actor=actor,
            keys=[(item.pk, item.sk) for item in items],
            revisions=[item.revision for item in items],
            forgotten_at=time.monotonic() + self._seconds,
            ends=ends,
        )
        digest = self._digest(credentials)
        with self._lock:
            self._findings[digest] = finding
            self._findings.move_to_end(digest)
            while len(self._findings) > self._most:
                self._findings.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._findings.clear()

    def _digest(self, credentials: Sequence[str]) -> bytes:
        # Each part's length first: "a", "bc" and "ab", "c" are two things.
        message = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in credentials)
        return hmac.digest(self._key, message, "sha256")


memory = Memory()
