"""The digests of a distribution file, taken while its bytes pass."""

import hashlib
from typing import Any


class Digests:
    """MD5, SHA-256 and BLAKE2b-256, the ones that the upload API names."""

    def __init__(self) -> None:
        self._hashes: dict[str, Any] = {
            "md5": hashlib.md5(usedforsecurity=False),
            "sha256": hashlib.sha256(),
            "blake2b_256": hashlib.blake2b(digest_size=32),
        }

    def update(self, content: bytes) -> None:
        """Take the next bytes."""
        for digest in self._hashes.values():
            digest.update(content)

    def hexdigests(self) -> dict[str, str]:
        """Lower-case hex, by the name of the digest."""
        return {name: digest.hexdigest() for name, digest in self._hashes.items()}
