"""Fixtures: passwords are hashed in no time, and each time is counted."""

from dataclasses import dataclass, field

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from pytest_django import Settings

from packages import accounts
from packages.access import ANONYMOUS, Role
from packages.journal import Origin
from tests.builders import NOON, an_origin

PASSWORD = "a long enough secret"
ADMIN = an_origin()
# Somebody who comes with credentials.
VISITOR = Origin(actor=ANONYMOUS, time=NOON, address="198.51.100.7", agent="pip/26.0")


@dataclass
class Hashes:
    """How many passwords were hashed since the last look."""

    passwords: list[str] = field(default_factory=list)

    def since(self) -> int:
        count = len(self.passwords)
        self.passwords.clear()
        return count


@pytest.fixture(autouse=True)
def hashes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Hashes:
    counted = Hashes()
    encode = MD5PasswordHasher.encode

    def counting(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        counted.passwords.append(password)
        return encode(hasher, password, salt)

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setattr(MD5PasswordHasher, "encode", counting)
    return counted


@pytest.fixture
def carol(home: str, hashes: Hashes) -> str:
    """An account of the index, which may publish; gives its name."""
    accounts.create("carol", role=Role.PUBLISHER, password=PASSWORD, by=ADMIN)
    hashes.since()
    return "carol"
