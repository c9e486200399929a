"""The pages of a filled index: what each is called, who sees it, where it is, and what leads to it."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, Response

from tests.browser.conftest import ADMIN, PUBLISHER, READER

Steps = Callable[[Page], None]


@dataclass(frozen=True)
class Seen:
    """A page as somebody gets to it: by its address, and for some by steps from there."""

    called: str
    who: str
    address: str
    steps: Steps | None = None
    status: int = 200

    def reach(self, page: Page) -> None:
        """Go there."""
        if self.steps is None:
            response = page.goto(self.address)
            assert response
            assert response.status == self.status, page.inner_text("main")
            return
        page.goto(self.address)
        with page.expect_event("load"), page.expect_response(_is_of_a_page) as arriving:
            self.steps(page)
        assert arriving.value.status == self.status, page.inner_text("main")


def _is_of_a_page(response: Response) -> bool:
    return response.request.is_navigation_request()


def click(name: str) -> Steps:
    """Click on a button of the content."""
    return lambda page: page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


def submit(fields: dict[str, str], name: str) -> Steps:
    """Fill in fields, by their labels, and click on a button."""

    def steps(page: Page) -> None:
        for label, value in fields.items():
            page.get_by_role("main").get_by_label(label, exact=True).fill(value)
        click(name)(page)

    return steps


def chosen(boxes: list[str], change: str) -> Steps:
    """Check some rows of a list, and choose what to do with them."""

    def steps(page: Page) -> None:
        for box in boxes:
            page.get_by_role("checkbox", name=box, exact=True).check()
        page.get_by_label("With what is checked", exact=True).select_option(change)
        click("Go on with what is checked")(page)

    return steps


def forge(page: Page) -> None:
    """Send a form that has lost its token."""
    page.locator("main form[method=post] input[name=csrfmiddlewaretoken]").evaluate_all(
        "(fields) => fields.forEach((field) => field.remove())"
    )
    click("Log out everywhere")(page)


OPEN = [
    Seen("home", "", ""),
    Seen("home of a reader", READER, ""),
    Seen("home of a publisher", PUBLISHER, ""),
    Seen("search", "", "search/"),
    Seen("search, last page", "", "search/?page=2"),
    Seen("search, found", "", "search/?q=kitten+number"),
    Seen("search, found nothing", "", "search/?q=unicorn"),
    Seen("project", "", "project/demo/"),
    Seen("project of a maintainer", PUBLISHER, "project/demo/"),
    Seen(
        "project of a long name", "", "project/an-example-project-whose-name-is-much-longer-than-any-name-ought-to-be/"
    ),
    Seen("project, archived", "", "project/demo-archived/"),
    Seen("project, deprecated", "", "project/demo-deprecated/"),
    Seen("project, quarantined", "", "project/demo-quarantined/"),
    Seen("project without files", "", "project/demo-emptied/"),
    Seen("release, yanked", "", "project/demo/0.9/"),
    Seen("release, partly yanked", "", "project/demo/1.1/"),
    Seen("login", "", "login/"),
    Seen("login, refused", "", "login/", submit({"User name": "nobody", "Password": "wrong"}, "Log in"), 401),
    Seen("login, once more", READER, "login/"),
    Seen("logout", READER, "logout/"),
]
ERRORS = [
    Seen("no such address", "", "nowhere/", status=404),
    Seen("no such project", "", "project/unicorn/", status=404),
    Seen("no such release", READER, "project/demo/99/", status=404),
    Seen("no such page of management", ADMIN, "manage/accounts/nobody/", status=404),
    Seen("not allowed", READER, "upload/", status=403),
    Seen("not allowed to manage", PUBLISHER, "manage/", status=403),
    Seen("forged", READER, "account/sessions/", forge, 403),
]
ACCOUNT = [
    Seen("account", PUBLISHER, "account/"),
    Seen("account of a reader", READER, "account/"),
    Seen("account of the settings", ADMIN, "account/"),
    Seen("password", PUBLISHER, "account/password/"),
    Seen(
        "password, refused",
        PUBLISHER,
        "account/password/",
        submit(
            {"Current password": "a", "New password": "b", "New password, once more": "c"},
            "Change the password",
        ),
        400,
    ),
    Seen("password of the settings", ADMIN, "account/password/"),
    Seen("sessions", PUBLISHER, "account/sessions/"),
    Seen("tokens", PUBLISHER, "account/tokens/"),
    Seen("no tokens", READER, "account/tokens/"),
    Seen("token, refused", READER, "account/tokens/", submit({"What it is for": " "}, "Create token"), 400),
    Seen("token, new", ADMIN, "account/tokens/", submit({"What it is for": "A try"}, "Create token")),
    Seen(
        "token, to be revoked",
        PUBLISHER,
        "account/tokens/",
        lambda page: page.get_by_role("link", name="Revoke token The laptop of Pia").click(),
    ),
]
UPLOAD = [Seen("upload", PUBLISHER, "upload/"), Seen("upload of an administrator", ADMIN, "upload/")]
PROJECT = [
    Seen("files", ADMIN, "project/demo/manage/"),
    Seen("files of a maintainer", PUBLISHER, "project/demo/manage/"),
    Seen("files, filtered", ADMIN, "project/demo/manage/?show=yanked"),
    Seen("files, none fits", ADMIN, "project/demo/manage/?q=unicorn"),
    Seen("files of a deleted project", ADMIN, "project/demo-gone/manage/"),
    Seen("files, nothing checked", ADMIN, "project/demo/manage/", chosen([], "Yank"), 400),
    Seen("yank", ADMIN, "project/demo/manage/", click("Yank release 1.0")),
    Seen("unyank", ADMIN, "project/demo/manage/", chosen(["Release 0.9"], "Unyank")),
    Seen("delete a release", ADMIN, "project/demo/manage/", click("Delete release 1.0")),
    Seen("delete releases", ADMIN, "project/demo/manage/", chosen(["Release 0.9", "Release 1.0"], "Delete")),
    Seen("purge", ADMIN, "project/demo/manage/", click("Purge the deleted files of release 2.0rc1")),
    Seen("people", ADMIN, "project/demo/manage/people/"),
    Seen("people of a maintainer", PUBLISHER, "project/demo/manage/people/"),
    Seen("people, refused", ADMIN, "project/demo/manage/people/", submit({"Account": "nobody"}, "Give the role"), 404),
    Seen("leave", PUBLISHER, "project/demo/manage/people/", click("Leave the project")),
    Seen("settings", ADMIN, "project/demo/manage/settings/"),
    Seen("settings of a maintainer", PUBLISHER, "project/demo/manage/settings/"),
    Seen("settings of a deleted project", ADMIN, "project/demo-gone/manage/settings/"),
    Seen("publishers", ADMIN, "project/demo/manage/publishers/"),
    Seen("no publishers", ADMIN, "project/kitten-00/manage/publishers/"),
    *(
        Seen(f"publishers, {kind}", ADMIN, f"project/demo/manage/publishers/?provider={kind}")
        for kind in ("github", "gitlab", "google")
    ),
]
MANAGE = [
    Seen("manage", ADMIN, "manage/"),
    *(
        Seen(f"manage {part}", ADMIN, f"manage/{part}/")
        for part in ("projects", "files", "accounts", "tokens", "publishers", "journal", "storage")
    ),
    *(
        Seen(f"manage {part}, nothing fits", ADMIN, f"manage/{part}/?q=unicorn")
        for part in ("projects", "files", "accounts", "tokens", "publishers", "storage")
    ),
    Seen("manage journal, nothing fits", ADMIN, "manage/journal/?project=unicorn"),
    Seen("manage projects, confirmed", ADMIN, "manage/projects/", chosen(["Project demo"], "Delete")),
    Seen("manage accounts, confirmed", ADMIN, "manage/accounts/", chosen([f"Account {READER}"], "Disable")),
    Seen("manage an account", ADMIN, f"manage/accounts/{PUBLISHER}/"),
    Seen("manage a disabled account", ADMIN, "manage/accounts/former.colleague@example.org/"),
    Seen("manage an account of the settings", ADMIN, f"manage/accounts/{ADMIN}/"),
    Seen("add an account", ADMIN, "manage/accounts/?new=yes"),
    Seen("register a publisher", ADMIN, "manage/publishers/?new=yes"),
    Seen("register a publisher at GitHub", ADMIN, "manage/publishers/?new=yes&provider=github"),
    Seen("journal verified", ADMIN, "manage/journal/", click("Verify the journal")),
    Seen("storage compared", ADMIN, "manage/storage/", click("Compare storage with the index")),
]
PAGES = [*OPEN, *ERRORS, *ACCOUNT, *UPLOAD, *PROJECT, *MANAGE]
# Of an index that has nothing but accounts.
EMPTY = [
    Seen("home", ADMIN, ""),
    Seen("search", ADMIN, "search/"),
    Seen("account", ADMIN, "account/"),
    Seen("upload", ADMIN, "upload/"),
    Seen("manage", ADMIN, "manage/"),
    *(
        Seen(f"manage {part}", ADMIN, f"manage/{part}/")
        for part in ("projects", "files", "accounts", "tokens", "publishers", "journal", "storage")
    ),
]
