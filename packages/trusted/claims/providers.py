"""Which providers there are, and what is asked of each: what it registers, and whether a claim set fits that."""

import hashlib
import json
import re
from collections.abc import Mapping

from packages.errors import InvalidRequest
from packages.trusted.claims import github, gitlab, google, oidc
from packages.trusted.claims.rules import LONGEST_VALUE, Claims, Field, Fields, Provider, folded, shown

GITHUB, GITLAB, GOOGLE, OIDC = "github", "gitlab", "google", "oidc"
MOST_CLAIMS = 20

_PROVIDERS: dict[str, Provider] = {
    GITHUB: github.PROVIDER,
    GITLAB: gitlab.PROVIDER,
    GOOGLE: google.PROVIDER,
    OIDC: oidc.PROVIDER,
}
PROVIDERS = tuple(_PROVIDERS)


def read_fields(provider: str, given: Mapping[str, object]) -> dict[str, str]:
    """What a publisher is registered with, checked, without optional fields that are empty. Raises InvalidRequest."""
    kind = _PROVIDERS.get(provider)
    if kind is None:
        raise InvalidRequest(f"There is no provider {provider[:64]!a}; it is one of {', '.join(_PROVIDERS)}.")
    known: dict[str, Field] = {**kind.fields}
    if kind.further is not None:
        known |= {name: kind.further(name) for name in given if name not in known}
    unknown = sorted(ascii(name[:64]) for name in given if name not in known)
    if unknown:
        raise InvalidRequest(
            f"A publisher at {provider} has the fields {', '.join(known)}; it has no field {', '.join(unknown)}."
        )
    if len(known) > MOST_CLAIMS:
        raise InvalidRequest(f"A publisher has at most {MOST_CLAIMS} claims.")
    fields: dict[str, str] = {}
    for name, rule in known.items():
        value = given.get(name, "")
        if value == "" and rule.optional:
            continue
        if not isinstance(value, str) or not value.isprintable() or not re.fullmatch(rule.pattern, value):
            raise InvalidRequest(f"{name!r} is {shown(value)}, and must be {rule.takes}.")
        if value != value.strip():
            raise InvalidRequest(f"{name!r} is {shown(value)}, and must not begin or end with a space.")
        fields[name] = value
    return fields


def fields_of(provider: str) -> dict[str, str]:
    """What a publisher is registered with: the fields, and what each takes; optional ones say so."""
    rules = _PROVIDERS[provider].fields
    return {name: f"{rule.takes}{' (optional)' if rule.optional else ''}" for name, rule in rules.items()}


def identity(provider: str, issuer: str, fields: Fields) -> str:
    """The id of a publisher: the same for the same workload, however it is spelled; 16 hex digits."""
    rules = _PROVIDERS[provider].fields
    folds = {name for name, rule in rules.items() if rule.ignores_case}
    same = sorted((name, folded(value) if name in folds else value) for name, value in fields.items())
    text = json.dumps([provider, issuer, same], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def subject_of(provider: str, fields: Fields) -> str:
    """What a publisher is looked up by, together with its issuer."""
    return _PROVIDERS[provider].subject(fields)


def subject_in(provider: str, claims: Claims) -> str | None:
    """What to look publishers of a claim set up by; None if it does not say."""
    return _PROVIDERS[provider].claimed(claims)[:LONGEST_VALUE] or None


def why_not(provider: str, issuer: str, fields: Fields, claims: Claims) -> str | None:
    """None if verified claims are those of a publisher, else the sentence that says why not (without a full stop)."""
    return _PROVIDERS[provider].misfit(issuer, fields, claims)


def has_jti(provider: str) -> bool:
    """Whether every token of such an issuer has an identifier of its own."""
    return _PROVIDERS[provider].has_jti
