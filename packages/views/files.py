"""Downloads: a distribution file, or its core metadata, at an address that stays."""

from email.utils import formatdate
from urllib.parse import quote

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from packaging.utils import canonicalize_name

from packages import catalog, downloads, permissions, storage
from packages.access import Action
from packages.auth import origin_of, requires
from packages.distributions import METADATA_SUFFIX, WHEEL, DistributionFile
from packages.errors import NotAllowed, NotFound
from packages.models import SignedUrl
from packages.views.answers import plain
from packages.views.ranges import Window, requested_part

# What is read at once where a server has no sendfile.
BLOCK = 256 * 1024


@require_safe
@requires(Action.READ)
def download(request: HttpRequest, name: str, filename: str) -> HttpResponseBase:
    """``GET /packages/<project>/<filename>[.metadata]``: the bytes, or the way to them."""
    wanted = filename.removesuffix(METADATA_SUFFIX)
    file, address = catalog.find_file(canonicalize_name(name), wanted)
    if wanted == filename:
        return _distribution(request, file, address)
    if file.packagetype != WHEEL:
        # An sdist's metadata may change when it is built, so none is promised (PEP 643, 658).
        raise NotFound(f"There is no core metadata for {wanted}: the index serves it for wheels.")
    response = _unless_known(request, file, METADATA_SUFFIX)
    return response or _metadata(file)


@require_safe
@requires(Action.READ)
def by_filename(request: HttpRequest, filename: str) -> HttpResponseBase:
    """``GET /packages/<filename>``: the address that files had in elasticpypi."""
    suffix = METADATA_SUFFIX if filename.endswith(METADATA_SUFFIX) else ""
    project = catalog.project_of_file(filename.removesuffix(suffix))
    try:
        permissions.check(origin_of(request).actor, Action.READ, project)
    except NotAllowed:
        # Of projects that its token is not for, nobody learns that they are there.
        raise NotFound(f"There is no file {filename!a} in this index.") from None
    return _redirect(f"{project}/{quote(filename, safe='+!')}")


def _metadata(file: DistributionFile) -> HttpResponseBase:
    content = storage.read(file.metadata_key)
    if len(content) > settings.STREAM_LIMIT:
        # A README of megabytes is as much too large for Lambda's answer as a file is.
        address = storage.signed_url(file.metadata_key, int(downloads.LIFETIME.total_seconds()))
        if address is not None:
            return _redirect(address)
    return _described(HttpResponse(content), file, METADATA_SUFFIX)


def _distribution(request: HttpRequest, file: DistributionFile, known: SignedUrl | None) -> HttpResponseBase:
    response = _unless_known(request, file)
    if response is not None:
        return response
    if request.method == "HEAD":
        # Answered here even when GET is a redirect: a signed URL refuses HEAD, and pip crashes on a redirect.
        response = HttpResponse()
        response["Content-Length"] = str(file.size)
        return _described(response, file)
    if file.size > settings.STREAM_LIMIT:
        address = downloads.address_of(file, known, timezone.now())
        if address is not None:
            return _redirect(address)
    part = requested_part(request, file.size, etag=_etag(file.sha256), modified=_modified(file))
    if part is not None and part.length <= 0:
        response = plain(request, 416, f"{file.filename} has {file.size} bytes; the range asked for lies outside.")
        response["Content-Range"] = f"bytes */{file.size}"
        return response
    content = storage.open_file(file.key)
    if part is None:
        response = FileResponse(content)
        response["Content-Length"] = str(file.size)
    else:
        response = FileResponse(Window(content, part), status=206)
        response["Content-Length"] = str(part.length)
        response["Content-Range"] = f"bytes {part.first}-{part.last}/{file.size}"
    response.block_size = BLOCK
    return _described(response, file)


def _redirect(location: str) -> HttpResponse:
    # 302, and not to be kept: a 301 would send clients to a signed address long after it has expired.
    response = HttpResponse(status=302)
    response["Location"] = location
    response["Cache-Control"] = "no-store"
    return response


def _unless_known(request: HttpRequest, file: DistributionFile, suffix: str = "") -> HttpResponseBase | None:
    """A 304 (or 412) for a client that has these bytes already."""
    etag = _etag(_sha256(file, suffix))
    response = get_conditional_response(request, etag=etag, last_modified=_modified(file))
    return None if response is None else _described(response, file, suffix)


def _described(response: HttpResponseBase, file: DistributionFile, suffix: str = "") -> HttpResponseBase:
    response["Content-Type"] = "application/octet-stream"
    # A browser keeps it, and shows nothing of it. The name is the address's own: pip believes this one.
    response["Content-Disposition"] = str(content_disposition_header(True, f"{file.filename}{suffix}"))
    response["ETag"] = _etag(_sha256(file, suffix))
    response["Last-Modified"] = formatdate(_modified(file), usegmt=True)
    response["Accept-Ranges"] = "bytes"
    audience = "public" if settings.PUBLIC_READ else "private"
    # Where files may be overwritten, a client has to ask whether its copy is still the one.
    freshness = "no-cache" if settings.OVERWRITE else storage.FOREVER
    response["Cache-Control"] = f"{audience}, {freshness}"
    return response


def _sha256(file: DistributionFile, suffix: str) -> str:
    return file.metadata_sha256 if suffix else file.sha256


def _etag(sha256: str) -> str:
    return f'"{sha256}"'


def _modified(file: DistributionFile) -> int:
    return int(file.upload_time.timestamp())
