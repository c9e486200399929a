"""The forms of the administrators' pages."""

from typing import Any

from django import forms

from packages.access import Role
from packages.accounts import LONGEST_NAME
from packages.views.web.forms import Form

# What each role is for.
ROLE_WORDS = {
    Role.READER: "Reader: installs, and changes nothing",
    Role.PUBLISHER: "Publisher: also creates projects, and publishes to its own",
    Role.ADMIN: "Administrator: may do everything",
}
# For names, which browsers neither know nor correct.
PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class RoleForm(Form):
    """What an account may do."""

    role = forms.TypedChoiceField(
        label="Role", choices=[(role.value, words) for role, words in ROLE_WORDS.items()], coerce=Role
    )


class AccountForm(RoleForm):
    """A new account. Its password is made."""

    name = forms.CharField(
        label="User name",
        max_length=LONGEST_NAME,
        help_text="Up to 64 of a-z, 0-9 and . _ @ + -, as in carol or build-server.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    field_order = ("name", "role")


class DeleteForm(Form):
    """That an account is to go: its name typed."""

    typed = forms.CharField(max_length=LONGEST_NAME, widget=forms.TextInput(attrs=PLAIN))
    leave_ownerless = forms.BooleanField(required=False)

    def __init__(self, *args: Any, name: str, projects: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields["typed"].label = f"Type {name} to confirm"
        if not projects:
            del self.fields["leave_ownerless"]

    def clean_typed(self) -> str:
        """The name as it is."""
        typed: str = self.cleaned_data["typed"]
        if typed != self.name:
            raise forms.ValidationError(f"That is not {self.name}: type it to go on.")
        return typed


class ForNameForm(Form):
    """For which project a trusted publisher is registered, and whom a new one will belong to."""

    name = forms.CharField(
        label="Project",
        max_length=200,
        help_text="Of a name that nobody has yet, the publisher's first publication creates the project.",
        widget=forms.TextInput(attrs=PLAIN),
    )
    owner = forms.CharField(
        label="Account that a new project will belong to",
        required=False,
        max_length=LONGEST_NAME,
        help_text="Left empty, it will be yours. A project that is there keeps its owners: leave it empty then.",
        widget=forms.TextInput(attrs=PLAIN),
    )
