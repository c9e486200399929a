"""Lists, and what is done with many of their rows: asked for, confirmed by number, done one by one, told in full."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from packages.auth import origin_of
from packages.errors import PackagesError, Unavailable
from packages.journal import Origin
from packages.publishing.curation import LONGEST_REASON
from packages.views.web.forms import Form
from packages.views.web.manage.frame import show_part
from packages.views.web.manage.lists import Found, Table, digest_of
from packages.views.web.manage.undoing import DELETED, Undo, offer

R = TypeVar("R")

# A confirmation names so many.
NAMED = 10
# No further one is begun after so many seconds: a front door waits for half a minute.
LONGEST = 20.0


@dataclass(frozen=True, kw_only=True)
class Change(Generic[R]):
    """Something to do with rows; ``on`` says with which there is something to do."""

    name: str
    verb: str
    done: str
    on: Callable[[R], bool]
    do: Callable[[R, str, Origin], object]
    effects: Sequence[str]
    # What a reason is for; empty: it is not asked for.
    reason: str = ""
    # What goes by it: then the number has to be typed, or the name if it is one.
    dangerous: bool = False


class ConfirmForm(Form):
    """What a confirmation asks for."""

    def __init__(self, *args: Any, reason: str, typed: str, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wanted = typed
        if reason:
            self.fields["reason"] = forms.CharField(
                label="Reason", required=False, max_length=LONGEST_REASON, help_text=reason
            )
        if typed:
            plain = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
            self.fields["typed"] = forms.CharField(label=label, max_length=300, widget=forms.TextInput(attrs=plain))

    def clean_typed(self) -> str:
        """Exactly what is wanted."""
        typed: str = self.cleaned_data["typed"]
        if typed != self._wanted:
            raise forms.ValidationError(f"That is not {self._wanted}: type it to go on.")
        return typed


@dataclass(frozen=True, kw_only=True)
class _Asked(Generic[R]):
    """A change, and the rows that it is asked for: ``doable`` are those of them with which there is something to do."""

    change: Change[R]
    chosen: Sequence[R]
    doable: Sequence[R]
    whole: bool


def list_page(
    request: HttpRequest,
    part: str,
    table: Table[R],
    rows: Sequence[R],
    changes: Sequence[Change[R]],
    *,
    more: Callable[[Sequence[R]], Sequence[Mapping[str, Any]]] | None = None,
    context: Mapping[str, Any] | None = None,
    undo: Undo[R] | None = None,
) -> HttpResponse:
    """A list, or what was posted to it. ``more`` tells of the rows of a page what the template wants beside them."""
    found = table.find(rows, request.GET)

    def show_list(*, refusal: str = "", status: int = 200) -> HttpResponse:
        page = found.page
        on_page = list(page.object_list)
        beside = more(on_page) if more is not None else [{} for _ in on_page]
        common = {
            "found": found,
            "page": page,
            "changes": changes,
            "shown": [{"row": row, **extra} for row, extra in zip(on_page, beside, strict=True)],
            "refusal": refusal,
            "undo": offer(undo, table, request.GET.get(DELETED, ""), origin_of(request).time),
        }
        return show_part(request, part, part.removeprefix("manage-"), {**common, **(context or {})}, status=status)

    return _answer(request, part, found, changes, show_list, undo) if request.method == "POST" else show_list()


def _answer(
    request: HttpRequest,
    part: str,
    found: Found[R],
    changes: Sequence[Change[R]],
    show_list: Callable[..., HttpResponse],
    undo: Undo[R] | None,
) -> HttpResponse:
    if undo is not None and "undo" in request.POST:
        return _undo(request, part, found, changes, show_list, undo)
    # By a row's own button: "yank demo/demo-1.0.tar.gz".
    name, _, only = request.POST.get("one", "").partition(" ")
    whole = not only and request.POST.get("everything") == "yes"
    change = next((one for one in changes if one.name == (name or request.POST.get("action", ""))), None)
    many = found.table.many
    if change is None:
        return show_list(refusal=f"Say what to do with the {many}: choose it from the list.", status=400)
    keys = [only] if only else request.POST.getlist("row")
    chosen = list(found.rows) if whole else found.picked(keys)
    if not chosen:
        return show_list(refusal=f"Nothing is checked: check {many} first, then say what to do.", status=400)
    asked = _Asked(change=change, chosen=chosen, doable=[row for row in chosen if change.on(row)], whole=whole)
    if not asked.doable:
        sentence = f"There is nothing to {change.verb.lower()} among what you chose: look at what it is now."
        return show_list(refusal=sentence, status=409)
    form = _form(request, found.table, asked)
    if "confirmed" not in request.POST:
        return _ask(request, part, found, asked, form)
    if request.POST.get("digest", "") != _digest(found.table, asked):
        sentence = "Something has changed meanwhile: this is what there is to do now."
        return _ask(request, part, found, asked, form, refusal=sentence, status=409)
    if not form.is_valid():
        return _ask(request, part, found, asked, form, status=400)
    return _do(request, part, found, asked, form.cleaned_data.get("reason", ""), undo)


def _undo(
    request: HttpRequest,
    part: str,
    found: Found[R],
    changes: Sequence[Change[R]],
    show_list: Callable[..., HttpResponse],
    undo: Undo[R],
) -> HttpResponse:
    """Restore what was deleted at a moment: who has just deleted it needs no confirmation."""
    rows, _ = undo.rows(request.POST["undo"], origin_of(request).time)
    if not rows:
        return show_list(refusal="There is nothing left to restore of this: look at what it is now.", status=409)
    change = next(one for one in changes if one.name == undo.by)
    return _do(request, part, found, _Asked(change=change, chosen=rows, doable=rows, whole=False), "", None)


def _form(request: HttpRequest, table: Table[R], asked: _Asked[R]) -> ConfirmForm:
    number, typed, label = len(asked.doable), "", ""
    if asked.change.dangerous:
        single = number == 1
        typed = table.name_of(asked.doable[0]) if single else str(number)
        label = f"Type {typed} to confirm" if single else f"Type the number of {table.many}, {typed}, to confirm"
    sent = request.POST if "confirmed" in request.POST else None
    return ConfirmForm(sent, reason=asked.change.reason, typed=typed, label=label)


def _ask(
    request: HttpRequest,
    part: str,
    found: Found[R],
    asked: _Asked[R],
    form: ConfirmForm,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    table, doable = found.table, asked.doable
    context = {
        "change": asked.change,
        "what": f"{asked.change.verb} {table.named(doable)}",
        "named": [table.name_of(row) for row in doable[:NAMED]],
        "more": len(doable) - NAMED,
        "left_out": len(asked.chosen) - len(doable),
        "whole": asked.whole,
        # What matches is found again; what was checked is sent again.
        "keys": [] if asked.whole else [table.key(row) for row in doable],
        "digest": _digest(table, asked),
        "form": form,
        "found": found,
        "refusal": refusal,
    }
    return show_part(request, part, "confirm", context, status=status)


def _do(
    request: HttpRequest, part: str, found: Found[R], asked: _Asked[R], reason: str, undo: Undo[R] | None
) -> HttpResponse:
    change, table, by = asked.change, found.table, origin_of(request)
    end, done, failed = time.monotonic() + LONGEST, list[R](), list[tuple[str, str]]()
    for row in asked.doable:
        if time.monotonic() >= end:
            break
        try:
            change.do(row, reason, by)
        except PackagesError as error:
            failed.append((table.name_of(row), str(error)))
            if isinstance(error, Unavailable):
                # The next ones would wait as long, in vain.
                break
        else:
            done.append(row)
    left = asked.doable[len(done) + len(failed) :]
    # What was deleted then is known by that, and can be restored by the next page.
    moment = by.time.isoformat() if undo is not None and undo.is_for(change.name) and done else ""
    if not failed and not left:
        address = request.path + found.address.rstrip("?")
        if moment:
            return HttpResponseRedirect(f"{address}{'&' if '?' in address else '?'}{urlencode({DELETED: moment})}")
        messages.success(request, f"{change.done} {table.named(done)}.")
        return HttpResponseRedirect(address)
    context = {
        "change": change,
        "what": f"{change.done} {len(done):,} of {table.counted(len(asked.doable))}",
        "failed": failed,
        "left": table.counted(len(left)) if left else "",
        "whole": asked.whole,
        "keys": [] if asked.whole else [table.key(row) for row in left],
        "found": found,
        "undo": offer(undo, table, moment, by.time),
    }
    return show_part(request, part, "outcome", context, status=200 if done else 409)


def _digest(table: Table[R], asked: _Asked[R]) -> str:
    # Of all that is known of the rows: who confirms has seen what there was to see.
    return digest_of([asked.change.name, *(repr(row) for row in asked.doable)])
