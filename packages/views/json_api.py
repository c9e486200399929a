"""``GET /pypi/<project>[/<version>]/json``: what bandersnatch, renovate and pip-tools read."""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.cache import get_conditional_response
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe
from packaging.version import Version

from packages import catalog, json_api, storage
from packages.access import Action
from packages.auth import requires
from packages.distributions import DistributionFile, latest_version, normalized_or_none, version_or_none
from packages.errors import NotFound
from packages.metadata import parse_metadata
from packages.simple_api import file_url
from packages.views.answers import root_of


@require_safe
@requires(Action.READ)
def project_json(request: HttpRequest, name: str, version: str | None = None) -> HttpResponseBase:
    """A project with its latest release, or one release of it."""
    normalized = normalized_or_none(name)
    if normalized is None:
        raise NotFound(f"{name!a} is not a project name.")
    if normalized != name:
        # From /pypi/<name>/[<version>/]json[/], as many steps up as there are slashes behind the name.
        rest = ([] if version is None else [quote(version, safe="+!")]) + ["json"]
        rest += [""] if request.path_info.endswith("/") else []
        response = HttpResponse(status=301)
        response["Location"] = f"{'../' * len(rest)}{'/'.join([normalized, *rest])}"
        return response
    project = catalog.find_project(normalized)
    root = root_of(request)
    digest = salted_hmac("json", f"{root}:{version}:{normalized}:{project.serial}", algorithm="sha256").hexdigest()
    etag = f'"{digest[:32]}"'
    known = get_conditional_response(request, etag=etag)
    if known is None:
        files = catalog.files_of(project)
        chosen = latest_version(files) if version is None else _known_version(files, version)
        if chosen is None:
            raise NotFound(f"There is no release {version or ''} of the project {normalized}.".replace("  ", " "))

        def url_for(file: DistributionFile) -> str:
            return root + file_url(file)

        # 1.0 and 1.0.0 are one release, though two files may say it differently.
        release = [file for file in files if Version(file.version) == Version(chosen)]
        source = json_api.metadata_source(release)
        assert source is not None, "a release has files"
        metadata = parse_metadata(storage.read(source.metadata_key), source.packagetype)
        answer = {
            "info": json_api.release_info(metadata, release, project_url=f"{root}simple/{normalized}/"),
            "last_serial": int(project.serial),
            "ownership": {"organization": None, "roles": []},
            "urls": [json_api.file_info(file, url_for(file)) for file in release],
            "vulnerabilities": [],
        }
        if version is None:
            answer["releases"] = json_api.release_files(files, url_for)
        known = JsonResponse(answer)
    known["Content-Type"] = "application/json"
    known["ETag"] = etag
    known["Cache-Control"] = "private, no-cache"
    known["X-PyPI-Last-Serial"] = str(int(project.serial))
    return known


def _known_version(files: list[DistributionFile], version: str) -> str | None:
    wanted = version_or_none(version)
    return next((file.version for file in files if Version(file.version) == wanted), None)
