"""Rendering in a process of its own, which the system ends when it takes too much."""

import sys
from contextlib import suppress

from packages.readmes.rendering import Refused, rendered

# In bytes: the smallest functions have little more.
MOST_MEMORY = 256 * 1024 * 1024


def main(how: str, variant: str, seconds: int) -> None:
    """Render what comes in, and write it out."""
    limit(seconds)
    text = sys.stdin.buffer.read().decode()
    try:
        html = rendered(text, how, variant)
    except (Refused, RecursionError, MemoryError) as error:
        sys.exit(f"{type(error).__name__}: {error}"[:200])
    sys.stdout.buffer.write(html.encode())


def limit(seconds: int) -> None:
    """Take no more than so many seconds of computing and MOST_MEMORY."""
    try:
        import resource
    except ImportError:
        # Not on Windows: there the clock alone ends it.
        return
    limits = {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_AS: (MOST_MEMORY, MOST_MEMORY),
        resource.RLIMIT_CORE: (0, 0),
    }
    for what, most in limits.items():
        # Not every system knows all of them, and none may be raised again.
        with suppress(ValueError, OSError):
            resource.setrlimit(what, most)
