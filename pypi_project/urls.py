"""Addresses. Those of uploads answer with and without the last slash: publishing tools refuse redirects."""

import functools
from collections.abc import Callable, Iterator
from importlib import import_module

from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, re_path
from django.views.decorators.csrf import csrf_exempt

View = Callable[..., HttpResponseBase]


def view(name: str) -> View:
    """A view by its name, ``module.function``.

    Its room is opened by the first request for it, so that a cold start waits for no other one.
    """
    module, _, function = name.rpartition(".")

    @functools.cache
    def opened() -> View:
        found: View = getattr(import_module(f"packages.views.{module}"), function)
        return found

    def call(request: HttpRequest, **arguments: str) -> HttpResponseBase:
        return opened()(request, **arguments)

    return call


def post(change: View, page: View) -> View:
    """An address where tools POST and people GET. Tools bring their credentials, so there is nothing to forge."""

    @csrf_exempt
    def dispatch(request: HttpRequest, **arguments: str) -> HttpResponseBase:
        return change(request) if request.method == "POST" else page(request, **arguments)

    return dispatch


upload, explain = view("uploads.upload"), view("uploads.explain")
project_list, project_detail = view("simple.project_list"), view("simple.project_detail")
project_json = view("json_api.project_json")


def direct_uploads(base: str) -> Iterator[URLPattern]:
    """Reserve and finalize below an upload address; uv doubles the slash between them."""
    page = project_detail if base == "simple/" else explain
    for step in ("reserve", "finalize"):
        change = post(view(f"direct.{step}"), page)
        names = {"name": step} if page is project_detail else {}
        yield re_path(rf"^{base}(?:/)?{step}/?$", change, names)


def project_management() -> Iterator[URLPattern]:
    """The pages on which a project's owners and maintainers work; "manage" is no version."""
    yield path("project/<str:name>/manage/", view("web.project.files.files"), name="project-files")
    for part in ("people", "settings", "publishers"):
        yield path(f"project/<str:name>/manage/{part}/", view(f"web.project.{part}.{part}"), name=f"project-{part}")


def management() -> Iterator[URLPattern]:
    """The administrators' pages."""
    yield path("manage/", view("web.manage.overview.overview"), name="manage")
    for part in ("projects", "files", "accounts", "tokens", "publishers", "journal", "storage"):
        yield path(f"manage/{part}/", view(f"web.manage.{part}.{part}"), name=f"manage-{part}")
    yield path("manage/accounts/<path:name>/", view("web.manage.accounts.account"), name="manage-account")


urlpatterns = [
    path("", post(upload, view("web.browse.home")), name="home"),
    path("legacy", post(upload, explain)),
    path("legacy/", post(upload, explain), name="legacy"),
    *direct_uploads("legacy/"),
    *direct_uploads("simple/"),
    *direct_uploads(""),
    path("legacy/incoming", csrf_exempt(view("direct.put")), name="incoming"),
    path("simple", post(upload, project_list)),
    path("simple/", post(upload, project_list), name="simple"),
    path("simple/<str:name>", project_detail),
    path("simple/<str:name>/", project_detail, name="project"),
    # hatch looks up below the upload address what is there already.
    path("+simple/<str:name>/", project_detail),
    path("legacy/+simple/<str:name>/", project_detail),
    path("simple/+simple/<str:name>/", project_detail),
    path("packages/<str:filename>", view("files.by_filename")),
    path("packages/<str:name>/<str:filename>", view("files.download"), name="download"),
    path("pypi/<str:name>/json", project_json),
    path("pypi/<str:name>/json/", project_json),
    path("pypi/<str:name>/<str:version>/json", project_json),
    path("pypi/<str:name>/<str:version>/json/", project_json),
    re_path("^api(?:/|$)", csrf_exempt(view("api.answer")), name="api"),
    # At the root of the host: publishing tools ask there, whatever stands before the upload address.
    re_path("^_/oidc/audience/?$", view("oidc.audience"), name="audience"),
    re_path("^_/oidc/mint-token/?$", csrf_exempt(view("oidc.mint")), name="mint"),
    re_path("^_/oidc/burn-token/?$", csrf_exempt(view("oidc.burn")), name="burn"),
    re_path("^[.]well-known/pytp/?$", view("oidc.discover"), name="pytp"),
    path("search/", view("web.browse.search"), name="search"),
    path("project/<str:name>/", view("web.browse.project"), name="project-page"),
    *project_management(),
    path("project/<str:name>/<str:version>/", view("web.browse.release"), name="release-page"),
    path("login/", view("web.login.login"), name="login"),
    path("logout/", view("web.login.logout"), name="logout"),
    path("account/", view("web.account.account"), name="account"),
    path("account/password/", view("web.account.password"), name="password"),
    path("account/sessions/", view("web.account.sessions"), name="sessions"),
    path("account/tokens/", view("web.account.tokens"), name="tokens"),
    path("upload/", view("web.upload.upload"), name="upload"),
    path("upload/check/", view("web.upload.check"), name="upload-check"),
    path("upload/reserve/", view("web.upload.reserve"), name="upload-reserve"),
    path("upload/finalize/", view("web.upload.finalize"), name="upload-finalize"),
    *management(),
    path("static/<str:name>", view("assets.serve"), name="asset"),
    path("health", view("home.health")),
    path("health/", view("home.health"), name="health"),
]

handler400 = "packages.views.answers.bad_request"
handler404 = "packages.views.answers.not_found"
handler500 = "packages.views.answers.fault"
