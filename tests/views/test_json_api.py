"""The JSON API, through a client."""

from urllib.parse import urljoin

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import publishing
from tests.builders import a_wheel, an_origin, an_sdist
from tests.conftest import Publish

DEMO = NormalizedName("demo-pkg")


def test_a_project_shows_its_latest_release_and_every_file(alice: Client, publish: Publish) -> None:
    publish(an_sdist(version="1.0"))
    wheel = publish(
        a_wheel(
            "Demo.Pkg",
            "2.0",
            summary="A demo",
            requires_python=">=3.9",
            requires_dist=["requests>=2", 'rich; extra == "cli"'],
            provides_extra="cli",
            project_url="Source, https://example.invalid/source",
            keywords="one,two",
            license="UNKNOWN",
            body="# Demo\n",
        )
    )
    publish(a_wheel(version="3.0a1"))
    response = alice.get("/pypi/demo-pkg/json")
    assert response["Content-Type"] == "application/json"
    assert response["X-PyPI-Last-Serial"] == "3"
    answer = response.json()
    assert (answer["last_serial"], answer["vulnerabilities"]) == (3, [])
    assert answer["ownership"] == {"organization": None, "roles": []}
    info = answer["info"]
    assert (info["name"], info["version"], info["summary"]) == ("Demo.Pkg", "2.0", "A demo")
    assert (info["license"], info["keywords"], info["description"]) == ("", "one,two", "# Demo\n")
    assert info["requires_dist"] == ["requests>=2", 'rich; extra == "cli"']
    assert info["provides_extra"] == ["cli"]
    assert info["project_urls"] == {"Source": "https://example.invalid/source"}
    assert (info["yanked"], info["yanked_reason"]) == (False, None)
    assert list(answer["releases"]) == ["1.0", "2.0", "3.0a1"]
    (file,) = answer["urls"]
    assert file == answer["releases"]["2.0"][0]
    assert file["url"] == f"http://testserver/packages/demo-pkg/{wheel.filename}"
    assert file["digests"] == wheel.received().digests
    assert file["md5_digest"] == wheel.received().digests["md5"]
    assert (file["packagetype"], file["python_version"]) == ("bdist_wheel", "py3")
    assert (file["size"], file["requires_python"]) == (len(wheel.content), ">=3.9")
    assert (file["yanked"], file["has_sig"], file["downloads"]) == (False, False, -1)
    assert file["upload_time_iso_8601"] == file["upload_time"] + file["upload_time_iso_8601"][19:]
    assert file["upload_time_iso_8601"].endswith("Z")


@pytest.mark.parametrize("address", ["/pypi/demo-pkg/1.0/json", "/pypi/demo-pkg/1.0.0/json/"])
def test_a_release_shows_itself(alice: Client, publish: Publish, address: str) -> None:
    publish(an_sdist())
    publish(a_wheel(version="2.0"))
    publishing.yank(DEMO, "1.0", reason="broken", by=an_origin())
    answer = alice.get(address).json()
    assert "releases" not in answer
    assert answer["info"]["version"] == "1.0"
    assert (answer["info"]["yanked"], answer["info"]["yanked_reason"]) == (True, "broken")
    (file,) = answer["urls"]
    assert (file["filename"], file["python_version"]) == ("demo_pkg-1.0.tar.gz", "source")
    assert (file["yanked"], file["yanked_reason"]) == (True, "broken")


@pytest.mark.parametrize(
    ("address", "location"),
    [
        ("/pypi/Demo_Pkg/json", "../demo-pkg/json"),
        ("/pypi/Demo_Pkg/json/", "../../demo-pkg/json/"),
        ("/pypi/Demo_Pkg/1.0/json", "../../demo-pkg/1.0/json"),
        ("/pypi/Demo_Pkg/1.0/json/", "../../../demo-pkg/1.0/json/"),
        ("/pypi/Demo_Pkg/1!1.0+a/json", "../../demo-pkg/1!1.0+a/json"),
    ],
)
def test_redirects_to_the_normalised_address(alice: Client, publish: Publish, address: str, location: str) -> None:
    publish()
    response = alice.get(address)
    assert (response.status_code, response["Location"]) == (301, location)
    followed = alice.get(urljoin(address, location))
    assert followed.status_code == (404 if "!" in address else 200)


@pytest.mark.parametrize("version", ["1%0Ab", "1%3Fx=y", "%D0%B6", "%2E%2E", "a%00b"])
def test_no_part_of_an_address_escapes_into_a_header(alice: Client, publish: Publish, version: str) -> None:
    publish()
    response = alice.get(f"/pypi/Demo_Pkg/{version}/json")
    assert response.status_code == 301
    assert response["Location"].isascii()
    assert response["Location"].startswith("../../demo-pkg/")
    assert alice.get(f"/pypi/demo-pkg/{version}/json").status_code == 404


def test_addresses_are_the_public_ones_behind_a_proxy(alice: Client, publish: Publish, settings: Settings) -> None:
    wheel = publish()
    settings.PUBLIC_URL = "https://packages.example/pypi/"
    (file,) = alice.get("/pypi/demo-pkg/json").json()["urls"]
    assert file["url"] == f"https://packages.example/pypi/packages/demo-pkg/{wheel.filename}"
    assert "twine upload --repository-url https://packages.example/pypi/legacy/" in alice.get("/").content.decode()


@pytest.mark.parametrize(
    "address",
    [
        "/pypi/nobody/json",
        "/pypi/-/json",
        "/pypi/demo-pkg/9.9/json",
        "/pypi/demo-pkg/nonsense/json",
        "/pypi/empty/json",
    ],
)
def test_answers_404_for_what_is_not_there(alice: Client, publish: Publish, address: str) -> None:
    publish()
    publish(a_wheel("empty"))
    publishing.remove(NormalizedName("empty"), "1.0", by=an_origin())
    assert alice.get(address).status_code == 404


def test_answers_304_until_something_changes(alice: Client, publish: Publish) -> None:
    publish()
    etag = alice.get("/pypi/demo-pkg/json")["ETag"]
    assert alice.get("/pypi/demo-pkg/json", headers={"if-none-match": etag}).status_code == 304
    publishing.yank(DEMO, "1.0", by=an_origin())
    assert alice.get("/pypi/demo-pkg/json", headers={"if-none-match": etag}).status_code == 200
