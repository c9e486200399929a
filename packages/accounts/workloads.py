"""Tokens of trusted publishers: which a workload gets for a quarter of an hour, and what they are good for then."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from packaging.utils import NormalizedName

from packages import journal, permissions
from packages.access import Action, Actor, Registration, Scope, Standing, why_not
from packages.accounts import secret, stored
from packages.accounts.lookups import Person, lookup, lookup_all
from packages.accounts.stored import TokenInfo
from packages.errors import NotAuthenticated
from packages.journal import Note, Origin
from packages.models import Item, Publisher, Token
from packages.store import Change, Condition, ConditionFailed, Put, store

# PyPI's 15 minutes.
PUBLISHER_LIFE = timedelta(minutes=15)


def issue_for_publisher(
    publishers: Mapping[NormalizedName, str], *, by: Origin, claims: Mapping[str, str], also: Sequence[Change] = ()
) -> tuple[str, TokenInfo]:
    """Make a token with which a trusted publisher publishes to its projects for a quarter of an hour.

    ``publishers`` are the ids under which it is registered, by project; ``claims`` go into the
    journal. ``also`` is what must become true with it (that the identity token is spent): items
    that are not there yet. Raises ConditionFailed if one is.
    """
    expires = by.time + PUBLISHER_LIFE
    names = sorted(publishers)
    # In the order of the projects' names: so it is read again.
    ids = " ".join(publishers[name] for name in names)
    text, token = stored.make({Scope.PUBLISH}, names, expires, by, publisher=ids, description=by.actor.name)

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        if any(item is not None for item in items):
            raise ConditionFailed("an identity token is used once")
        project = names[0] if len(names) == 1 else ""
        details = {**stored.described(token), "claims": dict(claims)}
        note = Note(action="token-mint", project=project, target=token.id, details=details)
        return [Put(item=token, condition=Condition.ABSENT), *also], note, None

    journal.amend([(change.item.pk, change.item.sk) for change in also], decide, by)
    return text, stored.info(token)


def burn(text: str, *, by: Origin) -> bool:
    """End a token that a trusted publisher got, before its time; says whether there was one."""
    token = stored.find(text) if secret.is_whole(text) else None
    if token is None or not token.publisher:
        return False
    # Who holds its secret is whom it was made for.
    actor = Actor(name=token.description, credential=f"token {token.id}", publisher=token.publisher)
    return stored.end(token, "token-burn", replace(by, actor=actor))


def why_not_create(account: str, project: NormalizedName) -> str | None:
    """None if an account may create a project of a name that nobody has, as things are now, else why not."""
    return _why_not_create(lookup(account), account, project)


def why_not_pending(publisher: Publisher, people: Mapping[str, Person]) -> str | None:
    """None if whoever registered a pending publisher may still create its project, else why not.

    ``people`` are those that there are, as ``lookup_all`` gives them.
    """
    name, person = publisher.registered_by, people.get(publisher.registered_by)
    # An account of the settings has no such moment: it is whoever the settings say.
    if person is not None and _is_later(person.created, publisher.created):
        return f"The account {name!a} is a new one, made after this publisher was registered."
    return _why_not_create(person, name, NormalizedName(publisher.project))


def principals(token: Token) -> list[Item]:
    """The publishers that a token was made for, as far as they are there."""
    registered = zip(sorted(stored.projects_of(token) or ()), token.publisher.split(), strict=True)
    found = store().get_many([Publisher.key(project, publisher_id) for project, publisher_id in registered])
    return [item for item in found if item is not None]


def actor_of(token: Token, publishers: Sequence[Item]) -> Actor:
    """A trusted publisher, for those of the token's projects that it is still registered for."""
    found = [item for item in publishers if isinstance(item, Publisher)]
    people = lookup_all({publisher.registered_by for publisher in found if publisher.pending})
    # Whoever may not create projects any more does not do it in this way either.
    kept = tuple(
        Registration(
            project=NormalizedName(publisher.project),
            id=publisher.id,
            creates_for=publisher.registered_by if publisher.pending else None,
        )
        for publisher in found
        if not publisher.pending or why_not_pending(publisher, people) is None
    )
    if not kept:
        raise NotAuthenticated("The trusted publisher that this token was made for is no longer registered.")
    limits = replace(stored.limits_of(token), projects=frozenset(registration.project for registration in kept))
    return Actor(
        name=token.description,
        credential=f"token {token.id}",
        limits=limits,
        publisher=token.publisher,
        registrations=kept,
    )


def _why_not_create(person: Person | None, account: str, project: NormalizedName) -> str | None:
    if person is None or person.disabled:
        return f"The account {account!a} is {'disabled' if person else 'gone'}."
    standing = Standing(name=project, taken=False)
    return why_not(Actor(name=account, role=person.role), Action.CREATE, standing, permissions.policy())


def _is_later(moment: datetime | None, other: datetime) -> bool:
    return moment is not None and moment > other
