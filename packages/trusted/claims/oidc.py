"""Any other issuer: of its claims those count that were registered, whichever they are."""

import json
import re

from packages.errors import InvalidRequest
from packages.trusted.claims.rules import LONGEST_VALUE, SUB, Claims, Field, Fields, Provider, shown, text_of

# What these claims say is looked at in every token, or differs in each.
_NOT_FIELDS = {"iss", "aud", "exp", "iat", "nbf", "jti"}


def _further(name: str) -> Field:
    if name in _NOT_FIELDS or not re.fullmatch(r"[A-Za-z0-9_./:-]{1,100}", name):
        raise InvalidRequest(
            f"{name[:64]!a} cannot be a claim to register: it takes a name of letters, digits and '_./:-', "
            f"but none of {', '.join(sorted(_NOT_FIELDS))}."
        )
    return Field(pattern=rf".{{1,{LONGEST_VALUE}}}", takes="the value of that claim, to the letter")


def _misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    for name, expected in fields.items():
        value = claims.get(name)
        if isinstance(value, bool | int):
            # As JSON writes it.
            value = json.dumps(value)
        if value != expected:
            return f"the claim {name!r} is {shown(claims.get(name))}, not {expected!a}"
    return None


PROVIDER = Provider(
    fields={"sub": SUB},
    subject=lambda fields: fields["sub"],
    claimed=lambda claims: text_of(claims, "sub"),
    misfit=_misfit,
    further=_further,
)
