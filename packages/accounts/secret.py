"""What a token's secret looks like: a prefix to know it by, 256 random bits, and a checksum.

By prefix and checksum a scanner of published text finds tokens and nothing else, and one that was
copied in part is refused without asking the index.
"""

import hashlib
import re
import secrets
import string
import zlib

PREFIX = "epypi_"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
# 62 ** 43 > 2 ** 256, and 62 ** 6 > 2 ** 32.
_RANDOM, _CHECKSUM = 43, 6
PATTERN = rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECKSUM}}}"
# Hex digits of the digest that name a token where its secret must not be shown.
ID_LENGTH = 16


def new() -> str:
    """A new secret."""
    body = PREFIX + _base62(secrets.randbits(256), _RANDOM)
    return body + _checksum(body)


def is_whole(text: str) -> bool:
    """Say whether this can be a token: its form and checksum are right."""
    return bool(re.fullmatch(PATTERN, text)) and text[-_CHECKSUM:] == _checksum(text[:-_CHECKSUM])


def digest(text: str) -> str:
    """What is kept of a secret: its SHA-256, in lower-case hex. It has bits enough to need no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
