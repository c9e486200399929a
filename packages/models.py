"""The items of the index: PynamoDB models over one table, told apart by ``kind``.

Sort keys are chosen so that one query reads what one page needs; there is no secondary index,
because those are eventually consistent and our lists must not be.
"""

from dataclasses import fields
from typing import Self

from django.conf import settings
from packaging.utils import NormalizedName
from pynamodb.attributes import (
    BooleanAttribute,
    DiscriminatorAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from packages.distributions import DistributionFile
from packages.simple_api import ACTIVE

FILE_PREFIX = "file#"

# The number of the last change to the index: the name of its counter.
SERIAL = "serial"

HIDDEN, PURGED = "hidden", "purged"


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


class Project(Item, discriminator="project"):
    """A project. It outlives the removal of its files, so that its serial never goes back."""

    name = UnicodeAttribute()
    display_name = UnicodeAttribute(null=True)
    serial = NumberAttribute(default=0)
    status = UnicodeAttribute(default=ACTIVE)
    status_reason = UnicodeAttribute(default="")
    removed = BooleanAttribute(default=False)

    @staticmethod
    def key(name: NormalizedName) -> tuple[str, str]:
        """Where the project lies."""
        return project_partition(name), "#"


class File(Item, discriminator="file"):
    """A distribution file; the row is the publication. Its own fields are DistributionFile's, plus ``removal``.

    ``removal`` is empty while the file is published. A removed file's row stays, so that nobody
    can publish other bytes under a name that installers may have cached: HIDDEN while the bytes
    are kept, PURGED from the moment on which they may be deleted.
    """

    project = UnicodeAttribute()
    filename = UnicodeAttribute()
    version = UnicodeAttribute()
    packagetype = UnicodeAttribute()
    size = NumberAttribute()
    sha256 = UnicodeAttribute()
    md5 = UnicodeAttribute(null=True)
    blake2b_256 = UnicodeAttribute(null=True)
    requires_python = UnicodeAttribute(null=True)
    metadata_sha256 = UnicodeAttribute()
    upload_time = UTCDateTimeAttribute()
    uploader = UnicodeAttribute()
    yanked = BooleanAttribute(default=False)
    yanked_reason = UnicodeAttribute(default="")
    # Not named "key": that is the method every model has.
    object_key = UnicodeAttribute()
    removal = UnicodeAttribute(default="")

    @staticmethod
    def key(name: NormalizedName, slot: str) -> tuple[str, str]:
        """Where the row of a filename lies; ``slot`` is its normalised form."""
        return project_partition(name), FILE_PREFIX + slot

    @classmethod
    def of(cls, file: DistributionFile) -> Self:
        """The row of a distribution file."""
        values = {field.name: getattr(file, field.name) for field in fields(file) if field.name != "key"}
        pk, sk = cls.key(file.project, file.slot)
        return cls(pk, sk, object_key=file.key, **values)

    def distribution(self) -> DistributionFile:
        """The distribution file of a row."""
        values = {field.name: getattr(self, field.name) for field in fields(DistributionFile) if field.name != "key"}
        return DistributionFile(key=self.object_key, **values)


class SignedUrl(Item, discriminator="signed-url"):
    """The address in storage that downloads of one object are being sent to, until ``renew_at`` (Unix seconds)."""

    object_key = UnicodeAttribute()
    url = UnicodeAttribute()
    renew_at = NumberAttribute()

    @staticmethod
    def key(name: NormalizedName, slot: str) -> tuple[str, str]:
        """Where the address of a filename lies: beside its row, outside the rows' query."""
        return project_partition(name), f"url#{slot}"


class ProjectEntry(Item, discriminator="project-entry"):
    """A project in the list of all projects."""

    name = UnicodeAttribute()
    serial = NumberAttribute(default=0)

    PARTITION = "directory#project"

    @staticmethod
    def key(name: NormalizedName) -> tuple[str, str]:
        """Where the project's entry lies."""
        return ProjectEntry.PARTITION, name


class Account(Item, discriminator="account"):
    """Who may log in, where the settings name nobody."""

    name = UnicodeAttribute()
    # In lower-case hex.
    password_sha256 = UnicodeAttribute()

    @staticmethod
    def key(name: str) -> tuple[str, str]:
        """Where the account lies."""
        return f"account#{name}", "#"


class Counter(Item, discriminator="counter"):
    """A number that only grows."""

    value = NumberAttribute(default=0)

    @staticmethod
    def key(name: str) -> tuple[str, str]:
        """Where the counter lies."""
        return f"counter#{name}", "#"


def project_partition(name: NormalizedName) -> str:
    """The partition that holds a project and its files."""
    return f"project#{name}"
