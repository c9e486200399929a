"""What the identity tokens of trusted publishers must claim: pure rules, provider by provider.

A publisher is what somebody registered: fields that say which workload at an issuer may publish.
Claims are what an identity token says of the workload that shows it; here they are verified already.
"""

from packages.trusted.claims.providers import (
    GITHUB,
    GITLAB,
    GOOGLE,
    MOST_CLAIMS,
    OIDC,
    PROVIDERS,
    fields_of,
    identity,
    read_fields,
    subject_in,
    subject_of,
    why_not,
)
from packages.trusted.claims.rules import LONGEST_SHOWN, LONGEST_VALUE, Claims, Fields, folded
from packages.trusted.claims.validity import LEEWAY, LONGEST_JTI, expiry, noted, why_invalid

__all__ = [
    "GITHUB",
    "GITLAB",
    "GOOGLE",
    "LEEWAY",
    "LONGEST_JTI",
    "LONGEST_SHOWN",
    "LONGEST_VALUE",
    "MOST_CLAIMS",
    "OIDC",
    "PROVIDERS",
    "Claims",
    "Fields",
    "expiry",
    "fields_of",
    "folded",
    "identity",
    "noted",
    "read_fields",
    "subject_in",
    "subject_of",
    "why_invalid",
    "why_not",
]
