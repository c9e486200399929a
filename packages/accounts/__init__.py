"""Accounts and their credentials: passwords, and tokens.

An account is one of the settings', which cannot be changed from inside, or one of the index's own.
Every change asks ``access`` whether its actor may make it, and is an entry in the journal.
"""

from packages.accounts.attempts import address_block
from packages.accounts.passwords import identify
from packages.accounts.people import (
    FIRST_NAME,
    Person,
    change,
    create,
    delete,
    everybody,
    find,
    is_there,
    lookup,
    make_first,
    projects_of,
    set_password,
)
from packages.accounts.tokens import (
    TokenInfo,
    authenticate,
    burn,
    issue,
    issue_for_publisher,
    revoke,
    token_of,
    tokens_of,
)

__all__ = [
    "FIRST_NAME",
    "Person",
    "TokenInfo",
    "address_block",
    "authenticate",
    "burn",
    "change",
    "create",
    "delete",
    "everybody",
    "find",
    "identify",
    "is_there",
    "issue",
    "issue_for_publisher",
    "lookup",
    "make_first",
    "projects_of",
    "revoke",
    "set_password",
    "token_of",
    "tokens_of",
]
