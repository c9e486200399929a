"""All trusted publishers: find them, register one for any name, remove many at once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods
from packaging.utils import NormalizedName

from packages import listings, trusted
from packages.auth import origin_of
from packages.distributions import normalized_or_none
from packages.errors import PackagesError
from packages.listings import PublisherRow
from packages.views.web.door import refused
from packages.views.web.manage.bulk import Change, list_page
from packages.views.web.manage.forms import ForNameForm
from packages.views.web.manage.frame import for_administrators, show_part
from packages.views.web.manage.lists import Column, Exact, Filter, Table
from packages.views.web.project.claims import in_words
from packages.views.web.project.forms import PROVIDER_WORDS, PublisherForm, providers


def _words(row: PublisherRow) -> str:
    words = in_words(row.provider, json.loads(row.claims))
    return words[0].upper() + words[1:]


TABLE = Table[PublisherRow](
    one="trusted publisher",
    many="trusted publishers",
    key=lambda row: f"{row.project}/{row.id}",
    called=lambda row: f"{_words(row)} for {row.project}",
    text=lambda row: f"{row.project}\n{_words(row)}\n{row.issuer}\n{row.registered_by}",
    searches="Project, or who publishes",
    columns=[
        Column(label="Project", name="project", by=lambda row: row.project),
        Column(label="Who publishes"),
        Column(label="Provider", name="provider", by=lambda row: row.provider),
        Column(label="Registered", name="created", by=lambda row: row.created),
        Column(label="By", name="by", by=lambda row: row.registered_by),
    ],
    filters=[
        Filter(
            name="kind",
            label="Provider",
            every="Any",
            choices={
                kind: (words, lambda row, kind=kind: row.provider == kind)  # type: ignore[misc]
                for kind, words in PROVIDER_WORDS.items()
            },
        ),
        Filter(
            name="state",
            label="State",
            every="Any",
            choices={
                "pending": ("Pending: no project yet", lambda row: row.pending),
                "there": ("Of a project that is there", lambda row: not row.pending),
            },
        ),
    ],
    exacts=[Exact(name="by", label="Registered by", values=lambda row: (row.registered_by,))],
    sort="project",
)
CHANGES = [
    Change[PublisherRow](
        name="remove",
        verb="Remove",
        done="Removed",
        on=lambda row: True,
        do=lambda row, reason, by: trusted.withdraw(NormalizedName(row.project), row.id, by=by),
        effects=["They publish no more. The tokens that they have got end at once."],
    )
]


@require_http_methods(["GET", "HEAD", "POST"])
@for_administrators()
def publishers(request: HttpRequest) -> HttpResponseBase:
    """``GET /manage/publishers/``: all trusted publishers; ``POST``: remove some; with ``new``, register one."""
    if "new" in request.GET:
        return _register(request)

    def words(rows: Sequence[PublisherRow]) -> list[Mapping[str, Any]]:
        return [{"words": _words(row), "provider": PROVIDER_WORDS.get(row.provider, row.provider)} for row in rows]

    context = {"switched_off": not settings.TRUSTED_PUBLISHING}
    rows = listings.publishers().rows
    return list_page(request, "manage-publishers", TABLE, rows, CHANGES, more=words, context=context)


def _register(request: HttpRequest) -> HttpResponse:
    kinds, provider, status = providers(), request.GET.get("provider", ""), 200
    forms: dict[str, ForNameForm | PublisherForm] = {}
    if provider in kinds:
        sent = request.POST if request.method == "POST" else None
        # A project, too, is among what some providers are asked for: the names are told apart by a prefix.
        whose, which = ForNameForm(sent, prefix="for"), PublisherForm(sent, provider=provider)
        forms = {"whose": whose, "which": which}
        if sent is not None:
            valid = [whose.is_valid(), which.is_valid()]
            status = _made(request, whose, which) if all(valid) else 400
            if status == 200:
                return HttpResponseRedirect(reverse("manage-publishers"))
    elif request.method == "POST":
        status = 400
    context = {"providers": kinds, "provider": provider, "provider_words": kinds.get(provider, ""), **forms}
    return show_part(request, "manage-publishers", "new_publisher", context, status=status)


def _made(request: HttpRequest, whose: ForNameForm, which: PublisherForm) -> int:
    """Register what two valid forms say; gives 200, or the status of a refusal, which they tell then."""
    name = normalized_or_none(whose.cleaned_data["name"])
    if name is None:
        whose.add_error("name", "This cannot be the name of a project: use letters, digits and . _ -")
        return 400
    try:
        made = trusted.register(
            name,
            which.provider,
            which.registered(),
            by=origin_of(request),
            issuer=which.cleaned_data.get("issuer"),
            owner=whose.cleaned_data["owner"] or None,
        )
    except PackagesError as error:
        sentence = str(error)
        which.add_error(next((field for field in which.taken if sentence.startswith(f"'{field}' is ")), None), sentence)
        return refused(error)
    then = f", and creates the project for {made.registered_by}" if made.pending else ""
    messages.success(request, f"Registered: {in_words(made.provider, made.fields)} may publish {name} now{then}.")
    return 200
