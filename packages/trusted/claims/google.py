"""Google Cloud.

https://cloud.google.com/compute/docs/instances/verifying-instance-identity
"""

from packages.trusted.claims.rules import SUB, Claims, Field, Fields, Provider, differs, first, text_of


def _misfit(issuer: str, fields: Fields, claims: Claims) -> str | None:
    sub = fields.get("sub")
    return first(
        differs(claims, "email", fields["email"]),
        None if claims.get("email_verified") is True else "the claim 'email_verified' is not true",
        differs(claims, "sub", sub) if sub else None,
    )


PROVIDER = Provider(
    fields={
        "email": Field(
            pattern=r"[^\s@]{1,100}@[^\s@]{1,100}",
            takes="the address of a service account, as in NAME@PROJECT.iam.gserviceaccount.com",
        ),
        "sub": Field(pattern=SUB.pattern, takes=SUB.takes, optional=True),
    },
    subject=lambda fields: fields["email"],
    claimed=lambda claims: text_of(claims, "email"),
    misfit=_misfit,
)
