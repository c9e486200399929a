"""What an index or its storage answered, in words for a person: with the reason, without secrets."""

import http
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from twine import exceptions

# What an index says for a person is shorter; a page that somebody else answers with may not be.
LONGEST_SENTENCE = 1000


class UploadFailed(exceptions.TwineException):
    """A file could not be published, for a reason that no answer of the index has told."""


@dataclass(frozen=True)
class Place:
    """Where the bytes of a reserved file go, and the headers that its signature covers."""

    # Whoever has the address can put bytes there: it is not to be printed, not even by a traceback.
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    @property
    def origin(self) -> str:
        """What may be shown of the address."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def place_in(reservation: requests.Response) -> Place | None:
    """The place that the answer to a reservation names; None if the bytes lie there already."""
    answer = _json_of(reservation)
    if not isinstance(answer, dict):
        raise UploadFailed(f"{reservation.url} answered 201, but not with a reservation in JSON.")
    url, headers = answer.get("upload_url"), answer.get("upload_headers") or {}
    if not url:
        return None
    if not _is_an_address(url, secure=reservation.url.startswith("https:")):
        raise UploadFailed(f"{reservation.url} gave an upload address that is no https address.")
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise UploadFailed(f"{reservation.url} gave upload headers that are not a table of texts.")
    return Place(url, headers)


def with_reason(response: requests.Response) -> requests.Response:
    """The answer, with the sentence in its body as its reason if the status line has none.

    twine prints the reason phrase alone, but HTTP/2 has none and gateways replace it.
    """
    if not response.ok and (not response.reason or response.reason.lower() == _phrase_of(response).lower()):
        response.reason = sentence_in(response) or response.reason
    return response


def sentence_in(response: requests.Response) -> str:
    """What the body of a refusal says to a person; empty if it is for something else."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "text/plain":
        said = response.text
    elif kind == "application/json":
        answer = _json_of(response)
        said = str(answer.get("message") or "") if isinstance(answer, dict) else ""
    elif kind.endswith("/xml"):
        # S3 also repeats what was signed, and with which key: that is not shown.
        parts = (re.search(f"<{name}>(.*?)</{name}>", response.text, re.DOTALL) for name in ("Code", "Message"))
        said = ": ".join(part[1] for part in parts if part)
    else:
        said = ""
    printable = "".join(letter for letter in " ".join(said.split()) if letter.isprintable())
    return printable[:LONGEST_SENTENCE]


def status_of(response: requests.Response) -> str:
    """The status with what the answer says about it, on one line."""
    with_reason(response)
    return f"{response.status_code} {response.reason or _phrase_of(response)}".strip()


def cause_of(error: requests.RequestException) -> str:
    """What went wrong with a connection, without the query of the address, which may be a signature."""
    cause: object = error
    # requests wraps what urllib3 wraps around what the system said.
    while isinstance(cause, Exception) and (inner := getattr(cause, "reason", None) or (cause.args or [None])[-1]):
        if not isinstance(inner, Exception):
            break
        cause = inner
    return re.sub(r"\?\S*", "", str(cause))


def _is_an_address(url: object, *, secure: bool) -> bool:
    # Bytes on their way to an index that is reached securely are not sent in the open.
    schemes = {"https"} if secure else {"https", "http"}
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return False


def _json_of(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None


def _phrase_of(response: requests.Response) -> str:
    try:
        return http.HTTPStatus(response.status_code).phrase
    except ValueError:
        return ""
