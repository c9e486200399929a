"""What a provider is: which fields a publisher of it is registered with, and how its claims are compared with them."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Claims = Mapping[str, object]
Fields = Mapping[str, str]

LONGEST_VALUE = 255
LONGEST_SHOWN = 200

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One thing to register: what it must look like, and the words for that."""

    pattern: str
    takes: str
    optional: bool = False
    ignores_case: bool = False


@dataclass(frozen=True, kw_only=True)
class Provider:
    """How to read one kind of issuer."""

    fields: Mapping[str, Field]
    # What publishers are looked up by: of a publisher, and of a claim set (empty: it does not say).
    subject: Callable[[Fields], str]
    claimed: Callable[[Claims], str]
    # Why a claim set does not fit a publisher of this issuer.
    misfit: Callable[[str, Fields, Claims], str | None]
    # Whether its tokens have identifiers of their own.
    has_jti: bool = False
    # What any further claim takes that is registered; None: there are no others.
    further: Callable[[str], Field] | None = None


YAML = r"\.ya?ml"
ENVIRONMENT = Field(pattern=rf".{{1,{LONGEST_VALUE}}}", takes="the name of a deployment environment", optional=True)
SUB = Field(pattern=rf".{{1,{LONGEST_VALUE}}}", takes="the claim 'sub' of its identity tokens, to the letter")


def folded(text: str) -> str:
    """A text without regard to the case of its ASCII letters; of others no two are taken for the same."""
    return text.translate(_LOWER)


def text_of(claims: Claims, name: str) -> str:
    """A claim that is a text; empty if it is none."""
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def first(*reasons: str | None) -> str | None:
    """The first reason that there is."""
    return next((reason for reason in reasons if reason), None)


def differs(claims: Claims, name: str, expected: str, *, ignore_case: bool = False) -> str | None:
    """Why a claim is not what is expected."""
    value = text_of(claims, name)
    if value and (folded(value) == folded(expected) if ignore_case else value == expected):
        return None
    return f"the claim {name!r} is {shown(claims.get(name))}, not {expected!a}"


def differs_at(claims: Claims, name: str, *, where: str, path: str, refs: tuple[str, ...]) -> str | None:
    """Why a claim is not ``where`` (in any case) followed by ``path`` and ``@`` and one of the refs."""
    value = text_of(claims, name)
    for ref in refs:
        # Without a ref everything would be its end.
        if ref and value.endswith(f"@{ref}"):
            head = value.removesuffix(f"@{ref}")
            if folded(head[: len(where)]) == folded(where) and head[len(where) :] == path:
                return None
    known = " or ".join(ascii(ref[:LONGEST_SHOWN]) for ref in refs if ref) or "a ref"
    return f"the claim {name!r} is {shown(claims.get(name))}, not {where + path!a} at {known}"


def shown(value: object) -> str:
    """A claim in a sentence."""
    if value is None:
        return "missing"
    return ascii(value)[:LONGEST_SHOWN] if isinstance(value, str | int | float) else "no text"
