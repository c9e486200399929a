"""Receive an upload: the distribution is streamed to a temporary file and digested on its way."""

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation, TooManyFilesSent
from django.core.files.base import File
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

from packages import publishing, storage
from packages.digests import Digests
from packages.errors import InvalidUpload, Unavailable, UploadTooLarge
from packages.publishing import Received
from packages.tickets import Ticket

CONTENT_FIELD = "content"


class DistributionUploadHandler(TemporaryFileUploadHandler):
    """Keeps up to ``most`` parts named ``content``; signatures and other files are read and dropped.

    Memory stays flat whatever the size. What is too large is read to its end too, for clients
    show an answer only after they have sent everything. (Django's SkipFile would not do: it
    closes the files that came before.)
    """

    def __init__(self, request: HttpRequest, *, most: int) -> None:
        super().__init__(request)
        self._most = most
        self.surplus = False
        self.cut_off = False
        # Their names, and None for what is too large.
        self.files: list[tuple[str, Received | None]] = []

    def new_file(self, field_name: str, *args: Any, **kwargs: Any) -> None:
        """Begin a part of the form that is a file."""
        self._keeping = field_name == CONTENT_FIELD and len(self.files) < self._most
        self.surplus |= field_name == CONTENT_FIELD and not self._keeping
        if not self._keeping:
            return
        self._digests, self._too_large = Digests(), False
        try:
            prepare_folder()
            super().new_file(field_name, *args, **kwargs)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                # The temporary file has the extension of the other.
                raise InvalidUpload(f"Filename {str(self.file_name)[:64]!a}… is too long.") from error
            raise _no_room(error) from error

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take the next bytes of the part; ``start`` is how many came before them."""
        if not self._keeping or self._too_large:
            return
        if start + len(raw_data) > settings.MAX_UPLOAD_SIZE:
            self._too_large = True
            self.file.close()
            return
        self._digests.update(raw_data)
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            raise _no_room(error) from error

    def file_complete(self, file_size: int) -> TemporaryUploadedFile | None:
        """Hand over the part if it is one that is kept; Django closes it when the request ends."""
        if not self._keeping:
            return None
        # Without a path that may have been before it.
        name = cast("str", self.file.name)
        if self._too_large:
            self.files.append((name, None))
            return None
        content = cast("TemporaryUploadedFile", super().file_complete(file_size))
        digests = self._digests.hexdigests()
        self.files.append((name, Received(filename=name, content=content, size=file_size, digests=digests)))
        return content

    def upload_interrupted(self) -> None:
        """Note that the form ended within a file."""
        self.cut_off = True
        super().upload_interrupted()


def receive(request: HttpRequest) -> tuple[QueryDict, Callable[[], Received]]:
    """Read an upload's whole form; gives its text fields, and what gives its file.

    Raises InvalidUpload or Unavailable; for the file also UploadTooLarge.
    """
    handler = DistributionUploadHandler(request, most=1)
    fields = _read(request, handler)
    return fields, lambda: _only_file(handler)


def receive_several(request: HttpRequest) -> list[tuple[str, Received | None]]:
    """Read a form with any number of files; gives their names, with None for those that are too large.

    Raises InvalidUpload or Unavailable.
    """
    handler = DistributionUploadHandler(request, most=settings.DATA_UPLOAD_MAX_NUMBER_FILES)
    _read(request, handler)
    return handler.files


def _read(request: HttpRequest, handler: DistributionUploadHandler) -> QueryDict:
    if request.content_type != "multipart/form-data":
        raise InvalidUpload(
            "Send the upload's form as multipart/form-data (an ordinary upload has the file in its field 'content'), "
            "as twine, uv and the other publishing tools do."
        )
    request.upload_handlers = [handler]
    try:
        fields = request.POST
    except TooManyFilesSent as error:
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        raise InvalidUpload(f"The form has more than {most} files: send no more than that at a time.") from error
    except (MultiPartParserError, BadRequest, SuspiciousOperation, LookupError, UnicodeError) as error:
        # The last two: it names an encoding that text cannot be decoded by.
        raise InvalidUpload(f"The upload's form cannot be read: {error}") from error
    except UnreadablePostError as error:
        raise _no_room(error) from error
    if handler.cut_off:
        raise InvalidUpload(
            "The upload was cut off: its form ends within a file. Nothing was published; send it again."
        )
    return fields


class Incoming(File):
    """The body of a request, which must turn out to be the announced bytes before it is stored."""

    def __init__(self, request: HttpRequest, sha256: str) -> None:
        super().__init__(request)  # type: ignore[arg-type]
        self._request = request
        self._expected = sha256

    def seek(self, *_: int) -> int:
        """Nothing: it is read once, from where it begins."""
        return 0

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """The body, part by part. Raises InvalidUpload at its end."""
        digest = hashlib.sha256()
        while chunk := self._request.read(chunk_size or self.DEFAULT_CHUNK_SIZE):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != self._expected:
            raise InvalidUpload(f"The sha256 of the request's body is {digest.hexdigest()}, not {self._expected}.")


def receive_announced(request: HttpRequest, ticket: Ticket) -> None:
    """Store the bytes of an announced file, which are the request's whole body.

    Raises InvalidUpload, UploadTooLarge or Unavailable; then nothing is stored.
    """
    if storage.find(ticket.key) is not None:
        return
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if ticket.size not in {None, length}:
        raise InvalidUpload(
            f"The request's body has {length} bytes, not {ticket.size} as was announced; "
            "send it whole, with its Content-Length."
        )
    if length > settings.MAX_UPLOAD_SIZE:
        raise UploadTooLarge(publishing.too_large())
    storage.save(ticket.key, Incoming(request, ticket.sha256))


def _only_file(handler: DistributionUploadHandler) -> Received:
    if handler.surplus:
        raise InvalidUpload("The upload has more than one file in the field 'content'; send one file per request.")
    if not handler.files:
        raise InvalidUpload("Upload payload does not have a file: the field 'content' must hold one, with its name.")
    _, received = handler.files[0]
    if received is None:
        raise UploadTooLarge(publishing.too_large())
    return received


def prepare_folder() -> None:
    """Make the folder that uploads wait in. Raises OSError."""
    if settings.FILE_UPLOAD_TEMP_DIR:
        Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)


def clear_interrupted(now: float, *, older_than: float) -> int:
    """Delete what uploads cut off by a crash left behind more than so many seconds ago; gives how many."""
    if not settings.FILE_UPLOAD_TEMP_DIR:
        return 0
    deleted = 0
    for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        # What is gone by now was received.
        with suppress(FileNotFoundError):
            if now - path.stat().st_mtime > older_than:
                path.unlink()
                deleted += 1
    return deleted


def _no_room(error: OSError) -> Unavailable:
    return Unavailable(f"The upload cannot be stored right now ({error.strerror}); try again later.")
