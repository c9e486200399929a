"""The accounts that there are: one, some, or all of them."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.conf import settings
from packaging.utils import NormalizedName

from packages import permissions
from packages.access import Action, Actor, ProjectRole, Role
from packages.errors import NotFound
from packages.models import Account, AccountEntry, Item, Membership, account_partition
from packages.store import store

FIRST_NAME = "admin"
# One way to write each name: no capitals, and no letters of other alphabets that look like these.
NAME = r"[a-z0-9]([a-z0-9._@+-]{0,62}[a-z0-9])?"


@dataclass(frozen=True, kw_only=True)
class Person:
    """An account; ``fixed`` if the settings name it, ``created`` only if they do not."""

    name: str
    role: Role
    disabled: bool = False
    fixed: bool = False
    session_version: int = 0
    created: datetime | None = None


def find(name: str, by: Actor) -> Person:
    """An account: one's own, or for administrators any. Raises NotFound or NotAllowed."""
    if name != by.name or by.role is None:
        permissions.check(by, Action.MANAGE_ACCOUNTS)
    person = lookup(name)
    if person is None:
        raise NotFound(f"There is no account {name!a}.")
    return person


def lookup(name: str) -> Person | None:
    """An account by its name, if there is one."""
    return lookup_all([name]).get(name)


def lookup_all(names: Collection[str]) -> dict[str, Person]:
    """Those accounts of up to 100 names that there are, read in one call."""
    found = {
        name: Person(name=name, role=Role(settings.ACCOUNTS[name].role), fixed=True)
        for name in names
        if name in settings.ACCOUNTS
    }
    keys = [Account.key(name) for name in sorted(set(names) - found.keys()) if re.fullmatch(NAME, name)]
    for account in store().get_many(keys) if keys else ():
        if isinstance(account, Account):
            found[account.name] = person_of(account)
    return found


def is_there(name: str, item: Item | None) -> bool:
    """Say whether there is such an account, of which ``item`` is what lies in the index."""
    return name in settings.ACCOUNTS or isinstance(item, Account)


def everybody(by: Actor) -> Iterator[Person]:
    """Every account, by name; the settings' first. Raises NotAllowed."""
    permissions.check(by, Action.MANAGE_ACCOUNTS)
    for name in sorted(settings.ACCOUNTS):
        yield Person(name=name, role=Role(settings.ACCOUNTS[name].role), fixed=True)
    listed = {cast("AccountEntry", entry).name for entry in store().query(AccountEntry.PARTITION)}
    # The first account may be older than the list.
    for name in sorted((listed | {FIRST_NAME}) - settings.ACCOUNTS.keys()):
        account = store().get(Account.key(name))
        if isinstance(account, Account):
            yield person_of(account)


def projects_of(name: str) -> Iterator[tuple[NormalizedName, ProjectRole]]:
    """The projects that an account has a role in."""
    for item in store().query(account_partition(name), Membership.PREFIX):
        assert isinstance(item, Membership)
        yield NormalizedName(item.project), ProjectRole(item.role)


def person_of(account: Account) -> Person:
    """The account that an item is."""
    return Person(
        name=account.name,
        role=Role(account.role),
        disabled=account.disabled,
        session_version=int(account.session_version),
        created=account.created,
    )
