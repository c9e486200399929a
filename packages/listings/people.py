"""Lists of accounts and of tokens: read from their items, and what changes them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from django.conf import settings

from packages.listings.rows import AccountRow, Listing, TokenRow
from packages.listings.source import ABOUT_FILES, Entry, Groups, Snapshot, Source, many, named
from packages.models import (
    Account,
    Membership,
    Token,
    TokenEntry,
    account_partition,
)
from packages.store import store

# They say something of an account, and change nothing that its row shows.
_ABOUT_LOGINS = {"login-failure", "account-sessions"}
_PUBLISHERS = {"publisher-register", "publisher-withdraw"}


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """What is kept of an account: of one that the settings name (``role`` None), only what the index holds of it.

    ``ends`` says of each of its tokens when it expires, in Unix seconds.
    """

    name: str
    role: str | None
    disabled: bool
    created: datetime | None
    ends: tuple[float | None, ...]
    projects: int


def fixed_accounts() -> str:
    """Whom the settings name: a token of theirs is good without an account in the index."""
    return json.dumps(sorted((name, account.role) for name, account in settings.ACCOUNTS.items()))


def shown_accounts(snapshot: Snapshot[AccountRecord], now: datetime) -> tuple[Listing[AccountRow], datetime | None]:
    """The rows, with those of the settings' accounts; and the moment from which on they are others."""
    rows, ends = list[AccountRow](), set[float]()
    for name in sorted(snapshot.groups.keys() | settings.ACCOUNTS.keys()):
        (record,) = snapshot.groups.get(name) or (AccountRecord(name, None, False, None, (), 0),)
        later = {end for end in record.ends if end is not None and end > now.timestamp()}
        ends |= later
        fixed = settings.ACCOUNTS.get(name)
        row = AccountRow(
            name=name,
            role=fixed.role if fixed else str(record.role),
            disabled=not fixed and record.disabled,
            fixed=fixed is not None,
            created=None if fixed else record.created,
            tokens=sum(end is None or end > now.timestamp() for end in record.ends),
            projects=record.projects,
        )
        rows.append(row)
    return Listing(snapshot.serial, tuple(rows)), _moment(min(ends, default=None))


def shown_tokens(snapshot: Snapshot[TokenRow], now: datetime) -> tuple[Listing[TokenRow], datetime | None]:
    """The rows of those that have not expired; and the moment from which on there are fewer."""
    rows = tuple(row for row in snapshot.records() if not _has_expired(row, now))
    until = min((row.expires_at for row in rows if row.expires_at is not None), default=None)
    return Listing(snapshot.serial, rows), until


def _every_account() -> dict[str, tuple[AccountRecord, ...]]:
    accounts, projects = dict[str, Account](), Counter[str]()
    tokens = defaultdict[str, list[Token]](list)
    for item in store().every(Account, Token, Membership):
        if isinstance(item, Account):
            accounts[item.name] = item
        elif isinstance(item, Membership):
            projects[item.account] += 1
        elif isinstance(item, Token) and item.account:
            tokens[item.account].append(item)
    names = accounts.keys() | (settings.ACCOUNTS.keys() & (projects.keys() | tokens.keys()))
    return {name: _account(name, accounts.get(name), tokens[name], projects[name]) for name in names}


def _read_accounts(names: Sequence[str]) -> Groups[AccountRecord]:
    accounts, projects = dict[str, Account](), Counter[str]()
    entries = list[TokenEntry]()
    for name in names:
        for item in store().query(account_partition(name)):
            if isinstance(item, Account):
                accounts[name] = item
            elif isinstance(item, Membership):
                projects[name] += 1
            elif isinstance(item, TokenEntry):
                entries.append(item)
    tokens = defaultdict[str, list[Token]](list)
    for token in many(Token.key(entry.id) for entry in entries):
        tokens[cast("Token", token).account].append(cast("Token", token))
    return {name: _account(name, accounts.get(name), tokens[name], projects[name]) for name in names}


def _account(name: str, account: Account | None, tokens: Iterable[Token], projects: int) -> tuple[AccountRecord, ...]:
    ends = [_seconds(token) for token in tokens if _is_good(token, account)]
    if account is None and not (name in settings.ACCOUNTS and (ends or projects)):
        return ()
    record = AccountRecord(
        name=name,
        role=account.role if account is not None else None,
        disabled=account is not None and account.disabled,
        created=None if account is None else account.created,
        ends=tuple(sorted(ends, key=lambda end: (end is None, end))),
        projects=projects,
    )
    return (record,)


def _touched_accounts(entry: Entry, groups: Groups[AccountRecord]) -> list[str]:
    match entry.action:
        case "publish":
            # Whoever creates a project has a role in it.
            return named(str(entry.details.get("created_for") or ""))
        case "purge-project":
            return [name for who in entry.details.get("before", {}) for name in named(who)]
        case "token-create" | "token-revoke":
            return named(str(entry.details.get("account", "")))
        case "token-mint" | "token-burn":
            # Of a publisher, not of an account.
            return []
        case action if action in ABOUT_FILES | _ABOUT_LOGINS | _PUBLISHERS:
            return []
    # Of an account, or of its role in a project.
    return named(entry.target)


def _every_token() -> dict[str, tuple[TokenRow, ...]]:
    accounts, tokens = dict[str, Account](), list[Token]()
    for item in store().every(Account, Token):
        if isinstance(item, Account):
            accounts[item.name] = item
        elif isinstance(item, Token):
            tokens.append(item)
    return {token.id: (_token(token),) for token in tokens if _is_good(token, accounts.get(token.account))}


def _read_tokens(ids: Sequence[str]) -> Groups[TokenRow]:
    tokens = [cast("Token", item) for item in many(Token.key(token_id) for token_id in ids)]
    owners = {token.account for token in tokens if token.account and token.account not in settings.ACCOUNTS}
    accounts = {
        item.name: item for item in many(Account.key(name) for name in sorted(owners)) if isinstance(item, Account)
    }
    good = {token.id: (_token(token),) for token in tokens if _is_good(token, accounts.get(token.account))}
    return {token_id: good.get(token_id, ()) for token_id in ids}


def _touched_tokens(entry: Entry, groups: Groups[TokenRow]) -> list[str]:
    match entry.action:
        case "account-create" | "account-delete":
            # Tokens are deleted after their account, and not by an entry of their own.
            return [token_id for token_id, (row,) in groups.items() if row.account == entry.target]
        case "publish" | "purge-project" | "role" | "account-change" | "account-password":
            return []
        case action if action in ABOUT_FILES | _ABOUT_LOGINS | _PUBLISHERS:
            return []
    return named(entry.target)


def _token(token: Token) -> TokenRow:
    return TokenRow(
        id=token.id,
        account=token.account,
        publisher=token.publisher,
        description=token.description,
        scopes=tuple(sorted(token.scopes)),
        projects=None if token.projects is None else tuple(sorted(token.projects)),
        created=token.created,
        expires_at=_moment(_seconds(token)),
        last_used=token.last_used,
    )


def _is_good(token: Token, account: Account | None) -> bool:
    """Whether there is whom a token acts for, as it is asked when the token is used."""
    if token.publisher or token.account in settings.ACCOUNTS:
        return True
    return account is not None and (account.created is None or account.created <= token.created)


def _has_expired(row: TokenRow, now: datetime) -> bool:
    # From that moment on it may be deleted, without an entry in the journal.
    return row.expires_at is not None and row.expires_at <= now


def _seconds(token: Token) -> float | None:
    return None if token.expires_at is None else float(token.expires_at)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)


ACCOUNTS = Source(
    kind="accounts",
    record=AccountRecord,
    key=lambda record: record.name,
    every=_every_account,
    read=_read_accounts,
    touched=_touched_accounts,
    basis=fixed_accounts,
)
TOKENS = Source(
    kind="tokens",
    record=TokenRow,
    key=lambda row: row.id,
    every=_every_token,
    read=_read_tokens,
    touched=_touched_tokens,
    over=_has_expired,
    basis=fixed_accounts,
)
