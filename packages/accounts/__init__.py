"""Accounts and their credentials: passwords, and tokens.

An account is one of the settings', which cannot be changed from inside, or one of the index's own.
Every change asks ``access`` whether its actor may make it, and is an entry in the journal.
"""

from packages.accounts.attempts import address_block
from packages.accounts.lookups import (
    FIRST_NAME,
    Person,
    everybody,
    find,
    is_there,
    lookup,
    lookup_all,
    projects_of,
)
from packages.accounts.passwords import INVALID, LONGEST_NAME, LONGEST_PASSWORD, identify
from packages.accounts.people import change, create, delete, make_first, set_password
from packages.accounts.sessions import SESSION, end_sessions, log_in, resume, session_key
from packages.accounts.stored import TokenInfo
from packages.accounts.tokens import (
    LONGEST_DESCRIPTION,
    authenticate,
    issue,
    revoke,
    token_of,
    tokens_of,
    tokens_shown,
)
from packages.accounts.workloads import burn, issue_for_publisher

__all__ = [
    "FIRST_NAME",
    "INVALID",
    "LONGEST_DESCRIPTION",
    "LONGEST_NAME",
    "LONGEST_PASSWORD",
    "SESSION",
    "Person",
    "TokenInfo",
    "address_block",
    "authenticate",
    "burn",
    "change",
    "create",
    "delete",
    "end_sessions",
    "everybody",
    "find",
    "identify",
    "is_there",
    "issue",
    "issue_for_publisher",
    "log_in",
    "lookup",
    "lookup_all",
    "make_first",
    "projects_of",
    "resume",
    "revoke",
    "session_key",
    "set_password",
    "token_of",
    "tokens_of",
    "tokens_shown",
]
