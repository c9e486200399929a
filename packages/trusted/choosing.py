"""Which of the publishers that are registered for a workload its token is for: one of each project."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import cast

from packaging.utils import NormalizedName

from packages import accounts, permissions
from packages.accounts.workloads import why_not_pending
from packages.models import Project, Publisher
from packages.store import store
from packages.trusted.claims import why_not
from packages.trusted.tokens import Identity

# Projects of one token: with it, all of them are read in one call.
MOST_PROJECTS = 90
LOOKED_AT_AT_ONCE = 100

# Why publishers do not count, by project and id, each without a full stop.
Reasons = dict[tuple[str, str], str]


def choose(found: Sequence[Publisher], shown: Identity) -> tuple[list[Publisher], Reasons]:
    """The publishers that a token is for, and why others do not fit, as far as they were looked at.

    Projects that exist come first: what strangers have registered of other names takes no room from them.
    """
    reasons: Reasons = {}
    owns = _oldest_registrants(found)
    chosen: dict[str, list[Publisher]] = defaultdict(list)
    pending: dict[str, list[Publisher]] = defaultdict(list)
    for publisher in found:
        fields: dict[str, str] = json.loads(publisher.claims)
        why = why_not(publisher.provider, publisher.issuer, fields, shown.claims)
        if why is None and publisher.pending and publisher.registered_by != owns[publisher.project]:
            why = "another account has registered this workload for that name before"
        if why is not None:
            reasons[_place(publisher)] = why
        else:
            (pending if publisher.pending else chosen)[publisher.project].append(publisher)
    best = _fairly(max(some, key=_exactness) for some in chosen.values())
    if len(best) < MOST_PROJECTS:
        best += _that_may_create(pending, MOST_PROJECTS - len(best), reasons)
    return best[:MOST_PROJECTS], reasons


def _oldest_registrants(found: Iterable[Publisher]) -> dict[str, str]:
    """Who registered the first pending publisher of each name: whom its project is meant for.

    Whether it fits or not, and whatever it asks for: else somebody else would get, by asking for more
    or for less, what this workload publishes.
    """
    owns: dict[str, str] = {}
    for publisher in sorted(found, key=_age):
        if publisher.pending:
            owns.setdefault(publisher.project, publisher.registered_by)
    return owns


def _that_may_create(pending: dict[str, list[Publisher]], most: int, reasons: Reasons) -> list[Publisher]:
    """The pending publishers, one of a name, that may create their projects now: so many that there are enough."""
    names = [publisher.project for publisher in _fairly(min(some, key=_age) for some in pending.values())]
    best = list[Publisher]()
    for start in range(0, len(names), LOOKED_AT_AT_ONCE):
        if len(best) >= most:
            break
        batch = names[start : start + LOOKED_AT_AT_ONCE]
        projects = store().get_many([Project.key(NormalizedName(name)) for name in batch])
        people = accounts.lookup_all({publisher.registered_by for name in batch for publisher in pending[name]})
        for name, project in zip(batch, projects, strict=True):
            taken = permissions.standing(NormalizedName(name), cast("Project | None", project)).taken
            able = list[Publisher]()
            for publisher in pending[name]:
                why = why_not_pending(publisher, people)
                if taken:
                    why = "the project exists, and this publisher was registered before it did; register it once more"
                if why is None:
                    able.append(publisher)
                else:
                    reasons[_place(publisher)] = why.rstrip(".")
            if able:
                best.append(max(able, key=_exactness))
    return best


def _fairly(publishers: Iterable[Publisher]) -> list[Publisher]:
    """Everybody's oldest, then everybody's next one: who has registered many takes no room from others."""
    counts = Counter[str]()
    ranked = list[tuple[int, Publisher]]()
    for publisher in sorted(publishers, key=_age):
        ranked.append((counts[publisher.registered_by], publisher))
        counts[publisher.registered_by] += 1
    return [publisher for _, publisher in sorted(ranked, key=lambda pair: pair[0])]


def _age(publisher: Publisher) -> tuple[float, str, str]:
    return publisher.created.timestamp(), publisher.project, publisher.id


def _exactness(publisher: Publisher) -> tuple[int, str]:
    return len(json.loads(publisher.claims)), publisher.id


def _place(publisher: Publisher) -> tuple[str, str]:
    return publisher.project, publisher.id
