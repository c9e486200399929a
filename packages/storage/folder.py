"""Files in a folder of this machine."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from packages.storage import INCOMING, PUBLISHED, Listed, SignedPut, Stored

COPY_BUFFER = 1024 * 1024


class FolderStorage(FileSystemStorage):
    """Whole or absent after a crash, and on disk before ``save`` returns."""

    largest_put = None

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Keep the name: an object of the same name holds the same bytes."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        received = getattr(content, "temporary_file_path", None)
        self._keep(name, None if received is None else received(), content)
        return name

    def copy(self, source: Stored, name: str) -> None:
        """Keep the object under another name too: as a link, where the file system has them."""
        path = self.path(source.key)
        with open(path, "rb") as content:
            self._keep(name, path, File(content))

    def find(self, name: str) -> Stored | None:
        """The object. What waits to be published was found to have its key's digest while it was written."""
        sha256 = name.split("/")[-2] if name.startswith(INCOMING) else None
        try:
            return Stored(key=name, size=Path(self.path(name)).stat().st_size, sha256=sha256)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def objects(self, prefix: str, after: str) -> Iterator[Listed]:
        """The objects below a prefix, which ends with a slash, whose keys lie behind ``after``; in the order of S3."""
        try:
            with os.scandir(self.path(prefix)) as found:
                entries = {f"{prefix}{one.name}{'/' if one.is_dir() else ''}": one for one in found}
        except FileNotFoundError:
            # Nothing was published yet; or its last file has just gone.
            return
        for key in sorted(entries, key=os.fsencode):
            if key.endswith("/"):
                if key > after or after.startswith(key):
                    yield from self.objects(key, after)
            elif key > after:
                # What has gone meanwhile is not there.
                with suppress(FileNotFoundError):
                    state = entries[key].stat()
                    yield Listed(key=key, size=state.st_size, modified=state.st_mtime)

    def read_bytes(self, name: str) -> bytes:
        """The whole object."""
        return Path(self.path(name)).read_bytes()

    def read_part(self, stored: Stored, first: int, last: int) -> bytes:
        """A part of the object."""
        with open(self.path(stored.key), "rb") as content:
            content.seek(first)
            return content.read(last - first + 1)

    def lacks_it(self, error: Exception) -> bool:
        """Say whether it is this one object that is not there, and not the disk that all of them lie on."""
        return isinstance(error, FileNotFoundError) and os.path.isdir(self.path(PUBLISHED))

    def delete_exactly(self, stored: Stored) -> None:
        """Delete the object: under one name there are never two."""
        self.delete(stored.key)
        for folder in list(Path(self.path(stored.key)).parents)[:2] if stored.key.startswith(INCOMING) else ():
            self._remove_if_empty(folder)

    def signed_url(self, name: str, seconds: int) -> str | None:
        """None: a folder has no address of its own, the index streams its files."""
        return None

    def signed_put(self, name: str, sha256: str, size: int | None, seconds: int) -> SignedPut | None:
        """None: the bytes have to come through the index."""
        return None

    def tidy(self, now: float, *, older_than: float) -> int:
        """Delete what waits to be published, or was being written, and has not changed for so many seconds."""
        deleted, waiting = 0, Path(self.path(INCOMING))
        for folder, _, names in os.walk(waiting, topdown=False):
            for path in (Path(folder, name) for name in names):
                # What is gone by now has been published.
                with suppress(FileNotFoundError):
                    if now - path.stat().st_mtime > older_than:
                        path.unlink()
                        deleted += 1
            if Path(folder) != waiting:
                self._remove_if_empty(Path(folder))
        return deleted

    def check(self) -> None:
        """Make sure that files can be written here; raises OSError."""
        Path(self.location).mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(self.location, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied", self.location)

    def _keep(self, name: str, path: str | None, content: File[bytes]) -> None:
        """Give the bytes a name: by a link to the file at ``path`` if there can be one, else as a copy."""
        target, draft = Path(self.path(name)), Path(self.path(INCOMING), f".{secrets.token_hex(8)}")
        self._make_directory(target.parent)
        self._make_directory(draft.parent)
        try:
            if path is None or not self._linked(path, draft):
                self._copy(content, draft)
            self._sync(draft)
            # Somebody may have found the folder empty, and removed it.
            self._make_directory(target.parent)
            # Taking the final name last, and atomically, means that nobody ever finds half a file under it.
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        self._sync_directory(target.parent)

    @staticmethod
    def _remove_if_empty(folder: Path) -> None:
        # One that holds something stays.
        with suppress(OSError):
            folder.rmdir()

    @staticmethod
    def _linked(source: str, target: Path) -> bool:
        try:
            os.link(source, target)
        except OSError:
            # Another file system, or one without links.
            return False
        return True

    @staticmethod
    def _copy(content: File[bytes], target: Path) -> None:
        content.seek(0)
        with target.open("xb") as copy:
            for chunk in content.chunks(COPY_BUFFER):
                copy.write(chunk)

    def _make_directory(self, directory: Path) -> None:
        missing = [path for path in (directory, *directory.parents) if not path.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        for path in missing:
            self._sync_directory(path.parent)

    @classmethod
    def _sync_directory(cls, path: Path) -> None:
        # Network file systems may not know how; they do not need it either.
        with suppress(OSError):
            cls._sync(path)

    @staticmethod
    def _sync(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            # macOS answers fsync before the disk has the bytes; this waits for them.
            full_sync = getattr(fcntl, "F_FULLFSYNC", None)
            if full_sync is None:
                os.fsync(descriptor)
            else:
                fcntl.fcntl(descriptor, full_sync)
        finally:
            os.close(descriptor)
