"""``twine upload-direct``, as its users install and run it: against an index that answers as the tests say."""

import hashlib
import io
import json
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import zipfile
from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import RequestFactory, override_settings

from tests.builders import NOON, Built, a_wheel, an_sdist
from tests.journeys.clients import CACHE, HERE, Outcome, a_virtualenv, alone, alone_at, run, succeed, with_registry
from tests.journeys.server import ROOT

pytestmark = pytest.mark.registry

DISTRIBUTION = ROOT / "clients" / "twine-upload-direct"
MEGABYTE = 1_000_000

# The program.


@cache
def twine() -> Path:
    """The pinned twine, with the subcommand beside it."""
    pins = ROOT / "clients" / "twine.txt"
    sources = sorted(path for path in DISTRIBUTION.rglob("*") if path.suffix in {".py", ".toml", ".md"})
    folder = CACHE / "clients" / DISTRIBUTION.name
    made_of = folder / "made-of"
    wanted = "\n".join([sys.version, *(path.read_text() for path in [pins, *sources])])
    with alone_at(folder):
        if not made_of.exists() or made_of.read_text() != wanted:
            python = a_virtualenv(folder)
            # uv would take what it built of this folder before.
            fresh = f"--reinstall-package={DISTRIBUTION.name}"
            install: list[str | Path] = [HERE / "uv", "pip", "install", "--quiet", f"--python={python}", fresh]
            succeed([*install, "-r", pins, DISTRIBUTION], env=with_registry())
            made_of.write_text(wanted)
    return folder / "bin" / "twine"


@dataclass(frozen=True)
class Publisher:
    """Somebody with files in a folder and a home of their own, which holds nothing that would help."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def keep(self, *files: Built) -> None:
        (self.folder / "dist").mkdir(exist_ok=True)
        for built in files:
            (self.folder / "dist" / built.filename).write_bytes(built.content)

    def run(self, *arguments: str | Path, **variables: str) -> Outcome:
        """Run ``twine upload-direct`` where the files are."""
        env = {**alone(self.home), **variables}
        return run([twine(), "--no-color", "upload-direct", *arguments], env=env, cwd=self.folder)

    def publish(self, url: str, *arguments: str | Path, password: str = "sesame") -> Outcome:
        """Publish everything in ``dist``."""
        options = ["--non-interactive", "--disable-progress-bar", "--repository-url", url]
        return self.run(*options, "-u", "carol", "-p", password, *arguments, "dist/*")


@pytest.fixture
def carol(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path)


def a_large_wheel(name: str = "demo-large", **fields: Any) -> Built:
    """A wheel that Lambda would not let through."""
    return a_wheel(name, files={"noise.bin": random.Random(name).randbytes(5 * MEGABYTE)}, **fields)


# The index.


@dataclass(frozen=True)
class Asked:
    """A request, as it arrived."""

    step: str
    headers: Mapping[str, str]
    sha256: str
    form: Mapping[str, list[str]] = field(default_factory=dict)
    content: str | None = None


@dataclass(frozen=True)
class Answer:
    """An answer that a test puts in the place of the usual one."""

    status: int
    said: str = ""
    reason: str | None = None
    kind: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


# A connection that breaks: before anything happened, or after everything did.
RESET = Answer(0, "before")
LOST = Answer(0, "after")

SIGNATURE = "X-Amz-Signature=0123456789abcdef"
IN_A_MOMENT = {"Retry-After": "0"}
SLOW_DOWN = Answer(
    503, "<Error><Code>SlowDown</Code><Message>Please.</Message></Error>", None, "application/xml", IN_A_MOMENT
)


@dataclass
class Index:
    """What the index and its storage hold, what they were asked, and what they are to answer next, by step."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    next: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    stored: set[str] = field(default_factory=set)
    published: set[str] = field(default_factory=set)

    @property
    def steps(self) -> list[str]:
        return [asked.step for asked in self.asked]

    def of(self, step: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.step == step]

    def answer(self, asked: Asked) -> Answer:
        """Do what was asked, and say so."""
        if asked.step != "put" and asked.headers.get("Authorization") != basic("carol", "sesame"):
            return Answer(401, "Invalid or non-existent authentication information.", "Invalid or non-existent")
        return {"reserve": self.reserve, "put": self.put, "finalize": self.finalize}.get(asked.step, self.upload)(asked)

    def reserve(self, asked: Asked) -> Answer:
        digest = asked.form["sha256_digest"][0]
        if digest in self.published:
            return Answer(200)
        address = self.url.replace("/legacy/", f"/storage/{digest}?{SIGNATURE}")
        headers = {"If-None-Match": "*", "x-amz-checksum-sha256": b64encode(bytes.fromhex(digest)).decode()}
        left = (None, None) if digest in self.stored else (address, headers)
        said = json.dumps(dict(zip(("upload_url", "upload_headers"), left, strict=True)))
        return Answer(201, said, kind="application/json")

    def put(self, asked: Asked) -> Answer:
        if asked.sha256 in self.stored:
            return Answer(412)
        self.stored.add(asked.sha256)
        return Answer(200)

    def finalize(self, asked: Asked) -> Answer:
        digest = asked.form["sha256_digest"][0]
        if digest not in self.stored:
            return Answer(400, "The bytes have not arrived.", "The bytes have not arrived.")
        self.published.add(digest)
        return Answer(200)

    def upload(self, asked: Asked) -> Answer:
        assert asked.content is not None
        self.published.add(asked.content)
        return Answer(200)


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Index]:
    """An index and its storage, on a free port."""
    index = Index()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Django reads the form, for the index does.
            request = RequestFactory().generic("POST", self.path, body, self.headers["Content-Type"])
            contents = [file.read() for file in request.FILES.getlist("content")]
            request.close()
            digests = [hashlib.sha256(content).hexdigest() for content in contents]
            step = {"/legacy/reserve": "reserve", "/legacy/finalize": "finalize", "/legacy/": "upload"}[self.path]
            form = dict(request.POST.lists())
            self.give(Asked(step, self.headers_as_sent(), hashlib.sha256(body).hexdigest(), form, *digests))

        def do_PUT(self) -> None:
            assert self.path.endswith(SIGNATURE)
            left, digest = int(self.headers["Content-Length"]), hashlib.sha256()
            if index.next["put"][:1] == [RESET]:
                # Storage goes away in the middle of the file.
                left = left // 2
            while left:
                part = self.rfile.read(min(left, MEGABYTE))
                digest.update(part)
                left -= len(part)
            self.give(Asked("put", self.headers_as_sent(), digest.hexdigest()))

        def headers_as_sent(self) -> dict[str, str]:
            return {str(name): str(value) for name, value in self.headers.items()}

        def give(self, asked: Asked) -> None:
            index.asked.append(asked)
            waiting = index.next[asked.step]
            answer = waiting.pop(0) if waiting else index.answer(asked)
            if answer is LOST:
                index.answer(asked)
            if not answer.status:
                # Closes with a reset instead of an end.
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            body = answer.said.encode()
            self.send_response(answer.status, answer.reason)
            headers = {"Content-Type": answer.kind, "Content-Length": str(len(body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def finish(self) -> None:
            # A connection that was reset has nothing left to be sent.
            if self.connection.fileno() != -1:
                super().finish()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            # A client that does not trust the certificate, or was reset, hangs up.
            if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
                super().handle_error(request, client_address)  # type: ignore[arg-type]

    with Server(("127.0.0.1", 0), Handler) as server, override_settings(FILE_UPLOAD_TEMP_DIR=None):
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        index.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/legacy/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def index() -> Iterator[Index]:
    with serving() as running:
        yield running


# Publishing.


def test_sends_a_large_wheel_past_the_index(carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel(summary="Noise", requires_dist="demo-lib>=1")
    carol.keep(wheel)

    outcome = carol.publish(index.url, "--comment", "by hand")

    assert outcome.code == 0, outcome
    assert index.steps == ["reserve", "put", "finalize"]
    assert index.published == {wheel.sha256}
    reserve, put, finalize = index.asked
    form = {name: values for name, values in reserve.form.items() if name != "description"}
    assert form == {
        ":action": ["file_upload"],
        "protocol_version": ["1"],
        "metadata_version": ["2.1"],
        "name": ["demo-large"],
        "version": ["1.0"],
        "summary": ["Noise"],
        "requires_dist": ["demo-lib>=1"],
        "comment": ["by hand"],
        "filetype": ["bdist_wheel"],
        "pyversion": ["py3"],
        "sha256_digest": [wheel.sha256],
        "blake2_256_digest": [hashlib.blake2b(wheel.content, digest_size=32).hexdigest()],
        "filename": [wheel.filename],
        "size": [str(len(wheel.content))],
    }
    assert finalize.form == reserve.form
    assert (reserve.content, finalize.content) == (None, None)
    assert put.sha256 == wheel.sha256
    assert put.headers["Content-Length"] == str(len(wheel.content))
    assert put.headers["Content-Type"] == "application/octet-stream"
    assert put.headers["If-None-Match"] == "*"
    assert put.headers["x-amz-checksum-sha256"] == b64encode(bytes.fromhex(wheel.sha256)).decode()
    assert not {"Authorization", "Transfer-Encoding", "Content-Encoding", "Cookie"} & set(put.headers)
    assert outcome.shown == (
        f"Uploading distributions to {index.url} Uploading {wheel.filename} Publishing {wheel.filename}"
    )


def test_sends_small_files_as_twine_does_and_wheels_first(carol: Publisher, index: Index) -> None:
    sdist = an_sdist("demo-large", files={"demo_large-1.0/noise.bin": random.Random(1).randbytes(5 * MEGABYTE)})
    small, large = a_wheel("demo-small"), a_large_wheel()
    carol.keep(sdist, small, large)

    outcome = carol.publish(index.url)

    assert outcome.code == 0, outcome
    assert sorted(index.steps[:4]) == ["finalize", "put", "reserve", "upload"]
    assert index.steps[4:] == ["reserve", "put", "finalize"]
    (upload,) = index.of("upload")
    assert "filename" not in upload.form
    assert index.published == {sdist.sha256, small.sha256, large.sha256}


def test_counts_the_description_with_the_file(carol: Publisher, index: Index) -> None:
    # Each alone would pass; the description goes through the door twice, with the file's bytes beside it.
    metadata = a_wheel("demo-wordy").metadata + b"word " * 200_000
    carol.keep(a_wheel("demo-wordy", metadata=metadata, files={"noise.bin": random.Random(2).randbytes(3_500_000)}))

    assert carol.publish(index.url).code == 0
    assert index.steps == ["reserve", "put", "finalize"]


def test_publishes_the_same_file_again_without_sending_it(carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel)
    index.published.add(wheel.sha256)

    outcome = carol.publish(index.url)

    assert outcome.code == 0, outcome
    assert index.steps == ["reserve"]
    assert f"{wheel.filename} is published already, with the same content" in outcome.shown
    assert "Uploading demo" not in outcome.shown


def test_publishes_what_an_earlier_try_has_sent(carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel)
    index.stored.add(wheel.sha256)

    outcome = carol.publish(index.url)
    assert outcome.code == 0
    assert f"The bytes of {wheel.filename} are there already" in outcome.shown
    assert index.steps == ["reserve", "finalize"]
    assert index.published == {wheel.sha256}


@pytest.mark.parametrize("step", ["reserve", "put"])
def test_an_interruption_is_a_sentence(step: str, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next[step] = [Answer(503, headers={"Retry-After": "30"})]
    options = ["--non-interactive", "--disable-progress-bar", "--repository-url", index.url]
    with subprocess.Popen(
        [twine(), "--no-color", "upload-direct", *options, "-u", "carol", "-p", "sesame", "dist/*"],
        env=alone(carol.home),
        cwd=carol.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        while "Retry 1 of 4" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGINT)
        said += process.stdout.read()
    assert process.returncode == 1
    assert "UploadFailed: Interrupted. Run the same command again" in " ".join(said.split())
    assert "Traceback" not in said


def test_publishes_what_another_try_has_sent_meanwhile(carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel)
    index.stored.add(wheel.sha256)
    said = json.dumps({"upload_url": index.url.replace("/legacy/", f"/storage/x?{SIGNATURE}")})
    index.next["reserve"] = [Answer(201, said, kind="application/json")]

    assert carol.publish(index.url).code == 0
    # Storage answers 412, by the condition that the index signs.
    assert index.steps == ["reserve", "put", "finalize"]


@pytest.mark.parametrize("slash", ["", "/", "//"])
def test_takes_the_repository_url_with_and_without_a_slash(slash: str, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())

    assert carol.publish(index.url.rstrip("/") + slash).code == 0
    assert index.steps == ["reserve", "put", "finalize"]


def test_takes_what_pypirc_and_the_environment_say(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    carol.home.mkdir()
    (carol.home / ".pypirc").write_text(
        f"[distutils]\nindex-servers = private\n[private]\nrepository = {index.url}\nusername = carol\n"
    )
    quiet = ["--non-interactive", "--disable-progress-bar"]

    by_name = carol.run("-r", "private", *quiet, "dist/*", TWINE_PASSWORD="sesame")
    by_variable = carol.run(*quiet, "dist/*", TWINE_REPOSITORY="private", TWINE_PASSWORD="sesame")
    without_password = carol.run("-r", "private", *quiet, "dist/*")

    assert by_name.code == 0, by_name
    assert by_variable.code == 0, by_variable
    assert index.steps == ["reserve", "put", "finalize", "reserve"]
    assert without_password.code == 1
    assert "NonInteractive: Credential not found for password." in without_password.shown


def test_leaves_netrc_to_the_index(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    carol.home.mkdir()
    netrc = carol.home / ".netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password of-the-netrc\n")
    netrc.chmod(0o600)

    assert carol.publish(index.url).code == 0
    (put,) = index.of("put")
    assert "Authorization" not in put.headers


def test_shows_the_progress_of_the_bytes(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())

    outcome = carol.run("--repository-url", index.url, "-u", "carol", "-p", "sesame", "dist/*")

    assert outcome.code == 0, outcome
    assert re.search(r"100% \S+ 5\.\d/5\.\d MB", outcome.shown), outcome


@pytest.mark.parametrize("end", ["stored", "refused", "unreachable"])
def test_never_prints_a_signature(end: str, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    if end == "refused":
        said = f"<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message><String>{SIGNATURE}</String></Error>"
        index.next["put"] = [Answer(403, said, kind="application/xml")] * 2
    elif end == "unreachable":
        said = json.dumps({"upload_url": f"http://127.0.0.1:1/storage/x?{SIGNATURE}"})
        index.next["reserve"] = [Answer(201, said, kind="application/json"), Answer(400, "Enough.")]

    outcome = carol.publish(index.url, "--verbose")

    assert outcome.code == (0 if end == "stored" else 1), outcome
    assert "0123456789abcdef" not in outcome.shown
    assert "sesame" not in outcome.shown
    assert "Traceback" not in outcome.shown
    assert "Its bytes go to http://127.0.0.1:" in outcome.shown


# Trouble that passes.


@pytest.mark.parametrize(
    ("script", "steps"),
    [
        ({"reserve": [Answer(503, headers=IN_A_MOMENT)]}, ["reserve", "reserve", "put", "finalize"]),
        ({"reserve": [Answer(429, headers=IN_A_MOMENT)]}, ["reserve", "reserve", "put", "finalize"]),
        ({"reserve": [RESET]}, ["reserve", "reserve", "put", "finalize"]),
        ({"put": [SLOW_DOWN]}, ["reserve", "put", "reserve", "put", "finalize"]),
        ({"put": [RESET]}, ["reserve", "put", "reserve", "put", "finalize"]),
        # The answer is lost, the bytes are not: they need not go again.
        ({"put": [LOST]}, ["reserve", "put", "reserve", "finalize"]),
        ({"finalize": [Answer(503, headers=IN_A_MOMENT)]}, ["reserve", "put", "finalize", "finalize"]),
        ({"finalize": [LOST]}, ["reserve", "put", "finalize", "finalize"]),
    ],
    ids=lambda value: (
        "-".join(f"{step}-{answers[0].status}" for step, answers in value.items()) if isinstance(value, dict) else ""
    ),
)
def test_tries_again(script: dict[str, list[Answer]], steps: list[str], carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel)
    index.next.update(script)

    outcome = carol.publish(index.url)

    assert outcome.code == 0, outcome
    assert index.steps == steps
    assert index.published == {wheel.sha256}
    assert "Retry 1 of 4 in" in outcome.shown


EXPIRED = Answer(
    403, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", kind="application/xml"
)
TOKEN_EXPIRED = Answer(
    400, "<Error><Code>ExpiredToken</Code><Message>It did.</Message></Error>", kind="application/xml"
)


@pytest.mark.parametrize("refusal", [EXPIRED, TOKEN_EXPIRED], ids=["address", "token"])
def test_asks_for_another_address_once(refusal: Answer, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next["put"] = [refusal]

    assert carol.publish(index.url).code == 0
    assert index.steps == ["reserve", "put", "reserve", "put", "finalize"]

    carol.keep(a_large_wheel("demo-other"))
    index.next["put"] = [refusal] * 5
    outcome = carol.publish(index.url)

    assert outcome.code == 1
    assert "UploadFailed" in outcome.shown
    assert "did not take the bytes of demo_other-1.0-py3-none-any.whl: " in outcome.shown
    assert {403: "403 AccessDenied: Request has expired", 400: "400 ExpiredToken: It did."}[refusal.status] in (
        outcome.shown
    )
    assert len(index.of("put")) == 4


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("reserve", "HTTPError: 503 Service Unavailable from {url}reserve"),
        ("put", "UploadFailed: http://127.0.0.1:{port} did not take the bytes of {filename}: 503 SlowDown: Please."),
        ("finalize", "HTTPError: 503 Service Unavailable from {url}finalize"),
    ],
)
def test_gives_up_after_five_tries(step: str, says: str, carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel)
    index.next[step] = [SLOW_DOWN] * 9

    outcome = carol.publish(index.url)

    assert outcome.code == 1
    port = index.url.split(":")[2].partition("/")[0]
    assert says.format(url=index.url, port=port, filename=wheel.filename) in outcome.shown
    assert "Retry 4 of 4 in 0 s." in outcome.shown
    assert len(index.of(step)) == 5
    assert "Traceback" not in outcome.shown


# Refusals.


def test_says_what_the_index_says(carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel, a_large_wheel("demo-later"))
    sentence = f"File already exists ('{wheel.filename}'). Publish a new version."
    refusals = [
        Answer(400, f"{sentence}\n", sentence),
        # As API Gateway passes it on.
        Answer(400, f"{sentence}\n"),
        Answer(400, f"{sentence}\n", ""),
        Answer(400, json.dumps({"message": sentence}), kind="application/json"),
    ]
    for step in ["reserve", "finalize"]:
        for refusal in refusals:
            index.asked.clear()
            index.stored.clear()
            index.next[step] = [refusal]

            outcome = carol.publish(index.url)

            assert outcome.code == 1
            assert f"HTTPError: 400 Bad Request from {index.url}{step} {sentence}" in outcome.shown
            # Neither again, nor with the next file.
            assert len(index.of(step)) == 1
            assert len(index.of("reserve")) == 1
    assert index.published == set()


def test_says_what_the_index_says_of_a_small_file(carol: Publisher, index: Index) -> None:
    carol.keep(a_wheel())
    index.next["upload"] = [Answer(400, "Use another version.\n")]

    outcome = carol.publish(index.url)

    assert outcome.code == 1
    assert f"HTTPError: 400 Bad Request from {index.url} Use another version." in outcome.shown


def test_shows_no_page_of_somebody_else(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next["reserve"] = [Answer(403, "<html>Sign in</html>", kind="text/html")]

    outcome = carol.publish(index.url)

    assert f"HTTPError: 403 Forbidden from {index.url}reserve Forbidden" in outcome.shown
    assert "Sign in" not in outcome.shown


def test_refuses_a_wrong_password(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())

    outcome = carol.publish(index.url, password="guess")

    assert outcome.code == 1
    assert f"HTTPError: 401 Unauthorized from {index.url}reserve Invalid or non-existent" in outcome.shown
    assert index.steps == ["reserve"]


def test_skips_a_filename_that_is_taken_if_asked_to(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel(), a_large_wheel("demo-other"))
    index.next["reserve"] = [Answer(400, "File already exists. Publish a new version.\n")]

    outcome = carol.publish(index.url, "--skip-existing")

    assert outcome.code == 0, outcome
    assert re.search(r"Skipping demo_\w+-1.0-py3-none-any.whl because it appears to already exist", outcome.shown)
    assert index.steps == ["reserve", "reserve", "put", "finalize"]


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Answer(307, headers={"Location": "http://elsewhere.example/x?secret"}), "307 Temporary Redirect"),
        (Answer(400, "<Error><Code>BadDigest</Code><Message>Other bytes.</Message></Error>", kind="application/xml"),
         "400 BadDigest: Other bytes."),
        (Answer(413, "File too large.\n"), "413 File too large."),
    ],
)  # fmt: skip
def test_says_why_storage_refuses(refusal: Answer, says: str, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next["put"] = [refusal]

    outcome = carol.publish(index.url)

    assert outcome.code == 1
    assert "UploadFailed: http://127.0.0.1:" in outcome.shown
    assert f"did not take the bytes of demo_large-1.0-py3-none-any.whl: {says}" in outcome.shown
    assert index.steps == ["reserve", "put"]


@pytest.mark.parametrize("step", ["reserve", "finalize"])
def test_follows_no_redirect(step: str, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next[step] = [Answer(308, headers={"Location": f"{index.url}{step}/"})]

    outcome = carol.publish(index.url)

    assert outcome.code == 1
    assert f"RedirectDetected: {index.url}{step} attempted to redirect to {index.url}{step}/." in outcome.shown


@pytest.mark.parametrize(
    "said", ["", "<html>", "[]", '{"upload_url": "ftp://a/b"}', '{"upload_url": "http://a/b", "upload_headers": "x"}']
)
def test_refuses_an_answer_that_is_no_reservation(said: str, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next["reserve"] = [Answer(201, said)]

    outcome = carol.publish(index.url)

    assert outcome.code == 1
    assert f"UploadFailed: {index.url}reserve " in outcome.shown
    assert index.steps == ["reserve"]


def test_does_not_send_again_what_the_index_cannot_find(carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next["put"] = [Answer(200)]

    outcome = carol.publish(index.url)

    assert outcome.code == 1
    assert f"HTTPError: 400 Bad Request from {index.url}finalize The bytes have not arrived." in outcome.shown
    assert index.steps == ["reserve", "put", "finalize"]


def test_says_that_nobody_answers(carol: Publisher) -> None:
    carol.keep(a_wheel())
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/legacy/"

    outcome = carol.publish(url)

    assert outcome.code == 1
    assert f"UploadFailed: The request to {url} failed: " in outcome.shown
    assert "Connection refused" in outcome.shown
    assert "Traceback" not in outcome.shown


# Other indexes.


@pytest.mark.parametrize("status", [404, 405, 501])
def test_publishes_as_twine_does_where_there_is_no_other_way(status: int, carol: Publisher, index: Index) -> None:
    large, other = a_large_wheel(), a_large_wheel("demo-other")
    carol.keep(large, other)
    index.next["reserve"] = [Answer(status)]

    outcome = carol.publish(index.url)

    assert outcome.code == 0, outcome
    # It is asked once, not for each file.
    assert index.steps == ["reserve", "upload", "upload"]
    assert index.published == {large.sha256, other.sha256}
    assert outcome.shown.count(f"{index.url} takes no direct uploads ({status} ") == 1


@pytest.mark.parametrize("status", [404, 405, 501])
def test_takes_the_same_status_of_finalize_for_a_refusal(status: int, carol: Publisher, index: Index) -> None:
    carol.keep(a_large_wheel())
    index.next["finalize"] = [Answer(status)]

    assert carol.publish(index.url).code == 1
    assert index.steps == ["reserve", "put", "finalize"]


# Before anything is sent.


def a_missing_file(carol: Publisher) -> list[str]:
    return ["dist/nothing-*.whl"]


def a_file_of_another_kind(carol: Publisher) -> list[str]:
    (carol.folder / "dist" / "notes.txt").write_text("no distribution")
    return []


def a_wheel_that_is_no_archive(carol: Publisher) -> list[str]:
    (carol.folder / "dist" / "demo_broken-1.0-py3-none-any.whl").write_bytes(b"PK" * 100)
    return []


def an_sdist_that_is_no_archive(carol: Publisher) -> list[str]:
    (carol.folder / "dist" / "demo_broken-1.0.tar.gz").write_bytes(b"tar" * 100)
    return []


def attestations(carol: Publisher) -> list[str]:
    return ["--attestations"]


def a_signature(carol: Publisher) -> list[str]:
    return ["--sign"]


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (a_missing_file, "InvalidDistribution: Cannot find file (or expand pattern): 'dist/nothing-*.whl'"),
        (a_file_of_another_kind, "InvalidDistribution: Unknown distribution format: 'notes.txt'"),
        (a_wheel_that_is_no_archive, "InvalidDistribution: dist/demo_broken-1.0-py3-none-any.whl is not the archive"),
        (an_sdist_that_is_no_archive, "InvalidDistribution: dist/demo_broken-1.0.tar.gz is not the archive"),
        (attestations, "InvalidConfiguration: Attestations and signatures cannot travel with a direct upload"),
        (a_signature, "InvalidConfiguration: Attestations and signatures cannot travel with a direct upload"),
    ],
)
def test_sends_nothing_after_a_mistake(
    mistake: Callable[[Publisher], list[str]], says: str, carol: Publisher, index: Index
) -> None:
    carol.keep(a_large_wheel(), a_wheel())

    outcome = carol.publish(index.url, *mistake(carol))

    assert outcome.code == 1
    assert says in outcome.shown
    assert "Traceback" not in outcome.shown
    assert index.asked == []


def test_leaves_a_signature_behind_with_a_warning(carol: Publisher, index: Index) -> None:
    wheel = a_large_wheel()
    carol.keep(wheel)
    (carol.folder / "dist" / f"{wheel.filename}.asc").write_text("signed")

    outcome = carol.publish(index.url)

    assert outcome.code == 0, outcome
    assert f"The signature of {wheel.filename} stays behind" in outcome.shown
    assert "gpg_signature" not in index.asked[0].form


# Secure connections.


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for this machine that nobody trusts by themselves, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an index of tests")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOON - timedelta(days=3650))
        .not_valid_after(NOON + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "authority.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)
    return path


def test_trusts_whom_twine_is_told_to_trust(carol: Publisher, authority: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    carol.keep(a_large_wheel())
    with serving(context) as index:
        distrusted = carol.publish(index.url)
        mistaken = carol.publish(index.url, "--cert", "nobody.pem")
        assert index.asked == []
        trusted = carol.publish(index.url, "--cert", authority)
        assert index.steps == ["reserve", "put", "finalize"]
        index.published.clear()
        index.stored.clear()
        said = json.dumps({"upload_url": f"http://127.0.0.1/storage/x?{SIGNATURE}"})
        index.next["reserve"] = [Answer(201, said, kind="application/json")]
        in_the_open = carol.publish(index.url, "--cert", authority)

    assert distrusted.code == 1
    assert f"UploadFailed: The request to {index.url}reserve failed: " in distrusted.shown
    assert "CERTIFICATE_VERIFY_FAILED" in distrusted.shown
    assert "Retry" not in distrusted.shown
    assert mistaken.code == 1
    assert "UploadFailed: Could not find a suitable TLS CA certificate bundle" in mistaken.shown
    assert trusted.code == 0, trusted
    assert in_the_open.code == 1
    assert "gave an upload address that is no https address" in in_the_open.shown


# Memory.

# Runs a command, and then says how much memory it had at most, in KiB.
MEASURED = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // (1024 if sys.platform == "darwin" else 1))
sys.exit(code)
"""


class Sparse(io.FileIO):
    """A file on disk in which zeros take no room."""

    def write(self, data: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        if any(data):
            return super().write(data)
        self.seek(len(data), io.SEEK_CUR)
        return len(data)


def test_memory_stays_flat(carol: Publisher, index: Index) -> None:
    def peak(name: str, megabytes: int) -> int:
        wheel = a_wheel(name)
        path = carol.folder / wheel.filename
        path.write_bytes(wheel.content)
        with Sparse(path, "r+") as file, zipfile.ZipFile(file, "a") as archive, archive.open("zeros", "w") as member:
            for _ in range(megabytes):
                member.write(bytes(MEGABYTE))
        quiet = ["--non-interactive", "--disable-progress-bar", "--repository-url", index.url]
        command: list[str | Path] = [twine(), "upload-direct", *quiet, "-u", "carol", "-p", "sesame", path]
        shown = succeed([sys.executable, "-c", MEASURED, *command], env=alone(carol.home))
        return int(shown.rpartition("peak ")[2])

    small, large = peak("demo-five", 5), peak("demo-many", 300)

    assert int(index.of("put")[1].headers["Content-Length"]) > 300 * MEGABYTE
    assert large - small < 20_000, (small, large)
