"""Every address of the JSON API: what can be done there, what that takes, what it answers, which view does it."""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from packages.api import schemas
from packages.api.schemas import Schema, an_object, listed, ref

MEDIA_TYPE = "application/json"
LINES_TYPE = "application/x-ndjson"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """What a method does at an address.

    ``view`` is ``module.function`` in packages.views.api. Without an ``answer`` it is 204. ``open`` needs no
    credentials, ``reads`` needs none where PUBLIC_READ is set. A ``body`` may be left out if it is ``optional``.
    ``conflicts``: may be 409. ``lines``: also as JSON lines. ``leads_to`` says where one may go from its answer:
    method and address, and the OpenAPI expressions that fill the gaps.
    """

    view: str
    summary: str
    answer: Schema | None = None
    status: int = 200
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    optional: bool = False
    conflicts: bool = False
    open: bool = False
    reads: bool = False
    lines: bool = False
    leads_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def gaps_of(address: str) -> list[str]:
    """The names of what stands in an address."""
    return re.findall(r"\{(\w+)\}", address)


def _from(expressions: Mapping[str, str], *operations: str) -> dict[str, Mapping[str, str]]:
    return dict.fromkeys(operations, expressions)


def _of_files(what: str, address: str, answer: str) -> dict[str, dict[str, Operation]]:
    """What can be done with a release, and with a file."""
    here = {gap: f"$request.path.{gap}" for gap in gaps_of(address)}
    answering = functools.partial(Operation, answer=ref(answer))
    return {
        address: {
            "get": answering(view="projects.show", summary=f"Show {what}", reads=True),
            "delete": answering(
                view="projects.remove",
                summary=f"Remove {what}, which can be restored",
                leads_to=_from(here, f"post {address}/restore", f"post {address}/purge"),
            ),
        },
        f"{address}/restore": {
            "post": answering(view="projects.restore", summary=f"Restore {what}", conflicts=True),
        },
        f"{address}/purge": {
            "post": answering(view="projects.purge", summary=f"Delete for good the bytes of {what}", conflicts=True),
        },
        f"{address}/yank": {
            "post": answering(
                view="projects.yank", summary=f"Yank {what} (PEP 592)", body=schemas.A_REASON, optional=True
            ),
        },
        f"{address}/unyank": {
            "post": answering(view="projects.unyank", summary=f"Take back the yank of {what}"),
        },
    }


ADDRESSES: dict[str, dict[str, Operation]] = {
    "/api/": {
        "get": Operation(
            view="about.index", summary="Say what there is, and who you are", answer=ref("Index"), open=True
        )
    },
    "/api/openapi.json": {
        "get": Operation(view="about.openapi", summary="This document", answer={"type": "object"}, open=True)
    },
    "/api/me": {"get": Operation(view="about.me", summary="Who you are, and by what", answer=ref("Me"))},
    "/api/accounts": {
        "get": Operation(
            view="accounts.every",
            summary="List the accounts (administrators)",
            answer=listed("accounts", ref("Account")),
        ),
        "post": Operation(
            view="accounts.create",
            summary="Make an account (administrators); without a password, one is made and shown once",
            body=schemas.NEW_ACCOUNT,
            answer=ref("Account"),
            status=201,
            conflicts=True,
            leads_to=_from(
                {"account": "$response.body#/name"},
                "get /api/accounts/{account}",
                "patch /api/accounts/{account}",
                "put /api/accounts/{account}/password",
                "delete /api/accounts/{account}",
            ),
        ),
    },
    "/api/accounts/{account}": {
        "get": Operation(
            view="accounts.show", summary="Show an account: one's own, for administrators any", answer=ref("Account")
        ),
        "patch": Operation(
            view="accounts.change",
            summary="Change the role of an account, or whether it is disabled, at once (administrators)",
            body=schemas.ACCOUNT_CHANGE,
            answer=ref("Account"),
            conflicts=True,
        ),
        "delete": Operation(
            view="accounts.delete",
            summary="Delete an account that has no role in a project any more (administrators)",
            conflicts=True,
        ),
    },
    "/api/accounts/{account}/password": {
        "put": Operation(
            view="accounts.set_password",
            summary="Give an account a new password; without one, one is made and shown once",
            body=schemas.NEW_PASSWORD,
            optional=True,
            answer=ref("Account"),
            conflicts=True,
        )
    },
    "/api/tokens": {
        "get": Operation(
            view="tokens.every",
            summary="List one's own tokens; administrators anybody's",
            query={"account": {**schemas.ACCOUNT_NAME, "description": "Whose tokens."}},
            answer=listed("tokens", ref("Token")),
        ),
        "post": Operation(
            view="tokens.create",
            summary="Make a token; its secret is shown once",
            body=schemas.NEW_TOKEN,
            answer=ref("Token"),
            status=201,
            leads_to=_from({"token": "$response.body#/id"}, "delete /api/tokens/{token}"),
        ),
    },
    "/api/tokens/{token}": {"delete": Operation(view="tokens.revoke", summary="End a token at once")},
    "/api/projects": {
        "get": Operation(
            view="projects.every",
            summary="List the projects, by name",
            query={"after": schemas.AFTER_NAME, "limit": schemas.LIMIT},
            answer=ref("ProjectList"),
            reads=True,
        )
    },
    "/api/projects/{project}": {
        "get": Operation(view="projects.show", summary="Show a project", answer=ref("Project"), reads=True),
        "delete": Operation(
            view="projects.remove",
            summary="Remove a project, which can be restored",
            answer=ref("Project"),
            leads_to=_from(
                {"project": "$response.body#/name"},
                "post /api/projects/{project}/restore",
                "post /api/projects/{project}/purge",
            ),
        ),
    },
    "/api/projects/{project}/restore": {
        "post": Operation(view="projects.restore", summary="Restore a project", answer=ref("Project"), conflicts=True)
    },
    "/api/projects/{project}/purge": {
        "post": Operation(
            view="projects.purge",
            summary="Delete a removed project for good; its name is anybody's again",
            conflicts=True,
        )
    },
    "/api/projects/{project}/status": {
        "put": Operation(
            view="projects.set_status",
            summary="Set the status of a project (PEP 792)",
            body=schemas.NEW_STATUS,
            answer=ref("Project"),
        )
    },
    **_of_files("a release", "/api/projects/{project}/releases/{version}", "Release"),
    **_of_files("a file", "/api/projects/{project}/files/{filename}", "File"),
    "/api/projects/{project}/roles": {
        "get": Operation(
            view="roles.every",
            summary="List the owners and maintainers of a project",
            answer=an_object({"roles": ref("Roles")}),
        )
    },
    "/api/projects/{project}/roles/{account}": {
        "put": Operation(
            view="roles.grant",
            summary="Give an account a role in a project",
            body=schemas.NEW_ROLE,
            answer=an_object({"roles": ref("Roles")}),
            conflicts=True,
        ),
        "delete": Operation(
            view="roles.revoke",
            summary="Take the role of an account in a project away; anybody may give up their own",
            query={"leave_ownerless": schemas.LEAVE_OWNERLESS},
            answer=an_object({"roles": ref("Roles")}),
            conflicts=True,
        ),
    },
    "/api/projects/{project}/publishers": {
        "get": Operation(
            view="publishers.every",
            summary="List the trusted publishers of a project; of a name that none has, one's own pending ones",
            answer=listed("publishers", ref("Publisher")),
        ),
        "post": Operation(
            view="publishers.register",
            summary="Let a workload publish to a project, or create it",
            body=schemas.NEW_PUBLISHER,
            answer=ref("Publisher"),
            status=201,
            conflicts=True,
            leads_to=_from(
                {"project": "$response.body#/project", "publisher": "$response.body#/id"},
                "delete /api/projects/{project}/publishers/{publisher}",
            ),
        ),
    },
    "/api/projects/{project}/publishers/{publisher}": {
        "delete": Operation(
            view="publishers.withdraw", summary="End a registration, and with it at once the tokens made by it"
        )
    },
    "/api/journal": {
        "get": Operation(
            view="journal.read",
            summary="Read the journal (administrators); what is not sealed yet is sealed before",
            query={"after": schemas.AFTER_SERIAL, "limit": schemas.LIMIT, "latest": schemas.LATEST},
            answer=ref("Journal"),
            lines=True,
        )
    },
}


def find(path: str) -> tuple[str, dict[str, str]] | None:
    """The address that a path is one of, and what stands in its gaps; None if there is none."""
    path = "/api/" if path == "/api" else path
    for address, pattern in _patterns().items():
        match = pattern.fullmatch(path)
        if match:
            return address, match.groupdict()
    return None


@functools.cache
def _patterns() -> dict[str, re.Pattern[str]]:
    gap = re.compile(r"\\\{(\w+)\\\}")
    return {address: re.compile(gap.sub(r"(?P<\1>[^/]+)", re.escape(address))) for address in ADDRESSES}
