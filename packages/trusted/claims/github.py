"""GitHub Actions.

https://docs.github.com/en/actions/reference/security/oidc
"""

from packages.trusted.claims.rules import (
    ENVIRONMENT,
    YAML,
    Claims,
    Field,
    Fields,
    Provider,
    differs,
    differs_at,
    first,
    folded,
    text_of,
)


def _repository(fields: Fields) -> str:
    return f"{fields['repository_owner']}/{fields['repository']}"


def _misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    # 'sub' is not looked at: organisations may choose its form.
    environment = fields.get("environment")
    return first(
        differs(claims, "repository", _repository(fields), ignore_case=True),
        differs(claims, "repository_owner", fields["repository_owner"], ignore_case=True),
        # Whoever takes the name of a deleted account has another number.
        differs(claims, "repository_owner_id", fields["repository_owner_id"]),
        differs_at(
            claims,
            "job_workflow_ref",
            where=f"{_repository(fields)}/",
            path=f".github/workflows/{fields['workflow_filename']}",
            refs=(text_of(claims, "ref"), text_of(claims, "sha")),
        ),
        _event(claims),
        differs(claims, "environment", environment, ignore_case=True) if environment else None,
    )


def _event(claims: Claims) -> str | None:
    event = text_of(claims, "event_name")
    if not event:
        return "the claim 'event_name' is missing"
    # Such a workflow may be running what a stranger proposes.
    return "the event 'pull_request_target' may not publish" if event == "pull_request_target" else None


PROVIDER = Provider(
    fields={
        "repository_owner": Field(
            pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}",
            takes="the GitHub user or organisation that owns the repository, as in octo-org",
            ignores_case=True,
        ),
        "repository": Field(
            pattern=r"[A-Za-z0-9._-]{1,100}",
            takes="the name of the repository, without its owner",
            ignores_case=True,
        ),
        "repository_owner_id": Field(
            pattern=r"[0-9]{1,20}",
            takes="the number of that owner, which 'gh api users/OWNER --jq .id' tells",
        ),
        "workflow_filename": Field(
            pattern=rf"[^/]{{1,200}}{YAML}",
            takes="the name of the workflow's file in .github/workflows, as in release.yml",
        ),
        "environment": Field(pattern=ENVIRONMENT.pattern, takes=ENVIRONMENT.takes, optional=True, ignores_case=True),
    },
    subject=lambda fields: folded(_repository(fields)),
    claimed=lambda claims: folded(text_of(claims, "repository")),
    misfit=_misfit,
    has_jti=True,
)
