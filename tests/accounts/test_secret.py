"""What a token's secret looks like."""

import re
import string
from collections.abc import Callable

import pytest

from packages.accounts import secret


def test_is_a_prefix_256_random_bits_and_a_checksum() -> None:
    text = secret.new()
    assert re.fullmatch(r"epypi_[0-9A-Za-z]{49}", text)
    assert secret.is_whole(text)
    assert len({secret.new() for _ in range(1000)}) == 1000


@pytest.mark.parametrize("bits", [0, 1, 2**256 - 1])
def test_holds_every_number_of_256_bits(bits: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbits", lambda count: bits if count == 256 else pytest.fail("not 256 bits"))
    text = secret.new()
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    number = 0
    for letter in text[6:49]:
        number = number * 62 + digits.index(letter)
    assert number == bits
    assert secret.is_whole(text)


def test_does_not_change_from_one_release_to_the_next() -> None:
    # Scanners of published text compute the checksum too: CRC-32 of what stands before it, in base 62.
    assert secret.is_whole("epypi_" + "0" * 43 + "0wCHsB")
    assert secret.digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_knows_one_with_any_letter_changed() -> None:
    text = secret.new()
    for place in range(len(text)):
        for other in ("0", "z", "_", "é"):
            changed = text[:place] + other + text[place + 1 :]
            assert secret.is_whole(changed) is (changed == text), changed


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[:-1], id="cut off"),
        pytest.param(lambda text: text[1:], id="cut off in front"),
        pytest.param(lambda text: text[:10] + text[11:], id="a letter less"),
        pytest.param(lambda text: text + "0", id="a letter more"),
        pytest.param(lambda text: text + "\n", id="a line break at the end"),
        pytest.param(lambda text: " " + text, id="a space in front"),
        pytest.param(str.upper, id="capitals"),
        pytest.param(str.lower, id="no capitals"),
        pytest.param(lambda text: text[:20] + text[21] + text[20] + text[22:], id="two letters exchanged"),
        pytest.param(lambda text: text.replace("epypi_", "pypi-"), id="PyPI's prefix"),
        pytest.param(lambda text: "epypi_" + "0" * 49, id="a made-up one"),
        pytest.param(lambda text: "".join(chr(ord(letter) + 0xFEE0) for letter in text), id="fullwidth"),
        pytest.param(lambda text: text[:6] + "\N{ARABIC-INDIC DIGIT ONE}" * 49, id="other digits"),
        pytest.param(lambda text: "", id="nothing"),
        pytest.param(lambda text: text * 20_000, id="a megabyte"),
    ],
)
def test_knows_one_that_was_copied_badly(spoil: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.randbits", lambda count: 2**256 // 7)
    assert not secret.is_whole(spoil(secret.new()))
