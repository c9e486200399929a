"""What pages have in common: how they are sent, and what an error page helps with."""

import gzip
import re

import pytest
from django.test import Client

from packages.errors import Unavailable
from tests.builders import a_wheel
from tests.conftest import Publish
from tests.views.web.conftest import As
from tests.views.web.seeing import seen

pytestmark = pytest.mark.parametrize("home", ["machine"], indirect=True)

OWNER_OR_ADMINISTRATOR = "You may ask an owner of the project or an administrator of this index, or log in as"
ADMINISTRATOR = "You may ask an administrator of this index, or log in as somebody else."


class TestCompression:
    def test_pages_are_compressed_for_who_takes_that(self, browser: Client) -> None:
        for address in ("/", "/account/", "/login/", "/manage/"):
            answer = browser.get(address, headers={"accept-encoding": "gzip, br"})
            assert answer["Content-Encoding"] == "gzip"
            assert answer["Content-Length"] == str(len(answer.content))
            assert answer["Vary"] == "Accept-Encoding"
            page = gzip.decompress(answer.content).decode()
            assert len(answer.content) < len(page)
            assert "Content-Encoding" not in browser.get(address)

    def test_their_length_tells_nothing_of_what_is_secret(self, browser: Client) -> None:
        pages = [browser.get("/account/", headers={"accept-encoding": "gzip"}).content for _ in range(8)]
        tokens = {re.findall(rb'csrfmiddlewaretoken" value="(\w+)"', gzip.decompress(page))[0] for page in pages}
        assert len(tokens) == len(pages)
        assert len({len(page) for page in pages}) > 1

    def test_what_tools_get_is_not(self, alice: Client, publish: Publish) -> None:
        wheel = publish()
        for address in ("/simple/demo-pkg/", f"/packages/demo-pkg/{wheel.filename}"):
            assert "Content-Encoding" not in alice.get(address, headers={"accept-encoding": "gzip"})


class TestRefusals:
    def test_of_a_project_its_owners_may_help_with(self, as_: As, publish: Publish) -> None:
        publish()
        page = seen(as_("pia").get("/project/demo-pkg/manage/settings/"), status=403)
        assert OWNER_OR_ADMINISTRATOR in page.text

    def test_of_a_role_only_administrators_may_help_with(self, as_: As, publish: Publish) -> None:
        publish()
        reader = as_("rita", "reader")
        for client, address in (
            (reader, "/project/demo-pkg/manage/settings/"),
            (reader, "/upload/"),
            (reader, "/manage/"),
            # Though a project has the name of the account.
            (as_("pia"), "/manage/accounts/demo-pkg/"),
        ):
            page = seen(client.get(address), status=403)
            assert ADMINISTRATOR in page.text, address
            assert "owner of the project" not in page.text

    def test_of_a_form_nobody_can_help_with_but_its_sender(self, as_: As) -> None:
        browser = as_("alice", enforce_csrf_checks=True)
        page = seen(browser.post("/logout/", {"csrfmiddlewaretoken": "x" * 64}), status=403)
        assert "go back, load the page again, and send it once more" in page.text
        assert "You may ask" not in page.text
        response = browser.post("/logout/", headers={"sec-fetch-site": "cross-site"})
        assert (response.status_code, "page of another site" in response.content.decode()) == (403, True)


class TestHeaders:
    """Error pages keep the header of who has logged in, where that is known."""

    def test_is_there_for_who_was_let_in(self, as_: As) -> None:
        for name, role, links in (
            ("alice", "admin", {"Upload", "Manage", "alice"}),
            ("pia", "publisher", {"Upload", "pia"}),
            ("rita", "reader", {"rita"}),
        ):
            for address, status in (("/project/unknown/", 404), ("/packages/unknown/a-1.0.tar.gz", 404)):
                page = seen(as_(name, role).get(address), status=status)
                assert {"Upload", "Manage", name} & page.links.keys() == links, (name, address)
                assert "Log out" in page.text
                # The page's own field, not two of them.
                assert page.having("id").count("find") == 1
        assert as_("pia").get("/manage/").content.decode().count('role="search"') == 1

    def test_is_plain_for_others(self, visitor: Client, as_: As) -> None:
        for page in (
            seen(visitor.get("/packages/unknown/a-1.0.tar.gz"), status=401),
            seen(as_("pia").get("/nothing/here/"), status=404),
        ):
            assert "Log out" not in page.text
            assert "Front page" in page.links

    @pytest.mark.parametrize("before", ["/account/", None])
    def test_its_form_logs_out(self, as_: As, before: str | None) -> None:
        browser = as_("pia", enforce_csrf_checks=True)
        if before:
            browser.get(before)
        page = browser.get("/project/unknown/").content.decode()
        (token,) = re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page)
        assert browser.post("/logout/", {"csrfmiddlewaretoken": token}).status_code == 302
        assert browser.get("/account/")["Location"].startswith("/login/")

    def test_asks_the_index_for_nothing_more(
        self, browser: Client, publish: Publish, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        publish(a_wheel())
        monkeypatch.setattr("packages.catalog.find_project", fail)
        page = seen(browser.get("/project/demo-pkg/"), status=503)
        assert "Log out" in page.text
        monkeypatch.setattr("packages.accounts.resume", fail)
        page = seen(browser.get("/project/demo-pkg/"), status=503)
        assert "Log out" not in page.text


def fail(*arguments: object) -> None:
    raise Unavailable("The index's table cannot be used right now; try again in a moment.")
