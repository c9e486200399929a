"""Whether the index is well."""

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.views.decorators.http import require_safe

from packages import catalog, storage


@require_safe
def health(request: HttpRequest) -> HttpResponseBase:
    """``GET /health/``: 200 if the storage and the index answer, else 503; open to monitors."""
    catalog.project_list()
    storage.check()
    response = JsonResponse({"status": "ok"})
    response["Cache-Control"] = "no-store"
    return response
