"""The legacy upload API: ``POST`` of a distribution as a form, at the addresses that publishing tools know."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from packages import publishing
from packages.access import Action
from packages.auth import origin_of, requires
from packages.forms import read_upload_form
from packages.receiving import receive
from packages.views.answers import plain


# Tools authenticate each request by its header, never by a cookie, so there is nothing to forge.
@csrf_exempt
@requires(Action.PUBLISH)
def upload(request: HttpRequest) -> HttpResponseBase:
    """``POST /legacy/``: publish one file. 200 with an empty body, as PyPI answers."""
    fields, file = receive(request)
    form = read_upload_form(fields)
    received = file()
    form.check_file(received)
    publishing.publish(
        received,
        by=origin_of(request),
        overwrite=settings.OVERWRITE,
        expect=form.check_metadata,
    )
    return HttpResponse(content_type="text/plain; charset=utf-8")


@require_safe
@requires(Action.READ)
def explain(request: HttpRequest) -> HttpResponseBase:
    """``GET /legacy/``: what this address is for, as a 405."""
    response = plain(
        request,
        405,
        "This is the upload address: twine, uv and other publishing tools POST to it; on AWS files of more than 4 MB "
        "need 'twine upload-direct'. Install from /simple/.",
    )
    response["Allow"] = "POST"
    return response
