"""The journal: every change is one entry, written in the transaction that makes the change.

Its serial is the index's: each change takes the next number, so no number is missing. Entries are
sealed afterwards, in batches: the digest of a seal covers its entries and the seal before, so that
nobody who publishes waits for a chain, and nobody can change what is sealed without being seen.
"""

from packages.journal.entries import (
    Note,
    Origin,
    amend,
    as_json,
    backwards,
    entries,
    first_since,
    latest,
    newest,
    printable,
    record,
)
from packages.journal.sealing import head, seal, seals, verify, verify_exported

__all__ = [
    "Note",
    "Origin",
    "amend",
    "as_json",
    "backwards",
    "entries",
    "first_since",
    "head",
    "latest",
    "newest",
    "printable",
    "record",
    "seal",
    "seals",
    "verify",
    "verify_exported",
]
