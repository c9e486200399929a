"""Addresses. Those of uploads answer with and without the last slash: publishing tools refuse redirects."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from packages.views import answers, files, home, json_api, simple, uploads

View = Callable[[HttpRequest], HttpResponseBase]


def upload_or(page: View) -> View:
    """An address where tools POST and people GET."""

    @csrf_exempt
    def dispatch(request: HttpRequest) -> HttpResponseBase:
        return uploads.upload(request) if request.method == "POST" else page(request)

    return dispatch


urlpatterns = [
    path("", upload_or(home.home), name="home"),
    path("legacy", upload_or(uploads.explain)),
    path("legacy/", upload_or(uploads.explain), name="legacy"),
    path("simple", upload_or(simple.project_list)),
    path("simple/", upload_or(simple.project_list), name="simple"),
    path("simple/<str:name>", simple.project_detail),
    path("simple/<str:name>/", simple.project_detail, name="project"),
    # hatch looks up below the upload address what is there already.
    path("+simple/<str:name>/", simple.project_detail),
    path("legacy/+simple/<str:name>/", simple.project_detail),
    path("simple/+simple/<str:name>/", simple.project_detail),
    path("packages/<str:filename>", files.by_filename),
    path("packages/<str:name>/<str:filename>", files.download, name="download"),
    path("pypi/<str:name>/json", json_api.project_json),
    path("pypi/<str:name>/json/", json_api.project_json),
    path("pypi/<str:name>/<str:version>/json", json_api.project_json),
    path("pypi/<str:name>/<str:version>/json/", json_api.project_json),
    path("health", home.health),
    path("health/", home.health, name="health"),
]

handler400 = answers.bad_request
handler404 = answers.not_found
handler500 = answers.fault
