"""Projects and their files; the lists and counters that go with them."""

from dataclasses import fields
from typing import Self

from packaging.utils import NormalizedName
from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)

from packages.distributions import DistributionFile
from packages.models.base import Item
from packages.simple_api import ACTIVE

FILE_PREFIX = "file#"

# Names of counters: the number of the last change to the index, which is the last entry of the
# journal; and the number of the last one of them that changed a project.
SERIAL = "serial"
PROJECTS = "projects"

HIDDEN, PURGED = "hidden", "purged"


class Project(Item, discriminator="project"):
    """A project. It outlives the removal of its files, so that its serial never goes back."""

    name = UnicodeAttribute()
    display_name = UnicodeAttribute(null=True)
    serial = NumberAttribute(default=0)
    status = UnicodeAttribute(default=ACTIVE)
    status_reason = UnicodeAttribute(default="")
    removed = BooleanAttribute(default=False)
    removed_at = UTCDateTimeAttribute(null=True)
    restorable_until = UTCDateTimeAttribute(null=True)
    # Names of accounts; an empty set cannot be stored, None stands for it.
    owners = UnicodeSetAttribute(null=True)
    maintainers = UnicodeSetAttribute(null=True)

    @staticmethod
    def key(name: NormalizedName) -> tuple[str, str]:
        """Where the project lies."""
        return project_partition(name), "#"


class File(Item, discriminator="file"):
    """A distribution file; the row is the publication. Its own fields are DistributionFile's, plus ``removal``.

    ``removal`` is empty while the file is published. A removed file's row stays, so that nobody
    can publish other bytes under a name that installers may have cached: HIDDEN while the bytes
    are kept (removed at ``removed_at``, restorable until ``restorable_until``), PURGED from the
    moment on which they may be deleted.
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
    # Files that were published before it was kept have none.
    summary = UnicodeAttribute(default="")
    metadata_sha256 = UnicodeAttribute()
    upload_time = UTCDateTimeAttribute()
    uploader = UnicodeAttribute()
    yanked = BooleanAttribute(default=False)
    yanked_reason = UnicodeAttribute(default="")
    # Not named "key": that is the method every model has.
    object_key = UnicodeAttribute()
    removal = UnicodeAttribute(default="")
    removed_at = UTCDateTimeAttribute(null=True)
    restorable_until = UTCDateTimeAttribute(null=True)

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


class RemovalEntry(Item, discriminator="removal-entry"):
    """A project that has, or may have, removed files whose bytes are still kept."""

    name = UnicodeAttribute()

    PARTITION = "directory#removal"

    @staticmethod
    def key(name: NormalizedName) -> tuple[str, str]:
        """Where the project's entry lies."""
        return RemovalEntry.PARTITION, name


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
