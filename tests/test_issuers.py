"""Keys of issuers: which are taken."""

import base64
from typing import Any

import pytest

from packages.trusted.issuers import read_key
from tests.issuer import a_key, jwk_of


def test_reads_the_public_part_of_a_key() -> None:
    key = read_key(jwk_of(a_key(), "0", d="AQAB"))
    assert key is not None
    assert key.public_numbers() == a_key().public_key().public_numbers()


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
        {"e": None},
    ],
)
def test_refuses_a_key_that_cannot_be_trusted(changes: dict[str, Any]) -> None:
    assert read_key({**jwk_of(a_key(), "0"), **changes}) is None


def test_refuses_a_key_that_is_too_small_or_too_large() -> None:
    assert read_key(jwk_of(a_key(bits=1024), "0")) is None
    number = (1 << 9000) - 1
    text = base64.urlsafe_b64encode(number.to_bytes(1125, "big")).rstrip(b"=").decode()
    assert read_key({**jwk_of(a_key(), "0"), "n": text}) is None


def test_takes_a_key_without_use_and_algorithm() -> None:
    key = jwk_of(a_key(), "0")
    del key["use"], key["alg"]
    assert read_key(key) is not None
