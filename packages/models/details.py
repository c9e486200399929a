"""What is shown of distribution files beside their rows."""

from packaging.utils import NormalizedName
from pynamodb.attributes import BinaryAttribute, NumberAttribute

from packages.models.base import Item
from packages.models.projects import project_partition


class FileDetails(Item, discriminator="file-details"):
    """What a project's page shows of core metadata, for every file of the project that has the same.

    Made from the metadata in storage, and can be made again: never the truth. ``body`` is JSON in gzip,
    as ``format`` says.
    """

    format = NumberAttribute()
    body = BinaryAttribute(legacy_encoding=False)

    PREFIX = "details#"

    @staticmethod
    def key(name: NormalizedName, metadata_sha256: str) -> tuple[str, str]:
        """Where the details lie: beside the rows, outside their query."""
        return project_partition(name), FileDetails.PREFIX + metadata_sha256
