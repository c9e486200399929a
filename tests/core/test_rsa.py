"""RSA signatures, compared with those of a library that we did not write."""

import base64
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from packages.trusted.rsa import PublicKey, is_signed, read_key
from tests.issuer import a_key, jwk_of

MESSAGE = b"header.payload"


def sign(key: RSAPrivateKey, message: bytes = MESSAGE) -> bytes:
    return key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def public(key: RSAPrivateKey) -> PublicKey:
    found = read_key(jwk_of(key, "0"))
    assert found is not None
    return found


@pytest.mark.parametrize("bits", [2048, 3072, 2055])
def test_knows_a_signature(bits: int) -> None:
    key = a_key(bits=bits)
    assert is_signed(MESSAGE, sign(key), public(key))


def test_knows_no_other_signature() -> None:
    key, other = a_key(), a_key(1)
    signature, ours = sign(key), public(key)
    assert not is_signed(MESSAGE + b"x", signature, ours)
    assert not is_signed(MESSAGE, signature, public(other))
    assert not is_signed(MESSAGE, sign(other), ours)
    assert not is_signed(MESSAGE, key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()), ours)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
    assert not is_signed(MESSAGE, key.sign(MESSAGE, pss, hashes.SHA256()), ours)


def test_takes_no_signature_of_another_length_or_beyond_the_key() -> None:
    key = a_key()
    signature, ours = sign(key), public(key)
    for changed in (b"", signature[:-1], signature + b"\0", b"\0" + signature, b"\0" * 256, b"\xff" * 256):
        assert not is_signed(MESSAGE, changed, ours)
    # The same number once more around.
    beyond = int.from_bytes(signature, "big") + ours.modulus
    assert not is_signed(MESSAGE, beyond.to_bytes(257, "big"), ours)


def test_one_bit_decides() -> None:
    key = a_key()
    signature, ours = sign(key), public(key)
    for bit in range(0, 2048, 37):
        changed = int.from_bytes(signature, "big") ^ (1 << bit)
        assert not is_signed(MESSAGE, changed.to_bytes(256, "big"), ours)


def test_a_forged_padding_is_seen() -> None:
    # What a small exponent allows to forge (Bleichenbacher, 2006).
    modulus = (1 << 2048) - 1
    # A key of exponent 1: a signature is what it is to be, so that any encoding can be put in its place.
    key = PublicKey(modulus=modulus, exponent=1)
    info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(MESSAGE).digest()
    right = b"\x00\x01" + b"\xff" * (253 - len(info)) + b"\x00" + info
    assert is_signed(MESSAGE, right, key)
    forged = [
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + b"\x00" * (245 - len(info)),
        b"\x00\x02" + right[2:],
        b"\x00\x01" + b"\xfe" + right[3:],
        right.replace(b"\x05\x00\x04\x20", b"\x05\x00\x04\x21"),
        # Without the NULL of its parameters, which some take.
        b"\x00\x01" + b"\xff" * (255 - len(info)) + b"\x00" + info.replace(b"\x05\x00", b""),
    ]
    for encoding in forged:
        assert len(encoding) == 256
        assert not is_signed(MESSAGE, encoding, key)


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "EC"},
        {"use": "enc"},
        {"alg": "RS512"},
        {"n": None},
        {"n": 7},
        {"n": ""},
        {"n": "not base64!"},
        {"n": "AQAB"},
        {"e": "AQ"},
        {"e": "AQAA"},
        {"e": "AQAAAAE"},
        {"e": None},
    ],
)
def test_refuses_a_key_that_cannot_be_trusted(changes: dict[str, Any]) -> None:
    assert read_key({**jwk_of(a_key(), "0"), **changes}) is None


def test_refuses_a_key_that_is_too_small() -> None:
    assert read_key(jwk_of(a_key(bits=1024), "0")) is None


def test_refuses_an_even_modulus_and_one_that_is_too_large() -> None:
    for number in ((1 << 2048) - 2, (1 << 9000) - 1):
        text = base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()
        assert read_key({**jwk_of(a_key(), "0"), "n": text}) is None


def test_takes_a_key_without_use_and_algorithm() -> None:
    key = jwk_of(a_key(), "0")
    del key["use"], key["alg"]
    assert read_key(key) is not None
