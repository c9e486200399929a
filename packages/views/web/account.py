"""One's own account: who one is, its password, its sessions, its tokens."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from packaging.utils import NormalizedName

from packages import accounts, catalog, errors, permissions
from packages.access import Action, Actor, ProjectRole, Scope, Standing, why_not
from packages.accounts import TokenInfo
from packages.auth import origin_of
from packages.journal import Origin
from packages.sessions import go_on, log_out
from packages.views.answers import root_of
from packages.views.web import once
from packages.views.web.account_forms import PasswordForm, TokenForm
from packages.views.web.door import page, refused, show

PROJECTS_PER_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Share:
    """A project that somebody has a role in; ``status`` is empty if its files are published as usual."""

    name: NormalizedName
    role: ProjectRole
    status: str
    removed: bool
    works_on: bool


@require_safe
@page()
def account(request: HttpRequest) -> HttpResponseBase:
    """``GET /account/``: who one is, one's projects, one's tokens in short."""
    by = origin_of(request)
    roles = Paginator(list(accounts.projects_of(by.actor.name)), PROJECTS_PER_PAGE)
    shown = roles.get_page(request.GET.get("page"))
    tokens = list(accounts.tokens_of(by.actor.name, by.actor))
    context = {
        "person": accounts.find(by.actor.name, by.actor),
        "projects": shown,
        "shares": list(_shares(by.actor, shown.object_list)),
        "may_create": not why_not(by.actor, Action.PUBLISH, None, permissions.policy()),
        "tokens": len(tokens),
        "expired": sum(1 for token in tokens if _is_over(token, by)),
    }
    return _show(request, "account", context)


@sensitive_post_parameters("current", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
@page()
def password(request: HttpRequest) -> HttpResponseBase:
    """``GET`` and ``POST /account/password/``: a new password, which logs all other browsers out."""
    by = origin_of(request)
    person = accounts.find(by.actor.name, by.actor)
    form, status, wait = PasswordForm(request.POST if request.method == "POST" else None), 200, 0
    if form.is_bound:
        status = 409 if person.fixed else 400
    if not person.fixed and form.is_valid():
        field = "current"
        try:
            # Whoever finds an open browser is not yet the one whose account it is.
            accounts.identify(person.name, form.cleaned_data["current"], by)
            field = "new"
            accounts.set_password(person.name, form.cleaned_data["new"], by=by)
        except errors.PackagesError as error:
            status, wait = refused(error), getattr(error, "seconds", 0)
            wrong = str(error) == accounts.INVALID
            form.add_error(field, "This is not your current password." if wrong else str(error))
        else:
            go_on(request, by.actor)
            messages.success(request, "You have a new password. Other browsers are logged out; tokens go on.")
            return HttpResponseRedirect(reverse("account"))
    response = _show(request, "password", {"form": form, "person": person}, status=status)
    if wait:
        response["Retry-After"] = str(wait)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def sessions(request: HttpRequest) -> HttpResponseBase:
    """``GET`` and ``POST /account/sessions/``: log out everywhere, here too, after a confirmation."""
    if request.method != "POST":
        return _show(request, "sessions", {})
    by = origin_of(request)
    accounts.end_sessions(by.actor.name, by=by)
    log_out(request)
    messages.success(request, "You have logged out everywhere.")
    return HttpResponseRedirect(reverse("login"))


@require_http_methods(["GET", "HEAD", "POST"])
@page()
def tokens(request: HttpRequest) -> HttpResponseBase:
    """``GET`` and ``POST /account/tokens/``: one's tokens; make one, or (with ``revoke``) end one."""
    if request.method == "POST":
        return _revoked(request) if "revoke" in request.POST else _made(request)
    if "revoke" in request.GET:
        return _show(request, "revoke", _described(_own(request.GET["revoke"], origin_of(request).actor)))
    return _tokens(request, TokenForm())


def _tokens(request: HttpRequest, form: TokenForm, *, status: int = 200) -> HttpResponse:
    by = origin_of(request)
    newest_first = sorted(accounts.tokens_of(by.actor.name, by.actor), key=lambda token: token.created, reverse=True)
    rows = [_described(token) | {"over": _is_over(token, by)} for token in newest_first]
    return _show(request, "tokens", {"rows": rows, "form": form, "once": once.new_key()}, status=status)


def _made(request: HttpRequest) -> HttpResponseBase:
    """The one answer that has the secret: no redirect could carry it to another one."""
    by, form = origin_of(request), TokenForm(request.POST)
    if once.is_done(request):
        return once.done_already(
            request,
            reverse("tokens"),
            "the token is in the list below; its secret was shown once. If it is lost, "
            "revoke the token and create another.",
        )
    if not form.is_valid():
        return _tokens(request, form, status=400)
    try:
        secret, token = accounts.issue(
            by.actor.name,
            scopes=form.cleaned_data["scopes"],
            by=by,
            description=form.cleaned_data["description"],
            projects=form.cleaned_data["projects"],
            expires=form.end(by.time),
        )
    except errors.PackagesError as error:
        form.add_error(None, str(error))
        return _tokens(request, form, status=refused(error))
    once.remember(request)
    context = {
        "secret": secret,
        "commands": _commands(secret, token, root_of(request)),
        "missing": _missing(token.projects or ()),
    }
    response = _show(request, "token", _described(token) | context)
    response["Cache-Control"] = "no-store"
    return response


def _revoked(request: HttpRequest) -> HttpResponseBase:
    by = origin_of(request)
    token = _own(request.POST["revoke"], by.actor)
    accounts.revoke(token.id, by=by)
    messages.success(request, f"The token “{token.description or token.id}” is revoked: nobody gets in by it any more.")
    return HttpResponseRedirect(reverse("tokens"))


def _own(token_id: str, actor: Actor) -> TokenInfo:
    """One's own token; others' are not told of here, whoever asks."""
    for token in accounts.tokens_of(actor.name, actor):
        if token.id == token_id:
            return token
    raise errors.NotFound("You have no such token: perhaps it was revoked already, or has expired.")


def _shares(actor: Actor, roles: Iterable[tuple[NormalizedName, ProjectRole]]) -> Iterator[Share]:
    roles = list(roles)
    known = catalog.find_projects([name for name, _ in roles])
    for name, role in roles:
        project = known.get(name)
        standing = Standing(name=name) if project is None else permissions.standing(name, project)
        yield Share(
            name=name,
            role=role,
            status="" if project is None or project.status == "active" else project.status,
            removed=project is None or project.removed,
            works_on=why_not(actor, Action.CURATE, standing, permissions.policy()) is None,
        )


def _missing(names: Iterable[NormalizedName]) -> list[NormalizedName]:
    """Those that no project has (yet): a token for them is fine, but perhaps mistyped."""
    names = sorted(names)
    known = catalog.find_projects(names)
    return [name for name in names if not permissions.standing(name, known.get(name)).taken]


def _commands(secret: str, token: TokenInfo, root: str) -> list[tuple[str, str]]:
    """What to do with a token, as far as it may: what it is called, and the command."""
    name = min(token.projects) if token.projects else "NAME"
    scheme, _, rest = root.partition("://")
    found = []
    if Scope.READ in token.scopes:
        index = f"--index-url {scheme}://__token__:{secret}@{rest}simple/ {name}"
        found += [("pip", f"pip install {index}"), ("uv", f"uv pip install {index}")]
    if Scope.PUBLISH in token.scopes:
        upload = f"{root}legacy/"
        twine = f"TWINE_USERNAME=__token__ TWINE_PASSWORD={secret} twine upload --repository-url {upload} dist/*"
        found += [("twine", twine), ("uv publish", f"UV_PUBLISH_TOKEN={secret} uv publish --publish-url {upload}")]
    if token.scopes == {Scope.MANAGE}:
        found.append(("curl", f"curl -H 'Authorization: Bearer {secret}' {root}api/"))
    return found


def _described(token: TokenInfo) -> dict[str, Any]:
    return {
        "token": token,
        "called": token.description or token.id,
        "scopes": [scope for scope in Scope if scope in token.scopes],
        "names": None if token.projects is None else sorted(token.projects),
    }


def _is_over(token: TokenInfo, by: Origin) -> bool:
    return token.expires is not None and token.expires <= by.time


def _show(request: HttpRequest, name: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    common = {"section": "account", "part": name}
    return show(request, f"web/account/{name}.html", {**common, **context}, status=status)
