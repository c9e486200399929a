"""The forms of a project's management."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundWidget

from packages.access import ProjectRole
from packages.accounts import LONGEST_NAME
from packages.distributions import normalized_or_none
from packages.publishing.curation import LONGEST_REASON
from packages.simple_api import ACTIVE, ARCHIVED, DEPRECATED, QUARANTINED
from packages.trusted.claims import LONGEST_VALUE, OIDC, fields_of
from packages.views.web.forms import Form

# What each status means to whoever uploads and installs (PEP 792).
STATUS_WORDS = {
    ACTIVE: ("Active", "Takes uploads. Listed, and installed from."),
    DEPRECATED: (
        "Deprecated",
        "Takes uploads. Listed, and installed from; its page says that it is superseded.",
    ),
    ARCHIVED: ("Archived", "Takes no uploads. Listed, and installed from; its page says that it gets no updates."),
    QUARANTINED: ("Quarantined", "Takes no uploads. Not listed, and nobody can install from it or download its files."),
}
PROVIDER_WORDS = {
    "github": "GitHub Actions",
    "gitlab": "GitLab CI/CD",
    "google": "Google Cloud",
    "oidc": "Another issuer (OpenID Connect)",
}

# For names, which browsers neither know nor correct.
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class TypedForm(Form):
    """That somebody typed the name of what is to go."""

    typed = forms.CharField(max_length=300, widget=forms.TextInput(attrs=_PLAIN))

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed"].label = f"Type {name} to confirm"

    def clean_typed(self) -> str:
        """The name as it is, or (a project's) as it may be spelled."""
        typed: str = self.cleaned_data["typed"]
        if self.name not in {typed, normalized_or_none(typed)}:
            raise forms.ValidationError(f"That is not {self.name}: type it to go on.")
        return typed


class ReasonForm(Form):
    """Why something is yanked."""

    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=LONGEST_REASON,
        help_text="Installers and the project's page show it. It may be empty.",
    )


class StatusForm(Form):
    """A project's status, and why it has it."""

    status = forms.ChoiceField(widget=forms.RadioSelect)
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=LONGEST_REASON,
        help_text="The project's page shows it. It may be empty.",
    )

    def __init__(self, *args: Any, quarantines: bool, has_reason: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_reason:
            # Which was given for the status as it is, and says nothing about another one.
            self.fields["reason"].help_text = (
                "The project's page shows it in place of the reason above. "
                "If it is empty, the project has no reason any more, even if its status stays the same."
            )
        words = {name: words for name, (words, _) in STATUS_WORDS.items() if quarantines or name != QUARANTINED}
        field = self.fields["status"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(words.items())

    def radios(self) -> Iterator[tuple[BoundWidget, str]]:
        """Each status to choose, and what it means."""
        for radio in self["status"]:
            yield radio, STATUS_WORDS[radio.data["value"]][1]


class GrantForm(Form):
    """Who gets which role."""

    account = forms.CharField(
        label="Account",
        max_length=LONGEST_NAME,
        help_text="The user name by which somebody logs in here.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    role = forms.ChoiceField(
        label="Role",
        choices=[(ProjectRole.MAINTAINER.value, "Maintainer"), (ProjectRole.OWNER.value, "Owner")],
    )


class PublisherForm(Form):
    """Which workload at a provider publishes: the fields that a publisher of this kind is registered with."""

    def __init__(self, *args: Any, provider: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider
        for name, takes in fields_of(provider).items():
            self.fields[name] = forms.CharField(
                label=_LABELS.get((provider, name)) or name.replace("_", " ").capitalize(),
                required=not takes.endswith("(optional)"),
                max_length=LONGEST_VALUE,
                # What begins or ends with a space is refused with a sentence, not changed.
                strip=False,
                help_text=f"{takes[0].upper()}{takes[1:]}.",
                widget=forms.TextInput(attrs=_PLAIN),
            )
        self.taken = list(self.fields)
        if provider == OIDC:
            self.fields["claims"] = forms.CharField(
                label="Further claims",
                required=False,
                max_length=8000,
                help_text="What else its identity tokens must claim, each on a line of its own, as in branch=main.",
                widget=forms.Textarea(attrs={**_PLAIN, "rows": 3}),
            )
        issuers = [address for address, kind in settings.TRUSTED_ISSUERS.items() if kind == provider]
        if len(issuers) > 1:
            self.fields["issuer"] = forms.ChoiceField(label="Issuer", choices=[(one, one) for one in issuers])

    def clean_claims(self) -> dict[str, str]:
        """The further claims by their names."""
        found: dict[str, str] = {}
        for line in filter(None, map(str.strip, self.cleaned_data["claims"].splitlines())):
            name, equals, value = (part.strip() for part in line.partition("="))
            if not equals or name in found or name in self.taken:
                raise forms.ValidationError(f"{line[:100]!a} is not one more claim: write name=value, each name once.")
            found[name] = value
        return found

    def registered(self) -> dict[str, str]:
        """What to register, of a form that is valid."""
        return {name: self.cleaned_data[name] for name in self.taken} | self.cleaned_data.get("claims", {})


_LABELS = {
    ("github", "repository_owner_id"): "Number of the repository's owner",
    ("github", "workflow_filename"): "Workflow file",
    ("gitlab", "namespace"): "Group or user",
    ("gitlab", "workflow_filepath"): "Pipeline file",
    ("google", "email"): "Service account",
    ("google", "sub"): "Subject (sub)",
    ("oidc", "sub"): "Subject (sub)",
}


def providers() -> dict[str, str]:
    """The kinds of issuers that this index trusts, and what they are called."""
    kinds = set(settings.TRUSTED_ISSUERS.values())
    return {kind: words for kind, words in PROVIDER_WORDS.items() if kind in kinds}
