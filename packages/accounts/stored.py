"""Tokens as they are stored: made of a secret, found by it, described, ended."""

import hmac
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils.crypto import salted_hmac
from packaging.utils import NormalizedName

from packages import journal
from packages.access import Limits, Scope
from packages.accounts import secret
from packages.journal import Note, Origin
from packages.models import Item, Token, TokenEntry
from packages.store import Change, Delete, store


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """A token without its secret; ``projects`` None means every one, ``expires`` None never."""

    id: str
    account: str
    description: str
    scopes: frozenset[Scope]
    projects: frozenset[NormalizedName] | None
    created: datetime
    expires: datetime | None
    last_used: datetime | None


def make(
    scopes: Collection[Scope],
    projects: Collection[NormalizedName] | None,
    expires: datetime | None,
    by: Origin,
    *,
    account: str = "",
    publisher: str = "",
    description: str = "",
) -> tuple[str, Token]:
    """A token that is not stored yet, and its secret."""
    text = secret.new()
    digest = secret.digest(text)
    token_id = digest[: secret.ID_LENGTH]
    token = Token(
        *Token.key(token_id),
        id=token_id,
        sha256=digest,
        account=account,
        publisher=publisher,
        fixed=bound(text, account),
        description=description,
        scopes={scope.value for scope in scopes},
        projects=None if projects is None else set(projects),
        created=by.time,
        expires_at=None if expires is None else math.floor(expires.timestamp()),
    )
    return text, token


def find(text: str) -> Token | None:
    """The token of a secret that is whole."""
    digest = secret.digest(text)
    token = store().get(Token.key(digest[: secret.ID_LENGTH]))
    return token if isinstance(token, Token) and hmac.compare_digest(token.sha256, digest) else None


def bound(text: str, account: str) -> str | None:
    """What binds a token to an account of the settings, a digest of its name and password; None of any other.

    The key is the token's own secret, which is kept nowhere: who reads the table learns nothing of the
    password, and commands that are run where SECRET_KEY is another one make tokens that are good here.
    """
    fixed = settings.ACCOUNTS.get(account)
    if fixed is None:
        return None
    return salted_hmac("packages.accounts", f"{account}\0{fixed.password}", secret=text, algorithm="sha256").hexdigest()


def end(token: Token, action: str, by: Origin) -> bool:
    """End a token; says whether it was there."""
    keys = [Token.key(token.id), *([TokenEntry.key(token.account, token.id)] if token.account else [])]

    def decide(serial: int, items: list[Item | None]) -> tuple[Sequence[Change], Note | None, bool]:
        if items[0] is None:
            return [], None, False
        ended = [Delete(item=item) for item in items if item is not None]
        return ended, Note(action=action, target=token.id, details=described(token)), True

    return journal.amend(keys, decide, by)


def info(token: Token) -> TokenInfo:
    """What a token is, to be shown."""
    return TokenInfo(
        id=token.id,
        account=token.account,
        description=token.description,
        scopes=frozenset(Scope(scope) for scope in token.scopes),
        projects=projects_of(token),
        created=token.created,
        expires=expiry(token),
        last_used=token.last_used,
    )


def described(token: Token) -> dict[str, object]:
    """What a token is, to be noted."""
    shown = info(token)
    details: dict[str, object] = {
        "account": token.account,
        "publisher": token.publisher,
        "description": token.description,
        "scopes": sorted(shown.scopes),
        "projects": None if shown.projects is None else sorted(shown.projects),
        "expires": None if shown.expires is None else shown.expires.isoformat(),
    }
    return {name: value for name, value in details.items() if value not in ("", None)}


def limits_of(token: Token) -> Limits:
    """What a token leaves of the rights of whom it acts for."""
    return Limits(
        scopes=frozenset(Scope(scope) for scope in token.scopes),
        projects=projects_of(token),
        expires=token.expires_at is not None,
    )


def projects_of(token: Token) -> frozenset[NormalizedName] | None:
    """The projects that a token is for; None: every one."""
    return None if token.projects is None else frozenset(NormalizedName(name) for name in token.projects)


def expiry(token: Token) -> datetime | None:
    """When a token ends."""
    return None if token.expires_at is None else datetime.fromtimestamp(float(token.expires_at), tz=UTC)
