"""The items of the index: PynamoDB models over one table, told apart by ``kind``.

Sort keys are chosen so that one query reads what one page needs; there is no secondary index,
because those are eventually consistent and our lists must not be.
"""

from packages.models.base import BRIEF, Item, Unreadable
from packages.models.details import FileDetails
from packages.models.journal import BLOCK, JournalEntry, Seal
from packages.models.pages import ListChunk
from packages.models.people import (
    EXPIRING,
    Account,
    AccountEntry,
    Failures,
    Membership,
    PendingEntry,
    Publisher,
    PublisherEntry,
    Sessions,
    Spent,
    Token,
    TokenEntry,
    account_partition,
)
from packages.models.projects import (
    FILE_PREFIX,
    HIDDEN,
    PROJECTS,
    PURGED,
    SERIAL,
    Counter,
    File,
    Project,
    ProjectEntry,
    RemovalEntry,
    SignedUrl,
    project_partition,
)

__all__ = [
    "BLOCK",
    "BRIEF",
    "EXPIRING",
    "FILE_PREFIX",
    "HIDDEN",
    "PROJECTS",
    "PURGED",
    "SERIAL",
    "Account",
    "AccountEntry",
    "Counter",
    "Failures",
    "File",
    "FileDetails",
    "Item",
    "JournalEntry",
    "ListChunk",
    "Membership",
    "PendingEntry",
    "Project",
    "ProjectEntry",
    "Publisher",
    "PublisherEntry",
    "RemovalEntry",
    "Seal",
    "Sessions",
    "SignedUrl",
    "Spent",
    "Token",
    "TokenEntry",
    "Unreadable",
    "account_partition",
    "project_partition",
]
