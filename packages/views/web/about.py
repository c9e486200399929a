"""What a release says of itself, as its page shows it: README, dependencies, classifiers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import getaddresses
from typing import TypeVar

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from packaging.utils import NormalizedName

from packages import catalog, details, readmes
from packages.details import Details, RequirementLink
from packages.distributions import DistributionFile
from packages.errors import Unavailable
from packages.models import Project
from packages.simple_api import OFFERS_FILES

T = TypeVar("T")

# As many as are looked for in the index: one read brings them.
MOST_LOOKED_FOR = catalog.MOST_AT_ONCE
# What is beyond is folded.
MOST_DEPENDENCIES = 20

MISSING = "not in this index"


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """A requirement and its condition; ``project`` is its project's name if this index has files of it.

    If it has none, ``lack`` says why; of what installers do not ask an index for, and of what was not looked for,
    nothing is said.
    """

    text: str
    marker: str = ""
    project: str | None = None
    lack: str = ""


# By extra; those of none come first, under an empty name.
Dependencies = Sequence[tuple[str, Sequence[Dependency]]]


@dataclass(frozen=True, kw_only=True)
class About:
    """What the pages say about a release."""

    details: Details
    readme: SafeString
    readme_goes_on: bool
    # Names and addresses of mail.
    author: Sequence[str]
    maintainer: Sequence[str]
    dependencies: Dependencies
    folded: Dependencies
    # By their first part.
    classifiers: Sequence[tuple[str, Sequence[str]]]

    @property
    def number_folded(self) -> int:
        """How many dependencies are not shown at once."""
        return sum(len(group) for _, group in self.folded)

    @property
    def lacking(self) -> int:
        """How many of the projects that it always depends on are not to be had here."""
        groups = [*self.dependencies, *self.folded]
        return len([one for extra, group in groups if not extra for one in group if one.lack])

    @property
    def leaves_images_out(self) -> bool:
        """Whether there are words in the places of images."""
        return readmes.STANDS_FOR_IMAGE in self.readme


def about(file: DistributionFile, *, whole: bool = False) -> About | None:
    """What a release says of itself in the metadata of one of its files; None if that cannot be read.

    Of a long README only the beginning, unless the ``whole`` is wanted.
    """
    try:
        told = details.of(file)
    except Unavailable:
        # The page is of use without it: the files and their digests are in the index.
        return None
    if not told.metadata_version:
        # Of what was lost in storage nothing is known, not even that there is nothing.
        return None
    shown, folded = _divided(_dependencies(told.requires_dist))
    readme = told.description_html if whole else readmes.beginning(told.description_html)
    return About(
        details=told,
        # Made harmless before it was kept.
        readme=mark_safe(readmes.with_images(readme, settings.README_IMAGES)),
        readme_goes_on=readme != told.description_html,
        author=_person(told.author, told.author_email),
        maintainer=_person(told.maintainer, told.maintainer_email),
        dependencies=shown,
        folded=folded,
        classifiers=_grouped(classifier.partition(" :: ")[::2] for classifier in told.classifiers),
    )


def _person(name: str, mail: str) -> list[str]:
    """Name and addresses; those addresses that have the name already need it no second time."""
    named = {one.casefold() for one, _ in getaddresses([mail])}
    if all(one.strip().casefold() in named for one in name.split(",")):
        name = ""
    return [line for line in (name, mail) if line]


def _dependencies(requires_dist: Sequence[str]) -> list[tuple[str, list[Dependency]]]:
    links = details.requirement_links(requires_dist)
    # Once each: a name may be asked for in many ways.
    names = list(dict.fromkeys(link.name for link in links if link.name is not None))[:MOST_LOOKED_FOR]
    known = catalog.find_projects(names)
    lacks = {name: _lack(known.get(name)) for name in names}
    found = _grouped((link.extra or "", _dependency(link, lacks)) for link in links)
    return sorted(found, key=lambda group: bool(group[0]))


def _lack(project: Project | None) -> str:
    if project is None or project.removed:
        return MISSING
    return "" if project.status in OFFERS_FILES else project.status


def _dependency(link: RequirementLink, lacks: Mapping[NormalizedName, str]) -> Dependency:
    text, _, _ = link.text.partition(";")
    lack = None if link.name is None else lacks.get(link.name)
    project = link.name if lack == "" else None
    if link.name is None or "@" in text:
        # Not to be taken apart: an address may hold a semicolon too.
        return Dependency(text=link.text, project=project)
    # Under the heading of its extra.
    own = f'extra == "{link.extra}"'
    marker = "" if link.marker == own else link.marker.removesuffix(f" and {own}")
    return Dependency(text=text.strip(), marker=marker, project=project, lack=lack or "")


def _divided(groups: Dependencies) -> tuple[Dependencies, Dependencies]:
    """The first of them, and the rest."""
    shown, rest, left = [], [], MOST_DEPENDENCIES
    for extra, group in groups:
        if group[:left]:
            shown.append((extra, group[:left]))
        if group[left:]:
            rest.append((extra, group[left:]))
        left = max(left - len(group), 0)
    return shown, rest


def _grouped(pairs: Iterable[tuple[str, T]]) -> list[tuple[str, list[T]]]:
    groups: dict[str, list[T]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return list(groups.items())
