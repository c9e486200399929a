"""Trusted publishing: a workload shows who it is by an identity token of its issuer, and needs no secret of ours.

Whoever owns a project registers which workload may publish to it; that workload gets a token for
a quarter of an hour, in exchange for an identity token that is used once.
"""

from packages.trusted.minting import mint
from packages.trusted.registering import PublisherInfo, publishers_of, register, withdraw
from packages.trusted.tokens import MintRefused

__all__ = ["MintRefused", "PublisherInfo", "mint", "publishers_of", "register", "withdraw"]
