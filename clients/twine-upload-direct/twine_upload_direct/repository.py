"""A repository that takes large files by reserve, PUT and finalize."""

import logging
import os
import time
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_toolbelt import MultipartEncoder
from rich import print
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from twine import exceptions
from twine.package import PackageFile
from twine.repository import Repository
from twine.utils import make_requests_session, sanitize_url

from twine_upload_direct.answers import Place, UploadFailed, cause_of, place_in, status_of, with_reason

# Below twine's own logger, so that --verbose means the same for both.
logger = logging.getLogger("twine.upload_direct")

# Lambda takes requests of 6 MB and is handed the body in base64, which leaves 4.5 MB of it; a part of
# that is for the gateway's own description of the request.
LARGEST_ORDINARY_BODY = 4_000_000

# How an index says that it has no such address. Any other refusal is about the file, and stands.
NO_SUCH_FLOW = {404, 405, 501}

# S3 says that the bytes are there already, by the condition that was signed.
ALREADY_STORED = 412
# S3 says 409 while another upload of the same object is being decided.
PASSING_IN_STORAGE = {408, 409, 429}
# It says 400 for what these codes tell.
EXPIRED, TIMED_OUT = "ExpiredToken", "RequestTimeout"

# Seconds before each further try; five tries in all, as twine makes.
PAUSES = (1.0, 2.0, 4.0, 8.0)
LONGEST_PAUSE = 30.0

# Seconds for a connection, and for an answer: no Lambda works longer than 15 minutes.
TIMEOUT = (60.0, 900.0)

Form = list[tuple[str, Any]]
PASSING_ERRORS = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Patience:
    """A bounded number of tries, with growing pauses between them."""

    def __init__(self) -> None:
        self._pauses = list(PAUSES)

    def wait(self, trouble: str, retry_after: str | None = None) -> bool:
        """Say what the trouble is, and pause before another try; False if there were tries enough."""
        if not self._pauses:
            return False
        pause = self._pauses.pop(0)
        if retry_after and retry_after.isdecimal():
            pause = min(float(retry_after), LONGEST_PAUSE)
        number = len(PAUSES) - len(self._pauses)
        logger.warning(f"{trouble}\nRetry {number} of {len(PAUSES)} in {pause:g} s.")
        time.sleep(pause)
        return True


@dataclass(frozen=True)
class Trouble:
    """Why the bytes are not stored yet, though another try may store them."""

    sentence: str
    retry_after: str | None = None
    # The address is over, or was never good: a new one is tried once.
    of_the_address: bool = False


class DirectRepository(Repository):
    """An index to which small files go as twine sends them, and the bytes of large ones past it."""

    def __init__(
        self,
        repository_url: str,
        username: str | None,
        password: str | None,
        disable_progress_bar: bool = False,
    ) -> None:
        super().__init__(repository_url, username, password, disable_progress_bar)
        # Until the index says otherwise.
        self._takes_directly = True
        # twine's adapters would try each of our tries five times.
        self.session.mount(self._address("reserve"), HTTPAdapter())
        self.session.mount(self._address("finalize"), HTTPAdapter())

    def upload(self, package: PackageFile, max_redirects: int = 5) -> requests.Response:
        """Publish a file; gives the answer that decided it."""
        form = self._form(package)
        length = os.path.getsize(package.filename) + MultipartEncoder(form).len
        response = None
        if self._takes_directly and length > LARGEST_ORDINARY_BODY:
            response = self._upload_directly(package, form)
        if response is None:
            response = super().upload(package, max_redirects)
        return with_reason(response)

    def _form(self, package: PackageFile) -> Form:
        """The form of an ordinary upload, with the file's name and size instead of the file."""
        metadata = package.metadata_dictionary()
        metadata.pop("gpg_signature", None)
        return [
            *self._convert_metadata_to_list_of_tuples(metadata),
            (":action", "file_upload"),
            ("protocol_version", "1"),
            ("filename", package.basefilename),
            ("size", str(os.path.getsize(package.filename))),
        ]

    def _upload_directly(self, package: PackageFile, form: Form) -> requests.Response | None:
        """Reserve, put and finalize; gives the index's last answer, None if it has no such flow."""
        name = package.basefilename
        if package.gpg_signature:
            logger.warning(f"The signature of {name} stays behind: a direct upload carries none.")
        patience, renewed = Patience(), False
        while True:
            # Each try reserves anew: perhaps storage has the bytes, and only its answer was lost.
            reserved = self._ask("reserve", form)
            if reserved.status_code in NO_SUCH_FLOW:
                self._takes_directly = False
                logger.warning(
                    f"{sanitize_url(self.url)} takes no direct uploads ({status_of(reserved)}). "
                    "Trying the ordinary upload."
                )
                return None
            if reserved.status_code == requests.codes.ok:
                print(f"{name} is published already, with the same content")
            if reserved.status_code != requests.codes.created:
                return reserved
            place = place_in(reserved)
            if place is None:
                print(f"The bytes of {name} are there already")
            trouble = self._put(package, place) if place else None
            if trouble is None:
                print(f"Publishing {name}")
                return self._ask("finalize", form)
            again = not (trouble.of_the_address and renewed)
            if not again or not patience.wait(trouble.sentence, trouble.retry_after):
                raise UploadFailed(trouble.sentence)
            renewed = renewed or trouble.of_the_address

    def _address(self, step: str) -> str:
        return f"{self.url.rstrip('/')}/{step}"

    def _ask(self, step: str, form: Form) -> requests.Response:
        """Send the form to the index, again while the trouble may pass; each step is safe to repeat."""
        url = self._address(step)
        shown = sanitize_url(url)
        patience = Patience()
        while True:
            encoder = MultipartEncoder(form)
            try:
                response = self.session.post(
                    url,
                    data=encoder,
                    headers={"Content-Type": encoder.content_type},
                    allow_redirects=False,
                    timeout=TIMEOUT,
                )
            except PASSING_ERRORS as error:
                if not _passes(error) or not patience.wait(f"The request to {shown} failed: {cause_of(error)}"):
                    raise UploadFailed(f"The request to {shown} failed: {cause_of(error)}") from error
                continue
            if response.is_redirect:
                target = sanitize_url(response.headers["Location"].partition("?")[0])
                raise exceptions.RedirectDetected(
                    f"{shown} attempted to redirect to {target}.\nAn upload follows no redirect: "
                    "give the address that the index itself has as your repository URL and try again."
                )
            busy = response.status_code == requests.codes.too_many_requests or response.status_code >= 500
            if response.status_code in NO_SUCH_FLOW or not busy:
                return response
            sentence = f"{shown} answered {status_of(response)}"
            if not patience.wait(sentence, response.headers.get("Retry-After")):
                return response

    def _put(self, package: PackageFile, place: Place) -> Trouble | None:
        """Send the bytes to storage; None if they are there. Raises UploadFailed if it will not have them."""
        name = package.basefilename
        print(f"Uploading {name}")
        logger.info(f"Its bytes go to {place.origin}")
        try:
            response = self._send(package, place)
        except PASSING_ERRORS as error:
            sentence = f"The bytes of {name} did not reach {place.origin}: {cause_of(error)}"
            if not _passes(error):
                raise UploadFailed(sentence) from error
            return Trouble(sentence)
        if requests.codes.ok <= response.status_code < 300 or response.status_code == ALREADY_STORED:
            logger.info(f"{place.origin} answered {response.status_code}: the bytes are there")
            return None
        said = status_of(response)
        sentence = f"{place.origin} did not take the bytes of {name}: {said}"
        if response.status_code == requests.codes.forbidden or EXPIRED in said:
            return Trouble(sentence, of_the_address=True)
        if response.status_code in PASSING_IN_STORAGE or response.status_code >= 500 or TIMED_OUT in said:
            return Trouble(sentence, response.headers.get("Retry-After"))
        raise UploadFailed(sentence)

    def _send(self, package: PackageFile, place: Place) -> requests.Response:
        """Put the file from disk, without what only the index may see: the password and the client certificate."""
        with make_requests_session() as storage, open(package.filename, "rb") as file, self._progress() as progress:
            # An authentication, even an empty one, keeps requests from looking for another in netrc.
            storage.auth = _anonymous
            storage.verify = self.session.verify
            # twine's adapters say which address they try again, and this one is a secret.
            storage.mount("https://", HTTPAdapter())
            storage.mount("http://", HTTPAdapter())
            return storage.put(
                place.url,
                data=progress.wrap_file(file, os.path.getsize(package.filename), description=""),
                headers={"Content-Type": "application/octet-stream", **place.headers},
                allow_redirects=False,
                timeout=TIMEOUT,
            )

    def _progress(self) -> Progress:
        """The progress bar that twine shows."""
        return Progress(
            "[progress.percentage]{task.percentage:>3.0f}%",
            BarColumn(),
            DownloadColumn(),
            "•",
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            "•",
            TransferSpeedColumn(),
            disable=self.disable_progress_bar,
        )


def _anonymous(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _passes(error: requests.RequestException) -> bool:
    # A certificate that is not trusted now will not be in a moment.
    return not isinstance(error, requests.exceptions.SSLError)
