"""Owners and maintainers by the JSON API."""

import pytest

from tests.builders import a_wheel
from tests.threads import all_at_once
from tests.views.api.conftest import Caller, a_person

ROLES = "projects/demo-pkg/roles"


@pytest.fixture
def demo(dave: Caller) -> Caller:
    """The owner of a project."""
    assert dave.upload() == 200
    return dave


def roles(answer: dict[str, list[dict[str, str]]]) -> dict[str, str]:
    return {role["account"]: role["role"] for role in answer["roles"]}


def test_whoever_is_given_a_role_publishes(demo: Caller) -> None:
    erin = a_person("erin")
    assert erin.upload(a_wheel(version="2.0")) == 403
    assert roles(demo.do("PUT", f"{ROLES}/erin", {"role": "maintainer"})) == {"dave": "owner", "erin": "maintainer"}
    assert erin.upload(a_wheel(version="2.0")) == 200
    assert roles(erin.do("GET", ROLES)) == {"dave": "owner", "erin": "maintainer"}
    assert roles(demo.do("DELETE", f"{ROLES}/erin")) == {"dave": "owner"}
    assert erin.upload(a_wheel(version="3.0")) == 403


def test_owners_alone_manage_roles(demo: Caller) -> None:
    erin = a_person("erin")
    demo.do("PUT", f"{ROLES}/erin", {"role": "maintainer"})
    assert "it is not an owner" in erin.refused("PUT", f"{ROLES}/erin", {"role": "owner"}, status=403)
    demo.do("PUT", f"{ROLES}/erin", {"role": "owner"})
    assert roles(erin.do("PUT", f"{ROLES}/dave", {"role": "maintainer"})) == {"erin": "owner", "dave": "maintainer"}


def test_the_last_owner_stays(demo: Caller, admin: Caller) -> None:
    assert "is the last owner" in demo.refused("DELETE", f"{ROLES}/dave", status=409)
    assert "is the last owner" in demo.refused("PUT", f"{ROLES}/dave", {"role": "maintainer"}, status=409)
    ownerless = {"role": "maintainer", "leave_ownerless": True}
    assert "without an owner" in demo.refused("PUT", f"{ROLES}/dave", ownerless, status=403)
    demo.refused("DELETE", f"{ROLES}/dave?leave_ownerless=true", status=403)
    admin.refused("DELETE", f"{ROLES}/dave", status=409)
    assert roles(admin.do("PUT", f"{ROLES}/dave", ownerless)) == {"dave": "maintainer"}
    assert roles(admin.do("DELETE", f"{ROLES}/dave")) == {}


def test_two_owners_who_leave_at_once_leave_one(demo: Caller) -> None:
    erin = a_person("erin")
    demo.do("PUT", f"{ROLES}/erin", {"role": "owner"})
    statuses: list[int] = []

    def leave(number: int) -> None:
        caller, name = ((demo, "dave"), (erin, "erin"))[number]
        statuses.append(caller.send("DELETE", f"{ROLES}/{name}").status_code)

    all_at_once(leave, 2)
    assert sorted(statuses) == [200, 409]


def test_anybody_gives_up_their_own(demo: Caller) -> None:
    erin = a_person("erin")
    demo.do("PUT", f"{ROLES}/erin", {"role": "maintainer"})
    assert roles(erin.do("DELETE", f"{ROLES}/erin")) == {"dave": "owner"}


def test_says_what_is_not_there(demo: Caller, admin: Caller) -> None:
    assert demo.refused("PUT", f"{ROLES}/nobody", {"role": "owner"}, status=404) == "There is no account 'nobody'."
    assert "has no role" in demo.refused("DELETE", f"{ROLES}/nobody", status=404)
    admin.refused("PUT", "projects/absent/roles/dave", {"role": "owner"}, status=404)
    admin.refused("GET", "projects/absent/roles", status=404)
    assert "must be one of 'owner', 'maintainer'" in demo.refused(
        "PUT", f"{ROLES}/dave", {"role": "reader"}, status=400
    )


def test_are_not_shown_to_readers(demo: Caller) -> None:
    a_person("erin", "reader").refused("GET", ROLES, status=403)
    a_person("frank").refused("GET", ROLES, status=403)
