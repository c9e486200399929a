"""What the pages tell of a release's metadata, whoever wrote it."""

from pathlib import Path

import pytest
from django.test import Client
from packaging.utils import NormalizedName
from pytest_django import Settings

from packages import details, publishing, storage
from packages.catalog import rows_of
from packages.errors import Unavailable
from tests.builders import a_wheel, an_origin
from tests.conftest import Publish
from tests.views.web.seeing import seen

DEMO = NormalizedName("demo-pkg")
ON_ONE_MACHINE = pytest.mark.parametrize("home", ["machine"], indirect=True)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ settings }}{% now %}&amp;"


def test_shows_the_metadata_of_a_release(browser: Client, publish: Publish) -> None:
    publish(
        a_wheel(
            metadata_version="2.4",
            summary="A demo",
            author="Ann Author",
            author_email="ann@example.org",
            maintainer="Max Maintainer",
            maintainer_email="Max Maintainer <max@example.org>",
            license_expression="MIT OR Apache-2.0",
            keywords="one,two words",
            requires_python=">=3.9, <4",
            project_url=["Documentation, https://docs.example.org/demo?a=1&b=2"],
            classifier=["Programming Language :: Python :: 3", "Programming Language :: Rust", "Typing :: Typed"],
        )
    )
    page = seen(browser.get("/project/demo-pkg/"))
    for told in (
        "Requires Python >=3.9, <4",
        "Licence MIT OR Apache-2.0",
        "Author Ann Author ann@example.org",
        # Once.
        "Maintainer Max Maintainer <max@example.org> Published",
        "Keywords one, two words",
        "Programming Language Python :: 3 Rust Typing Typed",
        "It depends on no other project.",
    ):
        assert told in page.text, told
    assert page.links["Documentation"] == "https://docs.example.org/demo?a=1&b=2"
    outside = [values for tag, values in page.tags if values.get("href", "").startswith("https:")]
    assert [values["rel"] for values in outside] == ["nofollow noopener noreferrer"]


def test_dependencies_lead_to_the_projects_that_are_here(browser: Client, publish: Publish) -> None:
    publish(a_wheel("Here.Too"))
    publish(a_wheel("gone"))
    publishing.remove(NormalizedName("gone"), by=an_origin())
    publish(a_wheel("closed"))
    publishing.set_status(NormalizedName("closed"), "quarantined", by=an_origin())
    requires_dist = [
        "here_too>=1; python_version < '3.14'",
        "elsewhere",
        "gone",
        "closed",
        "direct @ https://example.org/direct-1.0.tar.gz?a;b",
        "fast; extra == 'speed'",
        "here-too[all]; python_version < '3' and extra == 'speed'",
    ]
    publish(a_wheel(requires_dist=requires_dist, provides_extra=["speed"]))
    page = seen(browser.get("/project/demo-pkg/"))
    assert page.links["here_too>=1"] == page.links["here-too[all]"] == "/project/here-too/"
    assert not {"elsewhere", "gone", "closed", "fast"} & page.links.keys()
    assert (
        'Dependencies here_too>=1 if python_version < "3.14" elsewhere (not in this index) gone (not in this index) '
        "closed (quarantined) direct @ https://example.org/direct-1.0.tar.gz?a;b "
        'With the extra “speed” fast (not in this index) here-too[all] if python_version < "3"'
    ) in page.text
    assert "ask this index alone, and 3 of the dependencies are not in it" in page.text


@ON_ONE_MACHINE
def test_nothing_is_said_of_what_is_all_here(browser: Client, publish: Publish) -> None:
    publish(a_wheel("here"))
    publish(a_wheel(requires_dist=["here", "fast; extra == 'speed'"], provides_extra=["speed"]))
    page = seen(browser.get("/project/demo-pkg/"))
    assert "fast (not in this index)" in page.text
    assert "ask this index alone" not in page.text


@ON_ONE_MACHINE
def test_many_dependencies_are_folded(browser: Client, publish: Publish) -> None:
    always, extra = [f"one-{number}" for number in range(15)], [f"two-{number}" for number in range(10)]
    publish(a_wheel(requires_dist=[*always, *(f"{name}; extra == 'more'" for name in extra)], provides_extra=["more"]))
    page = browser.get("/project/demo-pkg/").content.decode()
    shown, _, rest = page.partition("<summary>5 more</summary>")
    folded = rest.partition("</details>")[0]
    assert ("two-4 " in shown, "two-5 " in shown, "two-5 " in folded, "two-9 " in folded) == (True, False, True, True)
    assert "With the extra “more”" in folded
    publish(a_wheel(version="2.0", requires_dist=[*always, *extra[:5]]))
    assert " more</summary>" not in browser.get("/project/demo-pkg/").content.decode()


def test_what_others_wrote_is_text(browser: Client, publish: Publish) -> None:
    publish(
        a_wheel(
            summary=HOSTILE,
            author=HOSTILE,
            author_email=HOSTILE,
            license=HOSTILE,
            keywords=HOSTILE,
            classifier=[HOSTILE, f"{HOSTILE} :: {HOSTILE}"],
            requires_python=f">=3.9,{HOSTILE}",
            project_url=[
                f"{HOSTILE}, https://example.org/\"'><script>alert(2)</script>",
                "Script, javascript:alert(3)",
                "Data, data:text/html,<script>alert(4)</script>",
            ],
            home_page="javascript:alert(5)",
        )
    )
    publishing.yank(DEMO, "1.0", reason=HOSTILE, by=an_origin())
    publishing.set_status(DEMO, "archived", reason=HOSTILE, by=an_origin())
    for address in ("/project/demo-pkg/", "/project/demo-pkg/1.0/", "/search/?q=demo", "/"):
        page = seen(browser.get(address))
        assert page.text.count("<script>alert(1)</script>") >= 1, address
        assert [values["src"] for tag, values in page.tags if tag == "script"] == page.having("src"), address
        for link in page.having("href"):
            assert link.startswith(("/", "#", "?", "https://example.org/")), link


def test_the_readme_is_shown_without_what_harms(browser: Client, publish: Publish, settings: Settings) -> None:
    body = (
        "# Title\n\nSome *words*, [a link](https://example.org/), [a script](javascript:alert(1)).\n\n"
        "<script>alert(2)</script><b onclick='alert(3)' style='color:red'>bold</b>\n\n"
        "![a picture](https://tracker.example.org/pixel.png)\n"
    )
    publish(a_wheel(description_content_type="text/markdown", body=body))
    response = browser.get("/project/demo-pkg/")
    page = seen(response)
    assert "Title Some words, a link" in page.text
    assert page.links["a link"] == "https://example.org/"
    # Who looks at a page is told to nobody.
    assert "tracker.example.org" not in "".join(page.having("src"))
    assert "a picture" in page.text
    assert page.text.count("Images are not shown here") == 1
    assert "img-src 'self';" in response["Content-Security-Policy"]
    settings.README_IMAGES = True
    response = browser.get("/project/demo-pkg/")
    page = seen(response)
    assert "https://tracker.example.org/pixel.png" in page.having("src")
    assert "Images are not shown here" not in page.text
    assert "img-src 'self' https:;" in response["Content-Security-Policy"]


def test_a_release_whose_metadata_was_lost_is_shown(browser: Client, publish: Publish) -> None:
    wheel = publish()
    row = next(rows_of(DEMO))
    storage.delete(row.distribution().metadata_key)
    details.forget_all(DEMO)
    page = seen(browser.get("/project/demo-pkg/"))
    assert "What this release says of itself cannot be read" in page.text
    assert "It depends on no other project." not in page.text
    assert wheel.filename in page.links
    assert page.commands


@ON_ONE_MACHINE
def test_a_release_whose_metadata_is_broken_is_shown(browser: Client, publish: Publish, machine: Path) -> None:
    publish()
    (machine / "storage" / next(rows_of(DEMO)).distribution().metadata_key).write_bytes(b"\xff\xfe\0 not metadata")
    details.forget_all(DEMO)
    assert "What this release says of itself cannot be read" in seen(browser.get("/project/demo-pkg/")).text


@ON_ONE_MACHINE
def test_a_release_is_shown_while_storage_does_not_answer(
    browser: Client, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = publish()
    details.forget_all(DEMO)

    def fail(key: str) -> None:
        raise Unavailable("The file storage cannot be used right now; try again in a moment.")

    monkeypatch.setattr(storage, "find", fail)
    page = seen(browser.get("/project/demo-pkg/"))
    assert "What this release says of itself cannot be read right now" in page.text
    assert wheel.filename in page.links


@ON_ONE_MACHINE
def test_a_readme_that_is_too_long_is_said_to_be(
    browser: Client, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "LARGEST_BODY", 300)
    publish(a_wheel(body="".join(f"word{number * 7919} " for number in range(500))))
    assert "The description of this release is too long to be shown" in seen(browser.get("/project/demo-pkg/")).text


@ON_ONE_MACHINE
def test_of_a_long_readme_the_beginning_is_shown_first(browser: Client, publish: Publish) -> None:
    body = "".join(f"## Part {number}\n\nText of *{number}*.\n\n" for number in range(2000))
    publish(a_wheel(description_content_type="text/markdown", body=body))
    for address in ("/project/demo-pkg/", "/project/demo-pkg/1.0/"):
        response = browser.get(address)
        page = seen(response)
        assert len(response.content) < 60_000
        assert "Part 0 Text of 0." in page.text
        assert "Part 1999" not in page.text
        assert page.links["The whole description"] == "?description=all#description"
        whole = seen(browser.get(f"{address}?description=all"))
        assert "Part 1999 Text of 1999." in whole.text
        assert "The whole description" not in whole.links
