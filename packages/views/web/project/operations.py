"""What there is to do with files: to which, by whom, and in which words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import QueryDict
from packaging.utils import NormalizedName

from packages import publishing
from packages.access import Action
from packages.errors import InvalidRequest
from packages.journal import Origin
from packages.views.web.project.opening import Managed
from packages.views.web.project.releases import IS_PUBLISHED, Line, State, counted, emptied

Change = Callable[[NormalizedName, Sequence[str], str, Origin], object]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """Something to do with files that are in one of these states.

    ``at_once``: it needs no confirmation, if it was asked for by its own button.
    """

    name: str
    verb: str
    done: str
    # What its button at a release is about.
    of_release: str
    on: frozenset[State]
    change: Change
    at_once: bool = False

    @property
    def dangerous(self) -> bool:
        """Whether files go by it."""
        return self.name in {"delete", "purge"}

    def action(self, managed: Managed) -> Action:
        """What it takes to do this."""
        return managed.purging if self.name == "purge" else Action.CURATE

    def typed(self, chosen: Sequence[Line], lines: Sequence[Line], managed: Managed) -> str:
        """What has to be typed before it is done: the version if one release goes, the project's name if more does."""
        if not self.dangerous or (self.name == "delete" and not emptied(chosen, lines)):
            return ""
        versions = {line.version for line in chosen}
        return managed.name if len(versions) > 1 else min(versions)


_ALL = (
    Operation(
        name="yank",
        verb="Yank",
        done="Yanked",
        of_release="release",
        on=frozenset({State.PUBLISHED}),
        change=lambda name, files, reason, by: publishing.yank(name, None, filename=files, reason=reason, by=by),
    ),
    Operation(
        name="unyank",
        verb="Unyank",
        done="Unyanked",
        of_release="the yanked files of release",
        on=frozenset({State.YANKED}),
        change=lambda name, files, reason, by: publishing.unyank(name, None, filename=files, by=by),
        at_once=True,
    ),
    Operation(
        name="restore",
        verb="Restore",
        done="Restored",
        of_release="the deleted files of release",
        on=frozenset({State.DELETED}),
        change=lambda name, files, reason, by: publishing.restore(name, filename=files, by=by),
        at_once=True,
    ),
    Operation(
        name="delete",
        verb="Delete",
        done="Deleted",
        of_release="release",
        on=IS_PUBLISHED,
        change=lambda name, files, reason, by: publishing.remove(name, filename=files, by=by),
    ),
    Operation(
        name="purge",
        verb="Purge",
        done="Purged",
        of_release="the deleted files of release",
        on=frozenset({State.DELETED, State.OVER}),
        change=lambda name, files, reason, by: publishing.purge(name, filename=files, by=by),
    ),
)
OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}


def allowed(managed: Managed) -> list[Operation]:
    """What the actor may do with files of the project."""
    return [operation for operation in _ALL if managed.may(operation.action(managed))]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a form asks for; ``whole``: to restore all that went with the project's deletion.

    ``release`` is the one that was chosen as such, not by its files.
    """

    operation: Operation
    chosen: Sequence[Line]
    at_once: bool = False
    whole: bool = False
    release: str = ""

    def named(self, lines: Sequence[Line]) -> str:
        """What is done with these of the chosen lines, as it was chosen: what a title and a button say."""
        if not self.release:
            return counted(lines)
        files = "1 file" if len(lines) == 1 else f"{len(lines)} files"
        return f"{self.operation.of_release} {self.release} ({files})"


def asked(sent: QueryDict, lines: Sequence[Line]) -> Asked:
    """What a form asks for: by one button of its own, or of what was checked. Raises InvalidRequest."""
    if "one" in sent:
        # "delete release 1.0"
        verb, _, target = str(sent["one"]).partition(" ")
        kind, _, what = target.partition(" ")
        operation = _operation(verb)
        if kind == "project" and operation.name == "restore":
            return Asked(operation=operation, chosen=(), whole=True)
        chosen = [line for line in lines if what and what == _in_a_button(line, kind)]
        release = what if kind == "release" else ""
        return Asked(operation=operation, chosen=chosen, at_once=operation.at_once, release=release)
    operation = _operation(sent.get("action", ""))
    files, releases = set(sent.getlist("file")), set(sent.getlist("release"))
    chosen = [line for line in lines if line.filename in files or line.version in releases]
    if not chosen:
        raise InvalidRequest("Nothing is checked: check files or releases first, then say what to do with them.")
    return Asked(operation=operation, chosen=chosen, release=_only_release(sent, files, releases, chosen))


def effects(operation: Operation, releases: Sequence[str]) -> list[str]:
    """What will be true afterwards; ``releases`` are those that go whole by it."""
    if operation.name == "yank":
        return [
            "Installers pass over yanked files, unless somebody asks for exactly this version.",
            "The files stay listed, marked as yanked, and can be downloaded.",
        ]
    if operation.name == "unyank":
        return ["Installers choose these files again."]
    if operation.name == "restore":
        return ["The files are listed and can be downloaded again, yanked ones as yanked."]
    gone = f"No published file is left of {'release' if len(releases) == 1 else 'the releases'} {', '.join(releases)}."
    names = "Their names stay taken: only the same bytes can be published under them again."
    if operation.name == "purge":
        return ["Their bytes are deleted for good. Nobody can restore them.", names]
    days = "1 day" if settings.RESTORE_DAYS == 1 else f"{settings.RESTORE_DAYS} days"
    until = f"For {days} they can be restored here." if settings.RESTORE_DAYS else "This index restores nothing."
    return [*([gone] if releases else []), "Nobody can list or download the files any more.", until, names]


def _operation(name: str) -> Operation:
    operation = OPERATIONS.get(name)
    if operation is None:
        raise InvalidRequest("Say what to do with the files: choose an action from the list.")
    return operation


def _only_release(sent: QueryDict, files: set[str], releases: set[str], chosen: Sequence[Line]) -> str:
    """The release that was checked alone; a confirmation says by itself of which release its files are."""
    if "confirmed" in sent:
        release = sent.get("chosen", "")
        return release if {line.version for line in chosen} == {release} else ""
    return min(releases) if len(releases) == 1 and not files else ""


def _in_a_button(line: Line, kind: str) -> str | None:
    """What a button of this kind would call a line: its file, its release, or the moment of its deletion."""
    if kind == "moment":
        return line.removed_at.isoformat() if line.removed_at else None
    return {"file": line.filename, "release": line.version}.get(kind)
