"""The public keys of the issuers that this index trusts, as they publish them (OpenID Connect Discovery 1.0)."""

import http.client
import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from packages.errors import Unavailable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# In seconds: how long keys are used, how soon they are asked for again because one is not among them,
# and how soon after a failure.
LIFETIME = 3600.0
PAUSE = 60.0
PAUSE_AFTER_FAILURE = 10.0
# How long an issuer may take to begin an answer, or to go on with it, and for all of it, in seconds.
PATIENCE, WHOLE_PATIENCE = 3.0, 5.0
# How long somebody waits while somebody else asks the same issuer.
QUEUEING_PATIENCE = 8.0
# GitHub's keys take 4 kB.
LARGEST_DOCUMENT = 256 * 1024
MOST_KEYS = 100
# Of a key, in bits: the least that RFC 7518, section 3.3, asks for; and what is still checked in a moment.
SMALLEST_KEY, LARGEST_KEY = 2048, 8192


class Issuer:
    """One issuer's keys, kept in this process; times are Unix seconds."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched = self._failed = float("-inf")
        self._fetching = threading.Lock()

    def key(self, kid: str, now: float) -> "RSAPublicKey | None":
        """The key of a name, if the issuer has it. Raises Unavailable."""
        if kid in self._keys and self._is_fresh(now):
            return self._keys[kid]
        if not self._fetching.acquire(timeout=QUEUEING_PATIENCE):
            raise self._unavailable("it takes too long to answer")
        try:
            # Somebody may have asked while this one waited.
            if not self._may_have(kid, now):
                self._fetch(now)
            return self._keys.get(kid)
        finally:
            self._fetching.release()

    def _is_fresh(self, now: float) -> bool:
        return 0 <= now - self._fetched < LIFETIME

    def _may_have(self, kid: str, now: float) -> bool:
        """Whether what is kept is to be believed, even of a key that is not there."""
        return self._is_fresh(now) and (kid in self._keys or now - self._fetched < PAUSE)

    def _fetch(self, now: float) -> None:
        if 0 <= now - self._failed < PAUSE_AFTER_FAILURE:
            raise self._unavailable("it did not answer a moment ago")
        try:
            found = _keys_in(fetch(self._address_of_keys()))
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            self._failed = now
            if isinstance(error, HTTPError):
                error.close()
            raise self._unavailable(_reason(error)) from error
        self._keys, self._fetched = found, now

    def _address_of_keys(self) -> str:
        document = fetch(f"{self.address.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self.address:
            raise ValueError(f"it calls itself {ascii(document.get('issuer'))[:200]}")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_safe(address, loopback=is_loopback(self.address)):
            raise ValueError("it names no https address of its keys")
        return address

    def _unavailable(self, why: str) -> Unavailable:
        return Unavailable(f"The keys of {self.address} cannot be had right now: {why}. Try again in a moment.")


class _Issuers:
    """Each issuer once."""

    def __init__(self) -> None:
        self._known: dict[str, Issuer] = {}
        self._lock = threading.Lock()

    def __getitem__(self, address: str) -> Issuer:
        with self._lock:
            return self._known.setdefault(address, Issuer(address))

    def clear(self) -> None:
        """Forget every key."""
        with self._lock:
            self._known.clear()


issuers = _Issuers()


def is_safe(address: str, *, loopback: bool) -> bool:
    """Whether keys may come from there: by https, or where there is no wire at all."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if not host or not address.isascii() or not address.isprintable() or " " in address or parts.username is not None:
        return False
    return parts.scheme == "https" or (loopback and parts.scheme == "http" and is_loopback(address))


def is_loopback(address: str) -> bool:
    """Whether an address is one of this machine to itself."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def fetch(address: str) -> dict[str, Any]:
    """The JSON object at an address. Raises OSError, HTTPException, ValueError or RecursionError."""
    handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
    if is_loopback(address):
        # A proxy's loopback is another machine's.
        handlers.append(urllib.request.ProxyHandler({}))
    opener = urllib.request.build_opener(*handlers)
    request = urllib.request.Request(address, headers={"Accept": "application/json", "User-Agent": "elastic-pypi"})
    deadline = time.monotonic() + WHOLE_PATIENCE
    with opener.open(request, timeout=PATIENCE) as response:
        content = bytearray()
        # As it comes: each piece may take its time, but all of them together not.
        while piece := response.read1(16 * 1024):
            content += piece
            if len(content) > LARGEST_DOCUMENT:
                raise ValueError(f"{address} has more than {LARGEST_DOCUMENT} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{address} takes too long")
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ValueError(f"{address} is no JSON object")
    return cast("dict[str, Any]", document)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Goes nowhere that was not configured, or named by what was."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Follow nothing; the redirect is the answer, an error."""
        return None


def _keys_in(document: dict[str, Any]) -> dict[str, "RSAPublicKey"]:
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("it publishes no list of keys")
    found: dict[str, RSAPublicKey] = {}
    for jwk in listed[:MOST_KEYS]:
        key = read_key(jwk) if isinstance(jwk, dict) else None
        if key is not None and isinstance(jwk.get("kid"), str):
            found[jwk["kid"]] = key
    if not found:
        raise ValueError("it publishes no RSA key for signatures")
    return found


def read_key(jwk: Mapping[str, object]) -> "RSAPublicKey | None":
    """The key of a JSON Web Key (RFC 7517); None if it is not one for RS256 signatures that can be trusted."""
    # Only here: nobody else needs them, and a cold start waits for them.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt import PyJWK, PyJWTError

    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
        return None
    public = {name: jwk.get(name) for name in ("kty", "n", "e")}
    if not all(isinstance(value, str) for value in public.values()):
        return None
    try:
        key = PyJWK(public, algorithm="RS256").key
    except (PyJWTError, ValueError):
        return None
    sound = isinstance(key, RSAPublicKey) and SMALLEST_KEY <= key.key_size <= LARGEST_KEY
    return key if sound else None


def _reason(error: Exception) -> str:
    cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
    return " ".join(str(cause).split())[:200].rstrip(".") or type(cause).__name__
