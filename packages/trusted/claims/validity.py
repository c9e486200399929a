"""What is asked of any identity token, whoever issued it; and what the journal keeps of one."""

from packages.trusted.claims.providers import has_jti
from packages.trusted.claims.rules import LONGEST_SHOWN, Claims, shown, text_of

# By how much the clocks of an issuer and of this index may differ, in seconds.
LEEWAY = 30
# An identity token's own identifier becomes part of a key.
LONGEST_JTI = 500
# About 36,000 years, in seconds: what is larger is no moment.
_LATEST = 2.0**40

# What the journal keeps of a claim set, where it is there.
_NOTED = (
    *("iss", "sub", "jti", "email", "environment", "ref", "sha"),
    *("repository", "job_workflow_ref", "event_name", "actor", "run_id"),
    *("project_path", "namespace_id", "ci_config_ref_uri", "ref_path", "user_login", "pipeline_id", "job_id"),
)


def why_invalid(provider: str, claims: Claims, *, issuer: str, audience: str, now: float) -> str | None:
    """None if a claim set is of this issuer, for us, and of now (Unix seconds); else the sentence that says why not."""
    if claims.get("iss") != issuer:
        return "It was not issued by whom it names."
    # One audience, not one among several: nobody else can have been given this token to use.
    if claims.get("aud") != audience:
        return f"It is for the audience {shown(claims.get('aud'))}, and this index is {audience!r}."
    if not text_of(claims, "sub"):
        return "It lacks the claim 'sub'."
    jti = claims.get("jti")
    if jti is None:
        if has_jti(provider):
            return "It lacks the claim 'jti'."
    elif not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        return f"Its claim 'jti' must be a text of up to {LONGEST_JTI} characters."
    return _why_not_now(claims, now)


def expiry(claims: Claims) -> float:
    """When a valid claim set expires, in Unix seconds, by the most that clocks may differ."""
    return (_moment(claims, "exp") or 0.0) + LEEWAY


def noted(claims: Claims) -> dict[str, str]:
    """What the journal keeps of a claim set: who, from where, and what ran."""
    kept = {name: claims[name] for name in _NOTED if isinstance(claims.get(name), str | int)}
    return {name: str(value)[:LONGEST_SHOWN] for name, value in kept.items()}


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
