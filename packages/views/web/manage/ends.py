"""Until when what was deleted can be restored, as the lists say it."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from packages.views.web.project.releases import is_over, restorable_until


@dataclass(frozen=True, kw_only=True)
class End:
    """The end of a deletion's time, and whether it is over."""

    until: datetime
    over: bool


def end_of(removed_at: datetime | None, now: datetime) -> End | None:
    """When a deletion of then is for good; None if it has no end."""
    until = restorable_until(removed_at)
    return None if until is None else End(until=until, over=is_over(removed_at, now))


def kept_for() -> str:
    """How long what is deleted now is kept."""
    days = settings.RESTORE_DAYS
    if not days:
        return "This index restores nothing."
    return f"For {days} day{'' if days == 1 else 's'} they can be restored here."
