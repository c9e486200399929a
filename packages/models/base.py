"""What every item has, and the names that more than one kind uses."""

from django.conf import settings
from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.models import Model

# What is of use for a while only lies in partitions of this beginning, so that it is found and deleted by it.
BRIEF = "brief#"


class Item(Model):
    """What every item has. ``revision`` is a new random text at every write: it tells whether an item changed."""

    class Meta:
        table_name = settings.TABLE or "packages"
        # PynamoDB's own defaults outlast the 29 s in which API Gateway wants an answer.
        connect_timeout_seconds = 2
        read_timeout_seconds = 5
        max_retry_attempts = 4
        max_pool_connections = 50

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    revision = UnicodeAttribute(default="")


class Unreadable(Item, discriminator="unreadable"):
    """What lies where an item should, and is none; only to be told of, never stored."""
