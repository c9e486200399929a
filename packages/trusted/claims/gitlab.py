"""GitLab CI/CD.

https://docs.gitlab.com/ci/secrets/id_token_authentication/
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
    shown,
    text_of,
)


def _project(fields: Fields) -> str:
    return f"{fields['namespace']}/{fields['project']}"


def _misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    environment, namespace_id, path = fields.get("environment"), fields.get("namespace_id"), _project(fields)
    refs = (text_of(claims, "ref_path"), text_of(claims, "sha"))
    return first(
        _sub(claims, path),
        differs(claims, "project_path", path, ignore_case=True),
        # Whoever takes the name of a deleted group has another number.
        differs(claims, "namespace_id", namespace_id) if namespace_id else None,
        None if all(refs) else "one of the claims 'ref_path' and 'sha' is missing",
        differs_at(
            claims,
            "ci_config_ref_uri",
            where=f"{issuer.partition('://')[2]}/{path}//",
            path=fields["workflow_filepath"],
            refs=refs,
        ),
        differs(claims, "environment", environment) if environment else None,
    )


def _sub(claims: Claims, path: str) -> str | None:
    # project_path:NAMESPACE/PROJECT:ref_type:branch:ref:main
    start = ":".join(text_of(claims, "sub").split(":")[:2])
    if folded(start) == folded(f"project_path:{path}"):
        return None
    return f"the claim 'sub' is {shown(claims.get('sub'))}, which does not begin with 'project_path:{path}'"


PROVIDER = Provider(
    fields={
        "namespace": Field(
            pattern=r"(?=.{1,200}$)[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*",
            takes="the user or the group, with its subgroups, as in group/subgroup",
            ignores_case=True,
        ),
        "project": Field(
            pattern=r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,49}",
            takes="the project as it stands in its address, without its group",
            ignores_case=True,
        ),
        "workflow_filepath": Field(
            pattern=rf"[^/](.{{0,200}}[^/])?{YAML}",
            takes="the path of the pipeline's file in the project, as in .gitlab-ci.yml",
        ),
        "namespace_id": Field(
            pattern=r"[0-9]{1,20}",
            takes="the number of that namespace, which a job finds in CI_PROJECT_NAMESPACE_ID",
            # PyPI has no such field.
            optional=True,
        ),
        "environment": ENVIRONMENT,
    },
    subject=lambda fields: folded(_project(fields)),
    claimed=lambda claims: folded(text_of(claims, "project_path")),
    misfit=_misfit,
    has_jti=True,
)
