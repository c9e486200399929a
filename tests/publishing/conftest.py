"""Fixtures: an index with some people."""

import pytest
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import publishing
from packages.journal import Origin
from pypi_project.settings import FixedAccount
from tests.builders import a_wheel, an_origin

DEMO = NormalizedName("demo-pkg")
ALICE = an_origin()
CAROL, DAVE, ERIN = (an_origin(name, "publisher") for name in ("carol", "dave", "erin"))
RITA = an_origin("rita", "reader")


@pytest.fixture(autouse=True)
def people(home: str, settings: Settings) -> None:
    """Alice administers, Rita reads, the others publish."""
    settings.ACCOUNTS = {
        "alice": FixedAccount("secret"),
        "rita": FixedAccount("secret", "reader"),
        **{by.actor.name: FixedAccount("secret", "publisher") for by in (CAROL, DAVE, ERIN)},
    }


def publish(version: str = "1.0", name: str = DEMO, *, by: Origin = CAROL) -> str:
    """Publish a release; gives its filename."""
    return publishing.publish(a_wheel(name, version).received(), by=by, overwrite=False).filename
