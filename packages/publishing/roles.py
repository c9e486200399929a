"""Who owns and who maintains a project."""

from dataclasses import replace

from django.conf import settings
from packaging.utils import NormalizedName

from packages import accounts, permissions
from packages.access import Action, ProjectRole, Role
from packages.catalog import find_project
from packages.errors import Conflict, NotFound
from packages.journal import Note, Origin
from packages.models import Account, Item, Membership, Project
from packages.publishing.revision import Revision, revise
from packages.store import Change, Delete, Put

# Of one project.
MOST_ROLES = 50


def roles_of(project: Project) -> dict[str, ProjectRole]:
    """The roles in a project, by account: owners first, each by name."""
    roles = dict.fromkeys(sorted(project.owners or ()), ProjectRole.OWNER)
    return roles | dict.fromkeys(sorted(project.maintainers or ()), ProjectRole.MAINTAINER)


def grant_role(
    name: NormalizedName, account: str, role: ProjectRole, *, by: Origin, leave_ownerless: bool = False
) -> None:
    """Give an account a role in a project, in place of one it has. Raises NotFound, NotAllowed or Conflict."""
    permissions.check_beforehand(by.actor, Action.MANAGE_ROLES, name)
    find_project(name, removed_too=True)

    def decide(project: Project | None, items: list[Item | None]) -> tuple[Revision | None, None]:
        project = _known(name, project)
        permissions.check(by.actor, Action.MANAGE_ROLES, name, project)
        if not accounts.is_there(account, items[1]):
            raise NotFound(f"There is no account {account[:64]!a}.")
        if role is ProjectRole.OWNER and not _can_own(account, items[1]):
            raise Conflict(f"The account {account!a} is disabled, or a reader: it could do nothing as an owner.")
        before = roles_of(project).get(account)
        if before is role:
            return None, None
        if before is None and len(roles_of(project)) >= MOST_ROLES:
            raise Conflict(f"Project {name} has {MOST_ROLES} owners and maintainers, which are the most.")
        revision = _changed(project, account, role, by, leave_ownerless)
        # Written anew, so that nobody deletes it at the same time without having seen this role.
        kept = [Put(item=items[1])] if items[1] is not None else []
        return replace(revision, also=[*revision.also, *kept]), None

    revise(name, [Membership.key(account, name), Account.key(account)], decide, by)


def revoke_role(name: NormalizedName, account: str, *, by: Origin, leave_ownerless: bool = False) -> None:
    """Take an account's role in a project away; anybody may give up their own.

    A project is left without an owner only by an administrator who says so (``leave_ownerless``).
    Raises NotFound, NotAllowed or Conflict.
    """
    # Not by a token that was made for something less.
    own = account == by.actor.name and by.actor.role is not None and by.actor.limits is None

    if not own:
        permissions.check_beforehand(by.actor, Action.MANAGE_ROLES, name)

    def decide(project: Project | None, items: list[Item | None]) -> tuple[Revision, None]:
        project = _known(name, project)
        if not own:
            permissions.check(by.actor, Action.MANAGE_ROLES, name, project)
        if account not in roles_of(project):
            raise NotFound(f"Account {account[:64]!a} has no role in the project {name}.")
        return _changed(project, account, None, by, leave_ownerless), None

    revise(name, [Membership.key(account, name)], decide, by)


def memberships(project: Project) -> list[Change]:
    """What takes the project out of the lists of those who have a role in it."""
    name = NormalizedName(project.name)
    return [Delete(item=Membership(*Membership.key(account, name))) for account in roles_of(project)]


def _can_own(account: str, item: Item | None) -> bool:
    fixed = settings.ACCOUNTS.get(account)
    if fixed is not None:
        return bool(fixed.role != Role.READER)
    return isinstance(item, Account) and not item.disabled and item.role != Role.READER


def _known(name: NormalizedName, project: Project | None) -> Project:
    if project is None:
        raise NotFound(f"There is no project {name} in this index.")
    return project


def _changed(project: Project, account: str, role: ProjectRole | None, by: Origin, leave_ownerless: bool) -> Revision:
    name, before = NormalizedName(project.name), roles_of(project)
    after = {**before, account: role} if role else {who: what for who, what in before.items() if who != account}
    owners = {who for who, what in after.items() if what is ProjectRole.OWNER}
    if not owners and ProjectRole.OWNER in before.values():
        if not leave_ownerless:
            raise Conflict(f"{account!a} is the last owner of the project {name}: make somebody else an owner first.")
        permissions.check(by.actor, Action.LEAVE_OWNERLESS, name, project)
    # A set cannot be stored empty.
    project.owners = owners or None
    project.maintainers = set(after) - owners or None
    key = Membership.key(account, name)
    change: Change = (
        Put(item=Membership(*key, account=account, project=name, role=role.value))
        if role
        else Delete(item=Membership(*key))
    )
    details = {"before": before.get(account), "after": role}
    return Revision(project, Note(action="role", project=name, target=account, details=details), also=[change])
