"""What the identity tokens of trusted publishers must claim: pure rules, provider by provider.

A publisher is what somebody registered: fields that say which workload at an issuer may publish.
Claims are what an identity token says of the workload that shows it; here they are verified already.
"""

import hashlib
import json
import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from packages.errors import InvalidRequest

Claims = Mapping[str, object]
Fields = Mapping[str, str]

GITHUB, GITLAB, GOOGLE, OIDC = "github", "gitlab", "google", "oidc"

# By how much the clocks of an issuer and of this index may differ, in seconds.
LEEWAY = 30
# An identity token's own identifier becomes part of a key.
LONGEST_JTI = 500
LONGEST_VALUE = 255
MOST_CLAIMS = 20
LONGEST_SHOWN = 200
# About 36,000 years, in seconds: what is larger is no moment.
_LATEST = 2.0**40

# What the journal keeps of a claim set, where it is there.
_NOTED = (
    *("iss", "sub", "jti", "email", "environment", "ref", "sha"),
    *("repository", "job_workflow_ref", "event_name", "actor", "run_id"),
    *("project_path", "ci_config_ref_uri", "ref_path", "user_login", "pipeline_id", "job_id"),
)
# What these claims say is looked at in every token, or differs in each.
_NOT_FIELDS = {"iss", "aud", "exp", "iat", "nbf", "jti"}
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


@dataclass(frozen=True, kw_only=True)
class _Field:
    """One thing to register: what it must look like, and the words for that."""

    pattern: str
    takes: str
    optional: bool = False
    ignores_case: bool = False


_ENVIRONMENT = _Field(pattern=rf".{{1,{LONGEST_VALUE}}}", takes="the name of a deployment environment", optional=True)
_SUB = _Field(pattern=rf".{{1,{LONGEST_VALUE}}}", takes="the claim 'sub' of its identity tokens, to the letter")


@dataclass(frozen=True, kw_only=True)
class _Provider:
    """How to read one kind of issuer."""

    fields: Mapping[str, _Field]
    # What publishers are looked up by: of a publisher, and of a claim set (empty: it does not say).
    subject: Callable[[Fields], str]
    claimed: Callable[[Claims], str]
    # Why a claim set does not fit a publisher of this issuer.
    misfit: Callable[[str, Fields, Claims], str | None]
    # Whether its tokens have identifiers of their own.
    has_jti: bool = False
    # Whether further claims may be registered.
    open: bool = False


def read_fields(provider: str, given: Mapping[str, object]) -> dict[str, str]:
    """What a publisher is registered with, checked, without optional fields that are empty. Raises InvalidRequest."""
    kind = _PROVIDERS.get(provider)
    if kind is None:
        raise InvalidRequest(f"There is no provider {provider[:64]!a}; it is one of {', '.join(_PROVIDERS)}.")
    known: dict[str, _Field] = {**kind.fields}
    if kind.open:
        known |= {name: _further_claim(name) for name in given if name not in known}
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
            raise InvalidRequest(f"{name!r} is {_shown(value)}, and must be {rule.takes}.")
        if value != value.strip():
            raise InvalidRequest(f"{name!r} is {_shown(value)}, and must not begin or end with a space.")
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


def why_invalid(provider: str, claims: Claims, *, issuer: str, audience: str, now: float) -> str | None:
    """None if a claim set is of this issuer, for us, and of now (Unix seconds); else the sentence that says why not."""
    if claims.get("iss") != issuer:
        return "It was not issued by whom it names."
    # One audience, not one among several: nobody else can have been given this token to use.
    if claims.get("aud") != audience:
        return f"It is for the audience {_shown(claims.get('aud'))}, and this index is {audience!r}."
    if not _text(claims, "sub"):
        return "It lacks the claim 'sub'."
    jti = claims.get("jti")
    if jti is None:
        if _PROVIDERS[provider].has_jti:
            return "It lacks the claim 'jti'."
    elif not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        return f"Its claim 'jti' must be a text of up to {LONGEST_JTI} characters."
    return _why_not_now(claims, now)


def expiry(claims: Claims) -> float:
    """When a valid claim set expires, in Unix seconds, by the most that clocks may differ."""
    return (_moment(claims, "exp") or 0.0) + LEEWAY


def why_not(provider: str, issuer: str, fields: Fields, claims: Claims) -> str | None:
    """None if verified claims are those of a publisher, else the sentence that says why not (without a full stop)."""
    return _PROVIDERS[provider].misfit(issuer, fields, claims)


def noted(claims: Claims) -> dict[str, str]:
    """What the journal keeps of a claim set: who, from where, and what ran."""
    kept = {name: claims[name] for name in _NOTED if isinstance(claims.get(name), str | int)}
    return {name: str(value)[:LONGEST_SHOWN] for name, value in kept.items()}


def folded(text: str) -> str:
    """A text without regard to the case of its ASCII letters; of others no two are taken for the same."""
    return text.translate(_LOWER)


# Of any token.


def _why_not_now(claims: Claims, now: float) -> str | None:
    exp, iat = _moment(claims, "exp"), _moment(claims, "iat")
    if exp is None or iat is None:
        return "Its claims 'exp' and 'iat' must be there, as numbers of seconds."
    if exp + LEEWAY <= now:
        return f"It expired {now - exp:.0f} seconds ago."
    if iat - LEEWAY > now:
        return f"It was issued {iat - now:.0f} seconds in the future; is a clock wrong?"
    if "nbf" in claims:
        nbf = _moment(claims, "nbf")
        if nbf is None:
            return "Its claim 'nbf' must be a number of seconds."
        if nbf - LEEWAY > now:
            return f"It is not valid for another {nbf - now:.0f} seconds; is a clock wrong?"
    return None


def _moment(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # JSON, as Python reads it, knows numbers beyond any float, and NaN.
    return float(value) if 0 <= value < _LATEST else None


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _differs(claims: Claims, name: str, expected: str, *, ignore_case: bool = False) -> str | None:
    value = _text(claims, name)
    if value and (folded(value) == folded(expected) if ignore_case else value == expected):
        return None
    return f"the claim {name!r} is {_shown(claims.get(name))}, not {expected!a}"


def _differs_at(claims: Claims, name: str, *, where: str, path: str, refs: tuple[str, ...]) -> str | None:
    """Whether a claim is ``where`` (in any case) followed by ``path`` and ``@`` and one of the refs."""
    value = _text(claims, name)
    for ref in refs:
        # Without a ref everything would be its end.
        if ref and value.endswith(f"@{ref}"):
            head = value.removesuffix(f"@{ref}")
            if folded(head[: len(where)]) == folded(where) and head[len(where) :] == path:
                return None
    known = " or ".join(ascii(ref[:LONGEST_SHOWN]) for ref in refs if ref) or "a ref"
    return f"the claim {name!r} is {_shown(claims.get(name))}, not {where + path!a} at {known}"


def _first(*reasons: str | None) -> str | None:
    return next((reason for reason in reasons if reason), None)


def _shown(value: object) -> str:
    if value is None:
        return "missing"
    return ascii(value)[:LONGEST_SHOWN] if isinstance(value, str | int | float) else "no text"


# GitHub Actions.
# https://docs.github.com/en/actions/reference/security/oidc


def _github_repository(fields: Fields) -> str:
    return f"{fields['repository_owner']}/{fields['repository']}"


def _github_misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    # 'sub' is not looked at: organisations may choose its form.
    environment = fields.get("environment")
    return _first(
        _differs(claims, "repository", _github_repository(fields), ignore_case=True),
        _differs(claims, "repository_owner", fields["repository_owner"], ignore_case=True),
        # Whoever takes the name of a deleted account has another number.
        _differs(claims, "repository_owner_id", fields["repository_owner_id"]),
        _differs_at(
            claims,
            "job_workflow_ref",
            where=f"{_github_repository(fields)}/",
            path=f".github/workflows/{fields['workflow_filename']}",
            refs=(_text(claims, "ref"), _text(claims, "sha")),
        ),
        _github_event(claims),
        _differs(claims, "environment", environment, ignore_case=True) if environment else None,
    )


def _github_event(claims: Claims) -> str | None:
    event = _text(claims, "event_name")
    if not event:
        return "the claim 'event_name' is missing"
    # Such a workflow may be running what a stranger proposes.
    return "the event 'pull_request_target' may not publish" if event == "pull_request_target" else None


# GitLab CI/CD.
# https://docs.gitlab.com/ci/secrets/id_token_authentication/


def _gitlab_project(fields: Fields) -> str:
    return f"{fields['namespace']}/{fields['project']}"


def _gitlab_misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    environment, path = fields.get("environment"), _gitlab_project(fields)
    refs = (_text(claims, "ref_path"), _text(claims, "sha"))
    return _first(
        _gitlab_sub(claims, path),
        _differs(claims, "project_path", path, ignore_case=True),
        None if all(refs) else "one of the claims 'ref_path' and 'sha' is missing",
        _differs_at(
            claims,
            "ci_config_ref_uri",
            where=f"{issuer.partition('://')[2]}/{path}//",
            path=fields["workflow_filepath"],
            refs=refs,
        ),
        _differs(claims, "environment", environment) if environment else None,
    )


def _gitlab_sub(claims: Claims, path: str) -> str | None:
    # project_path:NAMESPACE/PROJECT:ref_type:branch:ref:main
    start = ":".join(_text(claims, "sub").split(":")[:2])
    if folded(start) == folded(f"project_path:{path}"):
        return None
    return f"the claim 'sub' is {_shown(claims.get('sub'))}, which does not begin with 'project_path:{path}'"


# Google Cloud.
# https://cloud.google.com/compute/docs/instances/verifying-instance-identity


def _google_misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    sub = fields.get("sub")
    return _first(
        _differs(claims, "email", fields["email"]),
        None if claims.get("email_verified") is True else "the claim 'email_verified' is not true",
        _differs(claims, "sub", sub) if sub else None,
    )


# Any other issuer.


def _further_claim(name: str) -> _Field:
    if name in _NOT_FIELDS or not re.fullmatch(r"[A-Za-z0-9_./:-]{1,100}", name):
        raise InvalidRequest(
            f"{name[:64]!a} cannot be a claim to register: it takes a name of letters, digits and '_./:-', "
            f"but none of {', '.join(sorted(_NOT_FIELDS))}."
        )
    return _Field(pattern=rf".{{1,{LONGEST_VALUE}}}", takes="the value of that claim, to the letter")


def _oidc_misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    for name, expected in fields.items():
        value = claims.get(name)
        if isinstance(value, bool | int):
            # As JSON writes it.
            value = json.dumps(value)
        if value != expected:
            return f"the claim {name!r} is {_shown(claims.get(name))}, not {expected!a}"
    return None


_YAML = r"\.ya?ml"
_PROVIDERS: dict[str, _Provider] = {
    GITHUB: _Provider(
        fields={
            "repository_owner": _Field(
                pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
                takes="the GitHub user or organisation that owns the repository, as in octo-org",
                ignores_case=True,
            ),
            "repository": _Field(
                pattern=r"[A-Za-z0-9._-]{1,100}",
                takes="the name of the repository, without its owner",
                ignores_case=True,
            ),
            "repository_owner_id": _Field(
                pattern=r"[0-9]{1,20}",
                takes="the number of that owner, which 'gh api users/OWNER --jq .id' tells",
            ),
            "workflow_filename": _Field(
                pattern=rf"[^/]{{1,200}}{_YAML}",
                takes="the name of the workflow's file in .github/workflows, as in release.yml",
            ),
            "environment": _Field(
                pattern=_ENVIRONMENT.pattern, takes=_ENVIRONMENT.takes, optional=True, ignores_case=True
            ),
        },
        subject=lambda fields: folded(_github_repository(fields)),
        claimed=lambda claims: folded(_text(claims, "repository")),
        misfit=_github_misfit,
        has_jti=True,
    ),
    GITLAB: _Provider(
        fields={
            "namespace": _Field(
                pattern=r"(?=.{1,200}$)[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*",
                takes="the user or the group, with its subgroups, as in group/subgroup",
                ignores_case=True,
            ),
            "project": _Field(
                pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,49}",
                takes="the project as it stands in its address, without its group",
                ignores_case=True,
            ),
            "workflow_filepath": _Field(
                pattern=rf"[^/](.{{0,200}}[^/])?{_YAML}",
                takes="the path of the pipeline's file in the project, as in .gitlab-ci.yml",
            ),
            "environment": _ENVIRONMENT,
        },
        subject=lambda fields: folded(_gitlab_project(fields)),
        claimed=lambda claims: folded(_text(claims, "project_path")),
        misfit=_gitlab_misfit,
        has_jti=True,
    ),
    GOOGLE: _Provider(
        fields={
            "email": _Field(
                pattern=r"[^\s@]{1,100}@[^\s@]{1,100}",
                takes="the address of a service account, as in NAME@PROJECT.iam.gserviceaccount.com",
            ),
            "sub": _Field(pattern=_SUB.pattern, takes=_SUB.takes, optional=True),
        },
        subject=lambda fields: fields["email"],
        claimed=lambda claims: _text(claims, "email"),
        misfit=_google_misfit,
    ),
    OIDC: _Provider(
        fields={"sub": _SUB},
        subject=lambda fields: fields["sub"],
        claimed=lambda claims: _text(claims, "sub"),
        misfit=_oidc_misfit,
        open=True,
    ),
}
PROVIDERS = tuple(_PROVIDERS)
