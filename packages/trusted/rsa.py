"""RSA signatures, as far as they are read: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.2).

Whoever checks a signature computes with public numbers only, so that nothing here can leak. A
library would bring megabytes of compiled code into the package for AWS Lambda.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

# In bits. The least is what RFC 7518, section 3.3, asks for.
SMALLEST, LARGEST = 2048, 8192
LARGEST_EXPONENT = 2**32
# What stands before a SHA-256 digest (RFC 8017, section 9.2, note 1).
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """The two numbers of a public key."""

    modulus: int
    exponent: int


def read_key(jwk: Mapping[str, object]) -> PublicKey | None:
    """The key of a JSON Web Key (RFC 7517); None if it is not one for RS256 signatures that can be trusted."""
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
        return None
    modulus, exponent = _number(jwk.get("n")), _number(jwk.get("e"))
    sound = SMALLEST <= modulus.bit_length() <= LARGEST and modulus % 2 == 1
    if not sound or not 3 <= exponent < LARGEST_EXPONENT or exponent % 2 == 0:
        return None
    return PublicKey(modulus=modulus, exponent=exponent)


def is_signed(message: bytes, signature: bytes, key: PublicKey) -> bool:
    """Say whether a signature is the key's on a message."""
    length = (key.modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != length or number >= key.modulus:
        return False
    info = _DIGEST_INFO + hashlib.sha256(message).digest()
    # Made and compared, never taken apart: that leaves no room beside the digest for anything forged.
    wanted = b"\x00\x01" + b"\xff" * (length - 3 - len(info)) + b"\x00" + info
    return pow(number, key.exponent, key.modulus).to_bytes(length, "big") == wanted


def _number(text: object) -> int:
    """Base64url without padding (RFC 7518, section 2); 0 for anything else."""
    if not isinstance(text, str):
        return 0
    try:
        return int.from_bytes(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True), "big")
    except ValueError:
        return 0
