"""A project's trusted publishers: which workloads publish to it without a password or a token."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from packages import trusted
from packages.auth import origin_of
from packages.errors import InvalidRequest, NotFound, PackagesError
from packages.trusted import PublisherInfo
from packages.views.web.project.claims import in_words
from packages.views.web.project.forms import PublisherForm, providers
from packages.views.web.project.opening import Managed, managing, sentence_of, show_tab


@managing
def publishers(request: HttpRequest, managed: Managed) -> HttpResponse:
    """``GET /project/<name>/manage/publishers/``: which there are; ``POST``: register or remove one."""
    found = trusted.publishers_of(managed.name, managed.actor)
    if request.method != "POST":
        return _list(request, managed, found)
    try:
        if request.POST.get("change") == "register":
            return _register(request, managed, found)
        if request.POST.get("change") == "remove":
            return _remove(request, managed, found)
        raise InvalidRequest("Say what to do: register a trusted publisher, or remove one.")
    except PackagesError as error:
        sentence, status = sentence_of(error)
        return _list(request, managed, found, {"refusal": sentence}, status=status)


def _register(request: HttpRequest, managed: Managed, found: list[PublisherInfo]) -> HttpResponse:
    provider = request.POST.get("provider", "")
    if provider not in providers():
        raise InvalidRequest("Say first where the workload runs: choose one of the providers.")
    form, status = PublisherForm(request.POST, provider=provider), 400
    if form.is_valid():
        issuer = form.cleaned_data.get("issuer")
        try:
            made = trusted.register(managed.name, provider, form.registered(), by=origin_of(request), issuer=issuer)
        except PackagesError as error:
            sentence, status = sentence_of(error)
            # The sentence begins with the field that it is about, if it is about one.
            form.add_error(next((name for name in form.taken if sentence.startswith(f"'{name}' is ")), None), sentence)
        else:
            messages.success(request, f"Registered: {in_words(made.provider, made.fields)} may publish now.")
            return _to_publishers(managed)
    return _list(request, managed, found, {"form": form, "provider": provider}, status=status)


def _remove(request: HttpRequest, managed: Managed, found: list[PublisherInfo]) -> HttpResponse:
    publisher_id = request.POST.get("publisher", "")
    known = next((info for info in found if info.id == publisher_id), None)
    if known is None:
        raise NotFound("There is no such trusted publisher any more: look at those that there are.")
    if "confirmed" not in request.POST:
        return show_tab(request, managed, "web/project/publisher.html", {"publisher": _described(known)})
    trusted.withdraw(managed.name, publisher_id, by=origin_of(request))
    messages.success(request, f"Removed: {in_words(known.provider, known.fields)} may not publish any more.")
    return _to_publishers(managed)


def _list(
    request: HttpRequest,
    managed: Managed,
    found: list[PublisherInfo],
    context: Mapping[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    kinds = providers()
    chosen = request.GET.get("provider", "")
    context = {"provider": chosen if chosen in kinds else "", **(context or {})}
    if context["provider"] and "form" not in context:
        context["form"] = PublisherForm(provider=context["provider"])
    # What to write into a workflow: of the provider that is being registered, or of those that are.
    told = {context["provider"]} if context["provider"] else {info.provider for info in found if not info.pending}
    common = {
        "publishers": [_described(info) for info in found],
        "providers": kinds,
        "provider_words": kinds.get(context["provider"], ""),
        "told": sorted(told),
        "upload_address": reverse("legacy").removeprefix(reverse("home")),
        "audience": settings.OIDC_AUDIENCE,
        "audience_variable": re.sub(r"[^A-Z0-9]", "_", settings.OIDC_AUDIENCE.upper()) + "_ID_TOKEN",
        # PEP 807: of the same host, and by https.
        "mint_address": f"https://{request.get_host()}/_/oidc/mint-token",
        "switched_off": not settings.TRUSTED_PUBLISHING,
    }
    return show_tab(request, managed, "web/project/publishers.html", {**common, **context}, status=status)


def _described(info: PublisherInfo) -> dict[str, Any]:
    words = providers().get(info.provider, info.provider)
    return {"info": info, "words": in_words(info.provider, info.fields), "provider": words}


def _to_publishers(managed: Managed) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("project-publishers", kwargs={"name": managed.name}))
