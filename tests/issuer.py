"""An issuer of identity tokens of our own, on loopback: it publishes its keys, and signs what it is told to."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.builders import NOON

# What GitHub says of a job, as far as anybody looks at it.
GITHUB: dict[str, Any] = {
    "sub": "repo:Octo-Org/Demo:environment:Release",
    "repository": "Octo-Org/Demo",
    "repository_owner": "Octo-Org",
    "repository_owner_id": "583231",
    "repository_id": "74",
    "job_workflow_ref": "Octo-Org/Demo/.github/workflows/release.yml@refs/tags/v1.0",
    "workflow_ref": "Octo-Org/Demo/.github/workflows/release.yml@refs/tags/v1.0",
    "ref": "refs/tags/v1.0",
    "sha": "0123456789abcdef0123456789abcdef01234567",
    "event_name": "push",
    "environment": "Release",
    "actor": "octocat",
    "run_id": "1296269",
}
GITHUB_FIELDS = {
    "repository_owner": "octo-org",
    "repository": "demo",
    "repository_owner_id": "583231",
    "workflow_filename": "release.yml",
}


@cache
def a_key(number: int = 0, *, bits: int = 2048) -> RSAPrivateKey:
    """A key; the same one for the same number, as making one takes a while."""
    return generate_private_key(public_exponent=65537, key_size=bits)


def jwk_of(key: RSAPrivateKey, kid: str, **changes: object) -> dict[str, object]:
    numbers = key.public_key().public_numbers()
    public = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": _number(numbers.n), "e": _number(numbers.e)}
    return {**public, **changes}


def signed(
    claims: Mapping[str, object] | bytes, key: RSAPrivateKey, kid: str | None, *, alg: str = "RS256", **header: object
) -> str:
    """A JSON Web Token, also such as nobody should make: HS256 with the public key as its secret, or unsigned."""
    names = {"typ": "JWT", "alg": alg, **({} if kid is None else {"kid": kid}), **header}
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    text = f"{_base64(json.dumps(names).encode())}.{_base64(payload)}"
    if alg == "none":
        return f"{text}."
    if alg == "HS256":
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return f"{text}.{_base64(hmac.digest(public, text.encode(), 'sha256'))}"
    return f"{text}.{_base64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class OwnIssuer:
    """A running issuer. ``documents`` are what it serves by path; ``asked`` counts who came for what."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.kid = "key-0"
        self.asked: list[str] = []
        self.documents: dict[str, bytes] = {
            "/.well-known/openid-configuration": json.dumps(
                {"issuer": address, "jwks_uri": f"{address}/jwks"}
            ).encode(),
            "/jwks": json.dumps({"keys": [jwk_of(a_key(), self.kid)]}).encode(),
        }
        # What it answers instead of documents, and how long it takes for each piece of one, in seconds.
        self.status = 200
        self.redirects_to = ""
        self.pause = 0.0
        # What it says of the job that asks for a token.
        self.job: dict[str, Any] = dict(GITHUB)
        self.minted: list[str] = []

    def claims(self, now: datetime = NOON, **changes: object) -> dict[str, object]:
        """The claims of a token made now; None leaves one out."""
        moment = now.timestamp()
        made = {
            **{"iss": self.address, "aud": "elastic-pypi", "jti": str(uuid4())},
            **{"iat": int(moment), "nbf": int(moment), "exp": int(moment) + 300},
            **self.job,
            **changes,
        }
        return {name: value for name, value in made.items() if value is not None}

    def token(self, now: datetime = NOON, **changes: object) -> str:
        """A token made now, with claims changed."""
        return signed(self.claims(now, **changes), a_key(), self.kid)


@contextmanager
def issuing() -> Iterator[OwnIssuer]:
    """Run an issuer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    issuer = _Handler.issuers[server.server_port] = OwnIssuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    issuers: dict[int, OwnIssuer] = {}

    def do_GET(self) -> None:
        assert isinstance(self.server, ThreadingHTTPServer)
        issuer = self.issuers[self.server.server_port]
        parts = urlsplit(self.path)
        issuer.asked.append(parts.path)
        if issuer.redirects_to:
            self.send_response(302)
            self.send_header("Location", issuer.redirects_to)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = issuer.documents.get(parts.path)
        if parts.path == "/id-token":
            content = self._id_token(issuer, parts.query)
        self.send_response(issuer.status if content is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        try:
            for piece in [content[i : i + 40] for i in range(0, len(content), 40)] if issuer.pause and content else ():
                self.wfile.write(piece)
                time.sleep(issuer.pause)
            if content and not issuer.pause:
                self.wfile.write(content)
        except OSError:
            # Whoever asked has had enough.
            pass

    def _id_token(self, issuer: OwnIssuer, query: str) -> bytes | None:
        """What GitHub's runners answer a job that asks for a token."""
        # Clients write the scheme in either case.
        if (self.headers["Authorization"] or "").lower() != "bearer of-the-runner":
            return None
        (audience,) = parse_qs(query)["audience"]
        issuer.minted.append(issuer.token(datetime.now().astimezone(), aud=audience))
        return json.dumps({"count": len(issuer.minted[-1]), "value": issuer.minted[-1]}).encode()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(number: int) -> str:
    return _base64(number.to_bytes((number.bit_length() + 7) // 8, "big"))
