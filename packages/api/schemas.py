"""The shapes of the JSON API, as JSON Schemas (2020-12): what is sent, and what is answered."""

from collections.abc import Iterable
from typing import Any

from packages.access import ProjectRole, Role, Scope
from packages.accounts.lookups import NAME
from packages.accounts.passwords import LONGEST_NAME, LONGEST_PASSWORD
from packages.accounts.secret import ID_LENGTH
from packages.accounts.tokens import LONGEST_DESCRIPTION, LONGEST_LIFE, MOST_PROJECTS
from packages.distributions import LONGEST_FILENAME
from packages.publishing.curation import LONGEST_REASON
from packages.simple_api import STATUSES
from packages.trusted.claims import LONGEST_VALUE, MOST_CLAIMS, PROVIDERS, fields_of

Schema = dict[str, Any]

# One line, without what would control a terminal.
_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"
MOST_PER_PAGE = 1000


def ref(name: str) -> Schema:
    """A schema below, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def listed(name: str, items: Schema) -> Schema:
    """An answer that is a whole list."""
    return an_object({name: {"type": "array", "items": items}})


def an_object(properties: dict[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    """An object with these properties and no others."""
    required = [name for name in properties if name not in set(optional)]
    whole: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**whole, "required": required} if required else whole


def a_line(longest: int, description: str, **more: Any) -> Schema:
    """A text of one line."""
    return {"type": "string", "maxLength": longest, "pattern": _LINE, "description": description, **more}


def _one_of(values: Iterable[str], description: str) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values], "description": description}


def _or_none(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


_NUMBER: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}

# What is sent.

ROLE = _one_of(Role, "What the account may be; each includes the one before.")
PROJECT_ROLE = _one_of(ProjectRole, "What the account may be to the project.")
STATUS = _one_of(STATUSES, "PEP 792; archived and quarantined projects take no files, quarantined ones offer none.")
REASON = a_line(LONGEST_REASON, "Why, in one line; pip shows it of yanked files.", default="")
LEAVE_OWNERLESS: Schema = {
    "type": "boolean",
    "default": False,
    "description": "Administrators: the project may be left without an owner.",
}
PASSWORD: Schema = {
    "type": "string",
    "minLength": 10,
    "maxLength": LONGEST_PASSWORD,
    "pattern": "[^0-9]",
    "description": "A password of 10 characters or more, not of digits alone, and none of those that everybody uses.",
}
ANY_PASSWORD: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_PASSWORD,
    "description": "The password that the account has now; whoever changes their own must send it.",
}
NEW_ACCOUNT_NAME: Schema = {
    "type": "string",
    "pattern": f"^{NAME}$",
    "description": "Up to 64 lower-case letters a-z, digits and '._@+-', beginning and ending with a letter or digit.",
}
ACCOUNT_NAME = a_line(LONGEST_NAME, "The name of an account.", minLength=1, examples=["bob"])
PROJECT_NAME: Schema = {
    "type": "string",
    "maxLength": LONGEST_FILENAME,
    "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
    "description": "The name of a project, in any spelling (PEP 503).",
    "examples": ["demo-pkg"],
}
AFTER_NAME = a_line(LONGEST_FILENAME, "Begin after this name; that of the page before is its 'next'.", default="")
AFTER_SERIAL: Schema = {
    "type": "integer",
    "minimum": 0,
    "maximum": 10**15,
    "default": 0,
    "description": "Begin after the entry of this serial; that of the page before is its 'next'.",
}
LIMIT: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": MOST_PER_PAGE,
    "default": 100,
    "description": "How many at most.",
}
LATEST: Schema = {
    "type": "integer",
    "minimum": 1,
    "maximum": MOST_PER_PAGE,
    "description": "The last so many entries; then 'after' and 'limit' say nothing.",
}

NEW_ACCOUNT = an_object({"name": NEW_ACCOUNT_NAME, "role": ROLE, "password": PASSWORD}, optional=["password"])
ACCOUNT_CHANGE: Schema = {**an_object({"role": ROLE, "disabled": _FLAG}, optional=["role", "disabled"])}
ACCOUNT_CHANGE["minProperties"] = 1
NEW_PASSWORD = an_object(
    {"password": PASSWORD, "current_password": ANY_PASSWORD}, optional=["password", "current_password"]
)
NEW_TOKEN: Schema = {
    **an_object(
        {
            "scopes": {
                "type": "array",
                "items": ref("Scope"),
                "minItems": 1,
                "uniqueItems": True,
                "description": "What the token may be used for; none includes another.",
            },
            "description": a_line(LONGEST_DESCRIPTION, "What it is for, in one line.", default=""),
            "projects": {
                "type": "array",
                "items": PROJECT_NAME,
                "minItems": 1,
                "maxItems": MOST_PROJECTS,
                "uniqueItems": True,
                "description": "For these projects alone; without it for all.",
            },
            "expires": {**_TIME, "description": "When it ends, as in 2027-01-31T12:00:00Z."},
            "expires_in_days": {
                "type": "integer",
                "minimum": 1,
                "maximum": LONGEST_LIFE.days,
                "description": "When it ends, instead of 'expires'.",
            },
            "account": {**ACCOUNT_NAME, "description": "Administrators: whose token it is, if not their own."},
        },
        optional=["description", "projects", "expires", "expires_in_days", "account"],
    ),
    "not": {"required": ["expires", "expires_in_days"]},
    "description": "expires and expires_in_days exclude each other.",
}
NEW_STATUS = an_object({"status": STATUS, "reason": REASON}, optional=["reason"])
A_REASON = an_object({"reason": REASON}, optional=["reason"])
NEW_ROLE = an_object({"role": PROJECT_ROLE, "leave_ownerless": LEAVE_OWNERLESS}, optional=["leave_ownerless"])
PROVIDER = _one_of(PROVIDERS, "The kind of issuer.")
NEW_PUBLISHER = an_object(
    {
        "provider": PROVIDER,
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": LONGEST_VALUE},
            "maxProperties": MOST_CLAIMS,
            "description": "Which workload: "
            + "; ".join(f"for {kind} {', '.join(fields_of(kind))}" for kind in PROVIDERS),
        },
        "issuer": a_line(200, "Its address, as in https://gitlab.example.org, where several are of this kind."),
        "owner": {
            **ACCOUNT_NAME,
            "description": "Administrators, of a name that no project has yet: whose project it will become.",
        },
    },
    optional=["issuer", "owner"],
)
NEW_PUBLISHER["examples"] = [
    {
        "provider": "github",
        "fields": {
            "repository_owner": "octo-org",
            "repository": "demo",
            "repository_owner_id": "65",
            "workflow_filename": "release.yml",
        },
    }
]

# What is answered.

_PROJECT_WITH_ROLE = an_object({"project": {"type": "string"}, "role": PROJECT_ROLE})
_NAMES = {"type": "array", "items": {"type": "string"}}
_SCOPES = {"type": "array", "items": ref("Scope")}
_FILE = {
    "filename": {"type": "string"},
    "version": {"type": "string"},
    "packagetype": _one_of(["bdist_wheel", "sdist"], "What kind of file it is."),
    "size": {**_NUMBER, "description": "In bytes."},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "requires_python": {"type": ["string", "null"]},
    "upload_time": _TIME,
    "url": {"type": "string", "format": "uri"},
    "yanked": _FLAG,
    "yanked_reason": {"type": "string"},
    "state": _one_of(
        ["published", "removed", "purged"], "Removed files can be restored; of purged ones only the name is taken."
    ),
    "restorable_until": {**_or_none(_TIME), "description": "Of removed files; null: until somebody purges them."},
    "uploader": {"type": "string"},
}
_FOR_CURATORS = ["restorable_until", "uploader"]

COMPONENTS: dict[str, Schema] = {
    "Scope": _one_of(Scope, "What a token may be used for."),
    "Refusal": {
        **an_object({"message": {"type": "string"}, "code": {"type": "string"}, "title": {"type": "string"}}),
        "description": "Why it was refused, in a sentence; 'code' is the status with it.",
    },
    "Me": an_object(
        {
            "name": {"type": "string"},
            "role": {**_or_none(_one_of(Role, "Null: a trusted publisher.")), "enum": [*map(str, Role), None]},
            "credential": {"type": "string", "description": "'password', or 'token' and its id."},
            "token": {"oneOf": [ref("Token"), {"type": "null"}], "description": "Null: known by a password."},
            "projects": {"type": "array", "items": _PROJECT_WITH_ROLE},
        }
    ),
    "Account": an_object(
        {
            "name": {"type": "string"},
            "role": ROLE,
            "disabled": _FLAG,
            "fixed": {**_FLAG, "description": "The settings name it: it cannot be changed here."},
            "created": _or_none(_TIME),
            "projects": {"type": "array", "items": _PROJECT_WITH_ROLE},
            "password": {"type": "string", "description": "The password that was made; it is shown once."},
        },
        optional=["projects", "password"],
    ),
    "Token": an_object(
        {
            "id": {"type": "string"},
            "account": {"type": "string", "description": "Empty: a trusted publisher's."},
            "description": {"type": "string"},
            "scopes": _SCOPES,
            "projects": {**_or_none(_NAMES), "description": "Null: every project."},
            "created": _TIME,
            "expires": {**_or_none(_TIME), "description": "Null: never."},
            "last_used": {**_or_none(_TIME), "description": "Within an hour."},
            "token": {"type": "string", "description": "The secret; it is shown once."},
        },
        optional=["token"],
    ),
    "File": an_object(_FILE, optional=_FOR_CURATORS),
    "Release": an_object(
        {
            "project": {"type": "string"},
            "version": {"type": "string"},
            "files": {"type": "array", "items": ref("File")},
        }
    ),
    "Project": {
        **an_object(
            {
                "name": {"type": "string"},
                "display_name": {"type": "string"},
                "serial": {**_NUMBER, "description": "Of its last change."},
                "status": STATUS,
                "status_reason": {"type": "string"},
                "versions": {**_NAMES, "description": "Of published files, oldest first."},
                "files": {"type": "array", "items": ref("File"), "description": "Oldest release first."},
                "roles": ref("Roles"),
                "removed": _FLAG,
                "restorable_until": {**_or_none(_TIME), "description": "Of a removed project."},
            },
            optional=["roles", "removed", "restorable_until"],
        ),
        "description": "Roles, and what was removed, are shown to those who may remove and restore.",
    },
    "Roles": {
        "type": "array",
        "items": an_object({"account": {"type": "string"}, "role": PROJECT_ROLE}),
        "description": "Owners first.",
    },
    "Publisher": an_object(
        {
            "id": {"type": "string"},
            "project": {"type": "string"},
            "provider": PROVIDER,
            "issuer": {"type": "string"},
            "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            "registered_by": {"type": "string"},
            "created": _TIME,
            "pending": {**_FLAG, "description": "There was no such project, which it may create for 'registered_by'."},
        }
    ),
    "ProjectList": an_object(
        {
            "projects": {
                "type": "array",
                "items": an_object({"name": {"type": "string"}, "serial": _NUMBER}),
            },
            "next": {
                "type": ["string", "null"],
                "description": "The 'after' of the next page; null: this is the last.",
            },
            "serial": {**_NUMBER, "description": "Of the last change to any project."},
        }
    ),
    "Entry": an_object(
        {
            "serial": _NUMBER,
            "time": _TIME,
            "actor": {"type": "string"},
            "credential": {"type": "string"},
            "address": {"type": "string"},
            "agent": {"type": "string"},
            "action": {"type": "string"},
            "project": {"type": "string"},
            "target": {"type": "string"},
            "details": {"type": "object"},
        }
    ),
    "Journal": an_object(
        {
            "entries": {"type": "array", "items": ref("Entry"), "description": "Oldest first."},
            "next": {
                "type": ["integer", "null"],
                "description": "The 'after' of the next page; null: this is the last.",
            },
            "seal": {
                "oneOf": [an_object({"serial": _NUMBER, "digest": {"type": "string"}}), {"type": "null"}],
                "description": "The last seal. Kept elsewhere, it shows what was changed before it.",
            },
        }
    ),
    "Index": an_object(
        {
            "service": {"type": "string"},
            "openapi": {"type": "string", "format": "uri"},
            "you": {"type": ["string", "null"], "description": "Who you are; null: nobody in particular."},
            "addresses": {**_NAMES, "description": "What there is."},
        }
    ),
}

# What stands in addresses.
PARAMETERS: dict[str, Schema] = {
    "account": ACCOUNT_NAME,
    "project": PROJECT_NAME,
    "version": a_line(200, "A version, in any spelling (PEP 440).", minLength=1, examples=["1.0"]),
    "filename": a_line(
        LONGEST_FILENAME, "The filename, as it is listed.", minLength=1, examples=["demo_pkg-1.0-py3-none-any.whl"]
    ),
    "token": {"type": "string", "pattern": f"^[0-9a-f]{{{ID_LENGTH}}}$", "description": "The id of a token."},
    "publisher": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "The id of a trusted publisher."},
}
