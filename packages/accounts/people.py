"""The index's own accounts: make, change and delete them."""

import re
import secrets
import string
from collections.abc import Callable, Sequence
from typing import cast

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError

from packages import journal, permissions
from packages.access import BUCKET, OPERATOR, Action, Role
from packages.accounts.lookups import FIRST_NAME, NAME, Person, person_of, projects_of
from packages.accounts.passwords import LONGEST_PASSWORD
from packages.accounts.publishers import end_pending
from packages.errors import Conflict, InvalidRequest, NotAllowed, NotFound, Unavailable
from packages.journal import Note, Origin
from packages.models import Account, AccountEntry, Item, Membership, Token, TokenEntry, account_partition
from packages.store import Change, Delete, Key, Put, store

# How often a deletion looks again for roles that were given while it went on.
ATTEMPTS = 10
# No sign that a shell, a URL or a command line would take for something else.
_LETTERS = string.ascii_letters + string.digits
# These stand for others in the journal, and as uploaders.
_RESERVED = {"anonymous", "operator", "bucket"}


def create(name: str, *, role: Role, password: str | None = None, by: Origin) -> tuple[Person, str | None]:
    """Make an account; gives it, and the password that was made for it if none was given.

    Raises InvalidRequest, Conflict or NotAllowed.
    """
    permissions.check(by.actor, Action.MANAGE_ACCOUNTS)
    if not re.fullmatch(NAME, name) or name in _RESERVED:
        raise InvalidRequest(
            f"{name[:80]!a} cannot be the name of an account: use up to 64 lower-case letters a-z, digits and '._@+-', "
            f"beginning and ending with a letter or digit, but none of {', '.join(sorted(_RESERVED))}."
        )
    if name in settings.ACCOUNTS:
        raise Conflict(f"There is an account {name!a} already: the settings name it.")
    made = None if password is not None else _new_password()
    account = Account(
        *Account.key(name),
        name=name,
        password=_hashed(password, name) if password is not None else make_password(made),
        role=role.value,
        created=by.time,
    )

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note, None]:
        if items[0] is not None:
            raise Conflict(f"There is an account {name!a} already.")
        _refuse_inheritance(name)
        note = Note(action="account-create", target=name, details={"after": {"role": role.value}})
        return [Put(item=account), Put(item=_entry(name))], note, None

    journal.amend([Account.key(name), AccountEntry.key(name)], decide, by)
    return person_of(account), made


def _refuse_inheritance(name: str) -> None:
    """A new account gets nothing that an earlier one of its name has left, as those of the settings may."""
    projects, tokens = list[str](), list[str]()
    for item in store().query(account_partition(name)):
        if isinstance(item, Membership):
            projects.append(item.project)
        # Its token may have expired, and be gone.
        elif isinstance(item, TokenEntry) and store().get(Token.key(item.id)) is not None:
            tokens.append(item.id)
    if projects:
        raise Conflict(
            f"An earlier account {name!a}, perhaps of the settings (USERS), still has a role in {_some(projects)}, "
            "which a new one would get: take it away first (role revoke)."
        )
    if tokens:
        raise Conflict(
            f"An earlier account {name!a}, perhaps of the settings (USERS), has left the tokens {_some(tokens)}: "
            "revoke them first (token list, token revoke)."
        )


def change(name: str, *, role: Role | None = None, disabled: bool | None = None, by: Origin) -> Person:
    """Change an account's role, or whether it is disabled; at once, for open sessions too.

    Raises NotFound, Conflict or NotAllowed.
    """
    permissions.check(by.actor, Action.MANAGE_ACCOUNTS)
    if name == by.actor.name and by.actor.role is not None:
        raise Conflict("Nobody changes their own role or disables themselves: ask another administrator.")

    def changed(account: Account) -> Note | None:
        before = {"role": account.role, "disabled": account.disabled}
        account.role = account.role if role is None else role.value
        account.disabled = account.disabled if disabled is None else disabled
        after = {"role": account.role, "disabled": account.disabled}
        if before == after:
            return None
        if disabled:
            account.session_version = int(account.session_version) + 1
        return Note(action="account-change", target=name, details={"before": before, "after": after})

    return _amend(name, changed, by)


def set_password(name: str, password: str | None, *, by: Origin) -> str | None:
    """Give an account a new password, which ends its sessions; gives the one that was made if none was given.

    Raises NotFound, InvalidRequest, Conflict or NotAllowed.
    """
    if name != by.actor.name or by.actor.role is None:
        permissions.check(by.actor, Action.MANAGE_ACCOUNTS)
    elif by.actor.limits is not None:
        # Whoever found a token does not get the account with it.
        raise NotAllowed(
            f"User {name!a} may not change their own password by a token, whatever it is for: "
            "that takes logging in with the password."
        )
    made = None if password is not None else _new_password()
    hashed = _hashed(password, name) if password is not None else make_password(made)

    def changed(account: Account) -> Note:
        account.password, account.password_sha256 = hashed, None
        account.session_version = int(account.session_version) + 1
        return Note(action="account-password", target=name)

    _amend(name, changed, by)
    return made


def delete(name: str, *, by: Origin) -> None:
    """Delete an account with its tokens and pending publishers; it must have no role in a project any more.

    Raises NotFound, Conflict or NotAllowed.
    """
    permissions.check(by.actor, Action.MANAGE_ACCOUNTS)
    if name == by.actor.name and by.actor.role is not None:
        raise Conflict("Nobody deletes their own account: ask another administrator.")
    _refuse_fixed(name)
    for _ in range(ATTEMPTS):
        # Whoever gives it a role, or registers a publisher, writes it anew: if it is still the same at the end,
        # it has none.
        seen = store().get(Account.key(name))
        if seen is None:
            raise NotFound(f"There is no account {name[:64]!a}.")
        _refuse_roles(name)
        tokens = [cast("TokenEntry", item) for item in store().query(account_partition(name), TokenEntry.PREFIX)]
        if _delete(name, seen.revision, by):
            break
    else:
        raise Unavailable(f"The account {name!a} is being changed all the while; try again in a moment.")
    # Without their account they are worth nothing any more.
    for entry in tokens:
        store().write(Delete(item=Token(*Token.key(entry.id))))
        store().write(Delete(item=entry))
    end_pending(name, by)


def _refuse_roles(name: str) -> None:
    projects = [project for project, _ in projects_of(name)]
    if projects:
        raise Conflict(f"The account {name!a} still has a role in {_some(projects)}: take it away first.")


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:5])}{' and others' if len(names) > 5 else ''}"


def _delete(name: str, revision: str, by: Origin) -> bool:
    """Delete an account, if it is still what was seen."""

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, bool]:
        account = cast("Account | None", items[0])
        if account is None or account.revision != revision:
            return [], None, False
        still = _still_administers(by, items[2:])
        note = Note(action="account-delete", target=name, details={"before": {"role": account.role}})
        return [Delete(item=account), Delete(item=_entry(name)), *still], note, True

    return journal.amend([Account.key(name), AccountEntry.key(name), *_key_of(by, name)], decide, by)


def _key_of(by: Origin, name: str) -> list[Key]:
    """Where the account lies that changes another one, if it is one of the index's own."""
    own = by.actor.name == name or by.actor.name in settings.ACCOUNTS or by.actor in (OPERATOR, BUCKET)
    return [] if own else [Account.key(by.actor.name)]


def _still_administers(by: Origin, items: Sequence[Item | None]) -> list[Change]:
    """Of two administrators who end each other at once, the second one is none any more. Raises NotAllowed."""
    for item in items:
        if not isinstance(item, Account) or item.disabled or item.role != Role.ADMIN:
            raise NotAllowed(f"User {by.actor.name!a} may not manage accounts any more.")
    # Written anew, so that nobody changes it at the same time without having seen this change.
    return [Put(item=item) for item in items if item is not None]


def make_first(*, reset: bool = False, by: Origin) -> tuple[str, str] | None:
    """Make the first administrator where there is no account yet; gives name and password, which is kept nowhere.

    With ``reset`` one that is there gets a new password, is enabled, and administers again. Raises Unavailable.
    """
    if settings.ACCOUNTS:
        return None
    password = _new_password()
    # Nothing is hashed at the many starts that make no account.
    hashed = make_password(password) if reset or _nobody_yet() else ""

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, bool]:
        account = cast("Account | None", items[0])
        if not hashed or (account is not None and not reset):
            return [], None, False
        action = "account-create" if account is None else "account-password"
        # Roles that one of the settings may have left under this name give it nothing: it may do everything.
        account = account or Account(*Account.key(FIRST_NAME), name=FIRST_NAME, created=by.time)
        account.password, account.password_sha256 = hashed, None
        account.role, account.disabled = Role.ADMIN.value, False
        account.session_version = int(account.session_version) + 1
        note = Note(action=action, target=FIRST_NAME, details={"after": {"role": account.role}})
        return [Put(item=account), Put(item=_entry(FIRST_NAME))], note, True

    # An amendment, because AWS knows one that it is given again: an account whose making was answered
    # by nothing would be taken for somebody else's.
    made = journal.amend([Account.key(FIRST_NAME), AccountEntry.key(FIRST_NAME)], decide, by)
    return (FIRST_NAME, password) if made else None


def _nobody_yet() -> bool:
    return store().get(Account.key(FIRST_NAME)) is None and next(store().query(AccountEntry.PARTITION), None) is None


def _amend(name: str, changed: Callable[[Account], Note | None], by: Origin) -> Person:
    _refuse_fixed(name)

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, Person]:
        account = cast("Account | None", items[0])
        if account is None:
            raise NotFound(f"There is no account {name!a}.")
        note = changed(account)
        if note is None:
            return [], None, person_of(account)
        # The entry too: accounts that were there before there was a list get into it.
        changes = [Put(item=account), Put(item=_entry(name)), *_still_administers(by, items[2:])]
        return changes, note, person_of(account)

    return journal.amend([Account.key(name), AccountEntry.key(name), *_key_of(by, name)], decide, by)


def _refuse_fixed(name: str) -> None:
    if name in settings.ACCOUNTS:
        raise Conflict(f"The account {name!a} is one of the settings' (USERS, USERNAME): change it there.")


def _hashed(password: str, name: str) -> str:
    if len(password) > LONGEST_PASSWORD:
        raise InvalidRequest(f"The password is too long: {LONGEST_PASSWORD} characters are the most.")
    # Only here: it reads a list of 20,000 common passwords.
    from django.contrib.auth.password_validation import validate_password

    try:
        validate_password(password)
    except ValidationError as error:
        raise InvalidRequest(f"The password will not do. {' '.join(error.messages)}") from error
    if password.lower() == name.lower():
        raise InvalidRequest("The password will not do. It is the account's name.")
    return make_password(password)


def _new_password() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(32))


def _entry(name: str) -> AccountEntry:
    return AccountEntry(*AccountEntry.key(name), name=name)
