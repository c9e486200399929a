"""A project with files and people, and how its management is read."""

import html
import re
from typing import Any

import pytest
from django.test import Client
from packaging.utils import NormalizedName

from packages import catalog, publishing
from packages.access import ProjectRole
from packages.models import File
from tests.builders import Built, a_wheel, an_origin, an_sdist
from tests.conftest import basic
from tests.views.web.conftest import PASSWORD, As

NAME = NormalizedName("demo-pkg")
FILES = "/project/demo-pkg/manage/"
PEOPLE, SETTINGS, PUBLISHERS = f"{FILES}people/", f"{FILES}settings/", f"{FILES}publishers/"
WHEEL, SDIST, NEWER = "demo_pkg-1.0-py3-none-any.whl", "demo_pkg-1.0.tar.gz", "demo_pkg-2.0-py3-none-any.whl"


def upload(name: str, *built: Built) -> None:
    """Publish as somebody."""
    client = Client(headers={"authorization": basic(name, PASSWORD)})
    for one in built:
        response = client.post("/legacy/", one.upload())
        assert response.status_code == 200, response.content


@pytest.fixture
def dave(as_: As) -> Client:
    """The owner of a project of two releases, of three files."""
    client = as_("dave")
    upload("dave", a_wheel(), an_sdist(), a_wheel(version="2.0"))
    return client


@pytest.fixture
def erin(dave: Client, as_: As) -> Client:
    """A maintainer of dave's project."""
    client = as_("erin")
    publishing.grant_role(NAME, "erin", ProjectRole.MAINTAINER, by=an_origin())
    return client


def rows(name: str = NAME) -> dict[str, File]:
    """A project's files as they are."""
    return {row.filename: row for row in catalog.rows_of(NormalizedName(name))}


def roles() -> dict[str, str]:
    """Who is what to the project."""
    return {account: str(role) for account, role in publishing.roles_of(catalog.find_project(NAME)).items()}


def text(response: Any, status: int = 200) -> str:
    """What a page says, without its tags."""
    page = response.content.decode()
    assert response.status_code == status, page
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def follow(client: Client, response: Any) -> str:
    """What the next page says after a change."""
    assert response.status_code == 302, response.content
    return text(client.get(response["Location"]))


def buttons(response: Any) -> list[str]:
    """What the buttons of a page say, below its head."""
    main = response.content.decode().partition("<main")[2]
    found = re.findall(r"<button[^>]*>(.*?)</button>", main, flags=re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", one)).split()) for one in found]


def tabs(response: Any) -> list[str]:
    """The tabs of a page."""
    listed = re.search(r'<ul class="tabs">(.*?)</ul>', response.content.decode(), flags=re.DOTALL)
    return re.findall(r">([^<]+)</a>", listed[1]) if listed else []
