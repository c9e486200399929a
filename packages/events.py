"""What happens in the bucket by itself: a distribution dropped there is published, one deleted there is forgotten.

Lambda hands over S3's events, at least once and in any order, so an event is only a reason to
look: what counts is what lies in the bucket now.
"""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

from django.conf import settings
from django.utils import timezone

from packages import journal, publishing, storage
from packages.access import BUCKET
from packages.digests import Digests
from packages.distributions import normalized_or_none, packagetype_of
from packages.errors import PackagesError, Unavailable, UploadTooLarge
from packages.journal import Note, Origin, printable
from packages.storage.parts import PART

logger = logging.getLogger(__name__)


class Unfinished(Exception):
    """Some records could not be dealt with; Lambda gives the whole event again, which harms none of the others."""


def on_bucket_change(event: Mapping[str, Any], context: object) -> None:
    """Deal with every record of an S3 event. Raises Unfinished at the end if the index or storage failed."""
    records = event.get("Records") or []
    failed = [record for record in records if not _dealt_with(record)]
    if failed:
        raise Unfinished(f"{len(failed)} of {len(records)} records of an S3 event are to be tried again")


def _dealt_with(record: Mapping[str, Any]) -> bool:
    try:
        name, bucket = str(record["eventName"]), record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"], errors="strict")
    except (AttributeError, KeyError, TypeError, ValueError):
        logger.warning("ignored a record that is not S3's: %.200r", record)
        return True
    by = _origin(record)
    if bucket != settings.BUCKET:
        logger.warning("ignored %.200r in %r: that is not this index's bucket", key, bucket)
        return True
    try:
        if name.startswith("ObjectCreated:") and not key.startswith(storage.MANAGED):
            _take_in(key, by)
        elif name.startswith("ObjectRemoved:") and key.startswith(storage.PUBLISHED):
            _forget(key, by)
    except Unavailable as error:
        logger.error("%s of %.200r is to be tried again: %s (%r)", name, key, error, error.__cause__)
        return False
    except Exception:
        logger.exception("%s of %.200r failed", name, key)
        return False
    return True


def _take_in(key: str, by: Origin) -> None:
    """Publish what was dropped under a key, and remove the drop; what is refused stays where it is."""
    if not key or key.endswith("/"):
        # A folder, as the console makes them.
        return
    dropped = storage.find(key)
    if dropped is None:
        return
    try:
        # What can be refused at a glance is not read.
        packagetype_of(_filename(key))
        if dropped.size > settings.MAX_UPLOAD_SIZE:
            raise UploadTooLarge(publishing.too_large())
        file = publishing.publish(_received(dropped), by=by, overwrite=settings.OVERWRITE)
    except Unavailable:
        raise
    except PackagesError as error:
        logger.warning("refused %r, dropped into the bucket: %s", key, error)
        journal.record(Note(action="drop-refused", target=printable(key, 1024), details={"why": str(error)}), by)
        return
    storage.delete_exactly(dropped)
    logger.info("took in %r, dropped into the bucket, as %s of %s", key, file.filename, file.project)


def _origin(record: Mapping[str, Any]) -> Origin:
    """Who wrote to the bucket, as S3 says; that they may, AWS has decided."""
    identity, request = record.get("userIdentity") or {}, record.get("requestParameters") or {}
    return Origin(
        actor=BUCKET,
        time=timezone.now(),
        address=str(request.get("sourceIPAddress", ""))[:64],
        agent=str(identity.get("principalId", "")),
    )


def _filename(key: str) -> str:
    return key.rpartition("/")[2]


def _received(dropped: storage.Stored) -> publishing.Arrived:
    content, digests = storage.open_parts(dropped), Digests()
    while part := content.read(PART):
        digests.update(part)
    return publishing.Arrived(
        filename=_filename(dropped.key),
        content=content,
        size=dropped.size,
        digests=digests.hexdigests(),
        stored=dropped,
    )


def _forget(key: str, by: Origin) -> None:
    """Forget the file whose bytes lay under a key."""
    try:
        _, name, _, filename = key.split("/")
    except ValueError:
        return
    project = normalized_or_none(name)
    if project is not None:
        publishing.forget(project, filename, key, by=by)
