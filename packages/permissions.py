"""The rules of access, asked about this index: its settings, its projects."""

from django.conf import settings
from packaging.utils import NormalizedName

from packages.access import Action, Actor, Creation, Policy, Standing, require
from packages.models import Project


def check(actor: Actor, action: Action, name: NormalizedName | None = None, project: Project | None = None) -> None:
    """Raise NotAuthenticated or NotAllowed unless the actor may do this, to the project of that name."""
    require(actor, action, None if name is None else standing(name, project), policy())


def check_beforehand(actor: Actor, action: Action, name: NormalizedName) -> None:
    """Raise what ``check`` raises for whoever could not do this if the project were their own.

    Asked before a project is looked for, it keeps from them whether it is there.
    """
    require(actor, action, Standing(name=name, owners=frozenset({actor.name})), policy())


def policy() -> Policy:
    """What the operator has set."""
    return Policy(public_read=settings.PUBLIC_READ, creation=Creation(settings.CREATE_PROJECTS))


def standing(name: NormalizedName, project: Project | None) -> Standing:
    """How things stand with a project, or a name that none has (yet, or any more)."""
    if project is None:
        return Standing(name=name, taken=False)
    owners, maintainers = frozenset(project.owners or ()), frozenset(project.maintainers or ())
    # A removed project stays its owners' until it is purged.
    taken = not project.removed or bool(owners) or project.removed_at is not None
    return Standing(name=name, taken=taken, owners=owners, maintainers=maintainers)
