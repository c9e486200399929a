"""Files in a folder of this machine."""

from __future__ import annotations

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

COPY_BUFFER = 1024 * 1024


class FolderStorage(FileSystemStorage):
    """Whole or absent after a crash, and on disk before ``save`` returns."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Keep the name: an object of the same name holds the same bytes."""
        return name

    def _save(self, name: str, content: File[bytes]) -> str:
        target = Path(self.path(name))
        self._make_directory(target.parent)
        draft = target.with_name(f".{secrets.token_hex(8)}")
        try:
            received = getattr(content, "temporary_file_path", None)
            if received is None or not self._linked(received(), draft):
                self._copy(content, draft)
            self._sync(draft)
            # Taking the final name last, and atomically, means that nobody ever finds half a file under it.
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        self._sync_directory(target.parent)
        return name

    def read_bytes(self, name: str) -> bytes:
        """The whole object."""
        return Path(self.path(name)).read_bytes()

    def signed_url(self, name: str, seconds: int) -> str | None:
        """None: a folder has no address of its own, the index streams its files."""
        return None

    def check(self) -> None:
        """Make sure that files can be written here; raises OSError."""
        Path(self.location).mkdir(parents=True, exist_ok=True, mode=0o700)
        if not os.access(self.location, os.W_OK | os.X_OK):
            raise PermissionError(13, "Permission denied", self.location)

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
