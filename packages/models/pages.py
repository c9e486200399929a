"""What is kept so that it need not be made anew: never the truth, which is the other items."""

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from packages.models.base import Item


class ListChunk(Item, discriminator="list-chunk"):
    """A piece of a list of everything of a kind, as it was at ``serial``; the pieces of one list share ``tag``.

    A set that is not whole (``pieces`` of one tag, all of one ``format``) is worth nothing.
    """

    tag = UnicodeAttribute()
    # Of the journal's last entry that the list knows of.
    serial = NumberAttribute()
    # What the list is made of, and from what: a list of another one is of no use.
    format = UnicodeAttribute()
    number = NumberAttribute()
    pieces = NumberAttribute()
    body = BinaryAttribute(legacy_encoding=False)

    @staticmethod
    def partition(kind: str) -> str:
        """The partition that holds the kept list of a kind."""
        return f"page#list-{kind}"

    @staticmethod
    def key(kind: str, tag: str, number: int) -> tuple[str, str]:
        """Where a piece lies."""
        return ListChunk.partition(kind), f"{tag}#{number:04}"
