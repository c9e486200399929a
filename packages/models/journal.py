"""The journal's entries, and the seals on them."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute

from packages.models.base import Item

# How many entries lie in one partition.
BLOCK = 1000


class JournalEntry(Item, discriminator="journal-entry"):
    """One change, by whom, with what, from where. Written once, never changed.

    ``details`` is a JSON object: what the action needs to be understood, ``before`` and ``after``.
    """

    serial = NumberAttribute()
    time = UTCDateTimeAttribute()
    actor = UnicodeAttribute()
    credential = UnicodeAttribute()
    address = UnicodeAttribute(default="")
    agent = UnicodeAttribute(default="")
    action = UnicodeAttribute()
    project = UnicodeAttribute(default="")
    target = UnicodeAttribute(default="")
    details = UnicodeAttribute(default="")

    @staticmethod
    def partition(block: int) -> str:
        """The partition of the serials from ``block`` times BLOCK on."""
        return f"journal#{block:09}"

    @staticmethod
    def key(serial: int) -> tuple[str, str]:
        """Where the entry lies."""
        return JournalEntry.partition(serial // BLOCK), f"{serial:012}"


class Seal(Item, discriminator="seal"):
    """A batch of journal entries, ``first`` to ``last``, and the digest that chains it to the batch before."""

    first = NumberAttribute()
    last = NumberAttribute()
    # In lower-case hex.
    digest = UnicodeAttribute()
    # The beginnings of the entries' own digests, joined: by them an edited entry is found.
    marks = UnicodeAttribute(default="")
    time = UTCDateTimeAttribute()

    PARTITION = "seals"
    # The copy of the last seal, by which the next one goes on.
    HEAD = ("seals-head", "#")

    @staticmethod
    def key(last: int) -> tuple[str, str]:
        """Where the seal lies."""
        return Seal.PARTITION, f"{last:012}"
