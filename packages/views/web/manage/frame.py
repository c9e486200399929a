"""What the administrators' pages have in common: their tabs, and who sees which."""

import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from packages import permissions
from packages.access import Action, Actor, Role, why_not
from packages.auth import origin_of
from packages.errors import NotAllowed
from packages.views.web.door import View, page, show

P = ParamSpec("P")

_TABS = (
    ("manage", "Overview", Action.MANAGE_ACCOUNTS),
    ("manage-projects", "Projects", Action.MANAGE_ACCOUNTS),
    ("manage-files", "Files", Action.MANAGE_ACCOUNTS),
    ("manage-accounts", "Accounts", Action.MANAGE_ACCOUNTS),
    ("manage-tokens", "Tokens", Action.MANAGE_ACCOUNTS),
    ("manage-publishers", "Publishers", Action.MANAGE_ACCOUNTS),
    ("manage-journal", "Journal", Action.READ_JOURNAL),
    ("manage-storage", "Storage", Action.MANAGE_ACCOUNTS),
)


def for_administrators(action: Action = Action.MANAGE_ACCOUNTS) -> Callable[[View[P]], View[P]]:
    """A page for those who may do this, all of them administrators; others are told so, whatever the page is about."""

    def decorate(view: View[P]) -> View[P]:
        entered = page(action)(view)

        @functools.wraps(view)
        def opened(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                return entered(request, *args, **kwargs)
            except NotAllowed as error:
                actor = origin_of(request).actor
                if actor.role is Role.ADMIN:
                    raise
                sentence = f"These pages are for administrators: user {actor.name!a} may not open them."
                raise NotAllowed(sentence) from error

        return opened

    return decorate


def show_part(
    request: HttpRequest, part: str, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """A page of the part whose address has this name."""
    common = {"section": "manage", "part": part, "tabs": _tabs(origin_of(request).actor)}
    return show(request, f"web/manage/{template}.html", {**common, **(context or {})}, status=status)


def counted(number: int, one: str, many: str) -> str:
    """As people say it: 1 project, 12 projects, 10,000 projects."""
    return f"{number:,} {one if number == 1 else many}"


def _tabs(actor: Actor) -> list[tuple[str, str]]:
    policy = permissions.policy()
    return [(address, label) for address, label, action in _TABS if why_not(actor, action, None, policy) is None]
