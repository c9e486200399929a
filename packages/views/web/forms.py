"""The forms of our pages: what they ask, and in which shape it must be."""

from typing import Any

from django import forms

from packages.accounts import LONGEST_NAME, LONGEST_PASSWORD


class Form(forms.Form):
    """A form as our pages show it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})


class LoginForm(Form):
    """A name and a password."""

    name = forms.CharField(
        label="User name",
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    # Passwords may begin and end with spaces.
    password = forms.CharField(
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
