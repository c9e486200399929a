"""The way to a file's bytes: streamed by the index, or by a signed address in storage that stays a while."""

from datetime import datetime, timedelta
from typing import cast

from packages import storage
from packages.distributions import DistributionFile
from packages.models import SignedUrl
from packages.store import Condition, ConditionFailed, Put, store

# An address is handed out for half its life, so that whoever gets it has the other half to use it.
LIFETIME = timedelta(hours=1)


def address_of(file: DistributionFile, known: SignedUrl | None, now: datetime) -> str | None:
    """A signed address of the file in storage; None where there is no such thing.

    pip caches by the final address, so everybody is given the same one for as long as it is
    fresh; ``known`` is what is kept in the index. (Each Lambda signs with credentials of its
    own, so signing for the same moment would not give the same text.) Raises Unavailable.
    """
    if known is not None and _is_fresh(known, file, now):
        return known.url
    address = storage.signed_url(file.key, int(LIFETIME.total_seconds()))
    if address is None:
        return None
    key = SignedUrl.key(file.project, file.slot)
    item = SignedUrl(*key, object_key=file.key, url=address, renew_at=int((now + LIFETIME / 2).timestamp()))
    item.revision = known.revision if known else ""
    try:
        store().write(Put(item=item, condition=Condition.UNCHANGED if known else Condition.ABSENT))
    except ConditionFailed:
        winner = cast("SignedUrl | None", store().get(key))
        if winner is not None and _is_fresh(winner, file, now):
            return winner.url
    return address


def _is_fresh(known: SignedUrl, file: DistributionFile, now: datetime) -> bool:
    return known.object_key == file.key and now.timestamp() < known.renew_at
