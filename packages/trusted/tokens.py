"""Identity tokens: whether a JSON Web Token is one that an issuer of ours made for us, now (RFC 7519, RFC 8725)."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from packages.errors import PackagesError
from packages.trusted.claims import expiry, why_invalid
from packages.trusted.issuers import issuers

ALGORITHM = "RS256"
# In bytes; GitHub's have 2,000. No more work than this before it is known who sent it.
LONGEST = 16 * 1024


class MintRefused(PackagesError):
    """An identity token opens nothing here; ``code`` is PyPI's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a verified identity token says; ``jti`` tells it from every other one, ``expires`` is in Unix seconds."""

    provider: str
    issuer: str
    claims: Mapping[str, object]
    jti: str
    expires: float


def verify(text: str, now: datetime) -> Identity:
    """Whom an identity token is of. Raises MintRefused, or Unavailable if its issuer's keys cannot be had."""
    # Only here: nobody else needs it, and a cold start waits for it.
    from jwt import InvalidTokenError, PyJWS

    if len(text) > LONGEST or not text.isascii():
        raise MintRefused("invalid-payload", f"The token is no JWT: it would have up to {LONGEST} ASCII characters.")
    try:
        shown = PyJWS().decode_complete(text, options={"verify_signature": False})
        header, claims = shown["header"], _object(shown["payload"])
    except (InvalidTokenError, ValueError, RecursionError) as error:
        raise MintRefused("invalid-payload", f"The token is no JWT: {_words(error)}.") from error
    issuer = claims.get("iss")
    # Nobody is asked who is not configured: a token names its issuer before it is known to be true.
    provider = settings.TRUSTED_ISSUERS.get(issuer) if isinstance(issuer, str) else None
    if provider is None or not isinstance(issuer, str):
        known = ", ".join(settings.TRUSTED_ISSUERS)
        raise MintRefused(
            "invalid-payload",
            f"The token's issuer, {ascii(issuer)[:200]}, is not one that this index trusts ({known}).",
        )
    _check_signature(text, header, issuer, now.timestamp())
    why = why_invalid(provider, claims, issuer=issuer, audience=settings.OIDC_AUDIENCE, now=now.timestamp())
    if why is not None:
        raise MintRefused("invalid-token", f"The token is not valid. {why}")
    return Identity(provider=provider, issuer=issuer, claims=claims, jti=_jti(text, claims), expires=expiry(claims))


def _check_signature(text: str, header: Mapping[str, object], issuer: str, now: float) -> None:
    from jwt import InvalidTokenError, PyJWS

    # Before its issuer is asked for anything.
    if header.get("alg") != ALGORITHM:
        raise MintRefused("invalid-token", f"The token is signed by {ascii(header.get('alg'))[:64]}, not {ALGORITHM}.")
    kid = header.get("kid")
    key = issuers[issuer].key(kid, now) if isinstance(kid, str) else None
    if key is None:
        raise MintRefused("invalid-token", f"{issuer} has no key {ascii(kid)[:200]}, with which the token is signed.")
    try:
        PyJWS().decode_complete(text, key, algorithms=[ALGORITHM])
    except InvalidTokenError as error:
        raise MintRefused("invalid-token", f"The token is not valid: {_words(error)}.") from error


def _jti(text: str, claims: Mapping[str, object]) -> str:
    """What tells the token from every other one of its issuer: some issuers give none a name."""
    jti = claims.get("jti")
    if isinstance(jti, str):
        return f"jti:{jti}"
    # Of what is signed, which nobody else can write in another way; a signature might be.
    return f"sha256:{hashlib.sha256(text.rpartition('.')[0].encode()).hexdigest()}"


def _object(payload: bytes) -> dict[str, object]:
    claims = json.loads(payload)
    if not isinstance(claims, dict):
        raise ValueError("its payload is no JSON object")
    return claims


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
