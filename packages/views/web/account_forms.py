"""The forms of one's own account: a new password, a new token."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from packaging.utils import NormalizedName

from packages.access import Scope
from packages.accounts import LONGEST_DESCRIPTION, LONGEST_PASSWORD
from packages.distributions import normalized_or_none
from packages.views.web.forms import Form

SCOPES = {
    Scope.READ: "install: read pages, files and metadata",
    Scope.PUBLISH: "publish: upload files, nothing else",
    Scope.MANAGE: "manage: everything else that you may do, such as yank and delete files",
}
NEVER, ON_A_DAY = "never", "day"
EXPIRIES = {
    "30": "in 30 days",
    "90": "in 90 days",
    "365": "in a year",
    NEVER: "never",
    ON_A_DAY: "on a day that I choose",
}
# Of what was typed, in characters, as far as it is repeated.
LONGEST_QUOTATION = 60


def _password(label: str, purpose: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=LONGEST_PASSWORD,
        # Passwords may begin and end with spaces.
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": purpose}),
    )


class PasswordForm(Form):
    """The password that there is, and the new one twice."""

    current = _password("Current password", "current-password")
    new = _password("New password", "new-password", "Ten characters or more; spaces are welcome.")
    again = _password("New password, once more", "new-password")

    def clean(self) -> dict[str, Any]:
        """Both must be the same."""
        given = {**self.cleaned_data}
        if "new" in given and "again" in given and given["new"] != given["again"]:
            self.add_error("again", "This is not the same as the new password above.")
        return given


class TokenForm(Form):
    """What a token is for, and until when."""

    description = forms.CharField(
        label="What it is for",
        help_text="So that you know it again, such as: CI of demo.",
        max_length=LONGEST_DESCRIPTION,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = forms.TypedMultipleChoiceField(
        label="What it may do",
        choices=[(scope.value, words) for scope, words in SCOPES.items()],
        coerce=Scope,
        initial=[Scope.READ.value],
        widget=forms.CheckboxSelectMultiple(),
        error_messages={"required": "Choose one or several."},
    )
    projects = forms.CharField(
        label="Only for these projects",
        help_text="Names with commas or spaces between them; empty means every project. "
        "A token that installs is best for every project, for projects need others.",
        required=False,
        max_length=20_000,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    expires = forms.ChoiceField(label="It expires", choices=list(EXPIRIES.items()), initial="90")
    day = forms.DateField(
        label="On which day",
        help_text="As in 2027-01-31; at its beginning, in UTC.",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a day as in 2027-01-31."},
    )

    def clean_projects(self) -> frozenset[NormalizedName] | None:
        """The names, normalised; None for every project."""
        found = {written: normalized_or_none(written) for written in re.split(r"[,\s]+", self.cleaned_data["projects"])}
        found.pop("", None)
        wrong = [written for written, name in found.items() if name is None]
        if wrong:
            raise ValidationError(f"{wrong[0][:LONGEST_QUOTATION]!r} cannot be the name of a project.")
        return frozenset(cast("list[NormalizedName]", list(found.values()))) or None

    def clean(self) -> dict[str, Any]:
        """A day is given if, and only if, it is what was chosen."""
        given = {**self.cleaned_data}
        if "day" not in given or "expires" not in given:
            return given
        if given["expires"] == ON_A_DAY and given["day"] is None:
            self.add_error("day", "Say on which day.")
        if given["expires"] != ON_A_DAY and given["day"] is not None:
            self.add_error("expires", f"Choose “{EXPIRIES[ON_A_DAY]}”, or leave the day empty.")
        return given

    def end(self, now: datetime) -> datetime | None:
        """When it is to expire."""
        chosen = self.cleaned_data["expires"]
        if chosen == NEVER:
            return None
        if chosen == ON_A_DAY:
            return datetime.combine(self.cleaned_data["day"], time(), tzinfo=UTC)
        return now + timedelta(days=int(chosen))
