"""Entries of the journal in words."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from packages import journal
from packages.access import ANONYMOUS, BUCKET, OPERATOR, Role
from packages.models import JournalEntry
from packages.templatetags.web import size
from packages.views.web.project.claims import in_words

# What each action is called where one is chosen.
ACTIONS = {
    "publish": "Published",
    "yank": "Yanked",
    "unyank": "Unyanked",
    "remove": "Deleted files",
    "remove-project": "Deleted a project",
    "restore": "Restored",
    "purge": "Purged files",
    "purge-project": "Purged a project",
    "forget": "Lost in storage",
    "status": "Status",
    "role": "Roles in projects",
    "account-create": "Account made",
    "account-change": "Account changed",
    "account-password": "New password",
    "account-sessions": "Logged out everywhere",
    "account-delete": "Account deleted",
    "login-failure": "Failed logins",
    "token-create": "Token made",
    "token-revoke": "Token revoked",
    "token-mint": "Token of a publisher",
    "token-burn": "Token given back",
    "publisher-register": "Publisher registered",
    "publisher-withdraw": "Publisher removed",
    "drop-refused": "Refused in the bucket",
}
_LISTED = 3


@dataclass(frozen=True, kw_only=True)
class Said:
    """An entry as a page shows it: what ``actor`` did in ``words``; ``details`` is all of it, as JSON.

    ``named``: the words name the project already.
    """

    serial: int
    time: datetime
    actor: str
    words: str
    project: str
    named: bool
    action: str
    where: str
    details: str


def said(entry: JournalEntry) -> Said:
    """An entry in words. One that is not as this program writes them is told as it is."""
    try:
        details: Mapping[str, Any] = dict(json.loads(entry.details)) if entry.details else {}
        words = _own(entry, details) or _WORDS[entry.action](entry.target, details)
    except (KeyError, ValueError, TypeError, AttributeError):
        words = f"did {entry.action}: {entry.target}" if entry.target else f"did {entry.action}"
    return Said(
        serial=int(entry.serial),
        time=entry.time,
        actor=entry.actor,
        words=words,
        project=entry.project,
        # A file is called much like its project, an account may be: that does not name the project.
        named=entry.action in _OF_PROJECTS and entry.target == entry.project,
        action=entry.action,
        where=" ".join(filter(None, (_credential(entry), entry.address and f"from {entry.address}"))),
        details=_shown(entry),
    )


def _credential(entry: JournalEntry) -> str:
    return "no credential" if entry.credential == ANONYMOUS.credential else entry.credential


def _own(entry: JournalEntry, details: Mapping[str, Any]) -> str:
    """What somebody did to their own account; empty if it was something else."""
    # Whoever runs commands is no account, whatever accounts are called.
    if entry.actor != entry.target or entry.credential in {OPERATOR.credential, BUCKET.credential}:
        return ""
    words = _OWN.get(entry.action)
    return words(entry.target, details) if words else ""


def _shown(entry: JournalEntry) -> str:
    try:
        return json.dumps(journal.as_json(entry), indent=2, ensure_ascii=False)
    except ValueError:
        return entry.details


def _files(target: str, details: Mapping[str, Any]) -> str:
    files = [str(name) for name in details.get("files", [])]
    if len(files) <= 1:
        return target
    versions = ", ".join(str(version) for version in details.get("versions", [])[:_LISTED])
    more = " and others" if len(details.get("versions", [])) > _LISTED else ""
    return f"{len(files)} files of {versions}{more}"


def _published(target: str, details: Mapping[str, Any]) -> str:
    created = "" if "created_for" not in details else ", the first file of its project"
    return f"published {target} ({size(details['size'])}){created}"


def _yanked(target: str, details: Mapping[str, Any]) -> str:
    reason = f": {details['reason']}" if details.get("reason") else ""
    return f"yanked {_files(target, details)}{reason}"


def _status(target: str, details: Mapping[str, Any]) -> str:
    before, after = details["before"], details["after"]
    reason = f": {after['reason']}" if after.get("reason") else ""
    return f"set the status of {target} from {before['status']} to {after['status']}{reason}"


def _role(target: str, details: Mapping[str, Any]) -> str:
    before, after = details.get("before"), details.get("after")
    if after is None:
        return f"took {target}'s role as {before} away"
    return f"made {target} {'an owner' if after == 'owner' else 'a maintainer'}"


def _own_role(target: str, details: Mapping[str, Any]) -> str:
    after = details.get("after")
    return _role("themselves", details) if after is not None else f"gave up their role as {details.get('before')}"


def _account_created(target: str, details: Mapping[str, Any]) -> str:
    role = details["after"]["role"]
    return f"made the account {target} as {'an' if role == Role.ADMIN else 'a'} {role}"


def _account_changed(target: str, details: Mapping[str, Any]) -> str:
    before, after = details["before"], details["after"]
    changes = []
    if before["role"] != after["role"]:
        changes.append(f"changed the role of {target} from {before['role']} to {after['role']}")
    if before["disabled"] != after["disabled"]:
        changes.append(f"{'disabled' if after['disabled'] else 'enabled'} {target}")
    return " and ".join(changes) or f"changed {target}"


def _failed(target: str, details: Mapping[str, Any]) -> str:
    whose = f"for {target}" if target else "for a name that nobody has"
    return f"gave a wrong password {whose} (failure {details['failures']} from there)"


def _token(verb: str) -> Callable[[str, Mapping[str, Any]], str]:
    def words(target: str, details: Mapping[str, Any]) -> str:
        called = f" “{details['description']}”" if details.get("description") else ""
        of = f" of {details['account']}" if details.get("account") else ""
        scopes = f", for {', '.join(details['scopes'])}" if details.get("scopes") else ""
        return f"{verb} the token{called}{of} ({target}{scopes})"

    return words


def _publisher(verb: str) -> Callable[[str, Mapping[str, Any]], str]:
    def words(target: str, details: Mapping[str, Any]) -> str:
        pending = f", which may create the project for {details['creates_for']}" if details.get("pending") else ""
        which = in_words(details["provider"], details["fields"])
        return f"{verb} {which} as a trusted publisher{pending}"

    return words


def _simple(sentence: str) -> Callable[[str, Mapping[str, Any]], str]:
    return lambda target, details: sentence.format(target=target, files=_files(target, details))


# What has a project as its target.
_OF_PROJECTS = {"remove-project", "purge-project", "restore", "status"}
_OWN: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "role": _own_role,
    "account-password": _simple("changed their password"),
    "account-sessions": _simple("logged out everywhere"),
    "account-delete": _simple("deleted their account"),
}
_WORDS: Mapping[str, Callable[[str, Mapping[str, Any]], str]] = {
    "publish": _published,
    "yank": _yanked,
    "unyank": _simple("unyanked {files}"),
    "remove": _simple("deleted {files}"),
    "remove-project": _simple("deleted the project {target}"),
    "restore": _simple("restored {files}"),
    "purge": _simple("purged {files}"),
    "purge-project": _simple("purged the project {target}: its name is free again"),
    "forget": _simple("forgot {target}: its bytes were deleted in storage"),
    "status": _status,
    "role": _role,
    "account-create": _account_created,
    "account-change": _account_changed,
    "account-password": _simple("gave {target} a new password"),
    "account-sessions": _simple("logged {target} out everywhere"),
    "account-delete": _simple("deleted the account {target}"),
    "login-failure": _failed,
    "token-create": _token("made"),
    "token-revoke": _token("revoked"),
    "token-mint": _token("was given"),
    "token-burn": _token("gave back"),
    "publisher-register": _publisher("registered"),
    "publisher-withdraw": _publisher("removed"),
    "drop-refused": _simple("put {target} into the bucket, which was refused"),
}
