"""READMEs as HTML that can do no harm, whoever wrote them.

What renders them is fast with what people write, and has no limit with what is made to be slow.
So only short Markdown is rendered here; all else in a process of its own, which ends when it has
had its time. What cannot be rendered is shown as it was written.
"""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from email.message import Message
from html import escape, unescape
from pathlib import Path

from packages.readmes.beginning import beginning
from packages.readmes.harmless import IMAGE, attribute
from packages.readmes.rendering import MARKDOWN, PLAIN, RST, Refused, rendered

__all__ = ["LONGEST", "MARKDOWN", "PLAIN", "RST", "STANDS_FOR_IMAGE", "Readme", "beginning", "render", "with_images"]

logger = logging.getLogger(__name__)

# In characters. No README that people read is longer.
LONGEST = 512 * 1024
# Of a Description-Content-Type; the usual ones have some 50 characters.
LONGEST_TYPE = 500
# Up to this length the worst Markdown takes less than a second and some 50 MB; most READMEs are shorter.
LONGEST_HERE = 8 * 1024

# How what is put in the place of an image begins; no text of a README's is written so.
STANDS_FOR_IMAGE = '<span class="readme-image"'

# How long the other process may be about it, in seconds: of computing, and of the clock.
MOST_CPU = 2
PATIENCE = 15

CUT = "The rest of this README is not shown: it is too long."

_OTHER_PROCESS = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from packages.readmes.apart import main
main(sys.argv[2], sys.argv[3], int(sys.argv[4]))
"""


@dataclass(frozen=True)
class Readme:
    """A README as it is shown; ``how`` says as what it was read: ``markdown``, ``rst`` or ``plain``."""

    html: str
    how: str


def render(text: str, content_type: str | None) -> Readme:
    """The HTML of a README, given its Description-Content-Type. Never fails; at worst it is plain text."""
    # Lone surrogates have no place in a page.
    text = text.encode("utf-8", "replace").decode()
    if not text.strip():
        return Readme("", PLAIN)
    how, variant = _kind_of(content_type)
    if how != PLAIN and len(text) <= LONGEST:
        try:
            if how == MARKDOWN and len(text) <= LONGEST_HERE:
                return Readme(rendered(text, how, variant), how)
            return Readme(_rendered_apart(text, how, variant), how)
        except Refused as error:
            logger.info("a README is shown as plain text: %a", str(error))
        except Exception:
            logger.warning("a README is shown as plain text", exc_info=True)
    return Readme(_plain(text), PLAIN)


def with_images(html: str, allowed: bool) -> str:
    """The HTML of a README for a page: with its images, or with their descriptions in their places."""
    if allowed:
        return html
    return IMAGE.sub(lambda image: described(image[1]), html)


def described(attributes: str) -> str:
    """What stands for an image that is not shown."""
    text = unescape(attribute(attributes, "alt") or "").strip() or "image"
    return f"{STANDS_FOR_IMAGE}>{escape(text)}</span>"


def _kind_of(content_type: str | None) -> tuple[str, str]:
    """How to read a README, and the variant of Markdown. Without a type it is reStructuredText, says the spec."""
    if content_type is None or not content_type.strip():
        return RST, ""
    kinds = {"text/markdown": MARKDOWN, "text/x-rst": RST}
    try:
        header = Message()
        header["Content-Type"] = content_type[:LONGEST_TYPE]
        kind, variant = header.get_content_type(), header.get_param("variant")
    except Exception:
        # The standard library fails in more than one way on what is no such header.
        return PLAIN, ""
    known = isinstance(variant, str) and variant.lower() == "commonmark"
    return kinds.get(kind, PLAIN), "CommonMark" if known else "GFM"


def _rendered_apart(text: str, how: str, variant: str) -> str:
    path = json.dumps([str(Path(entry).absolute()) for entry in sys.path])
    # Without what a start of Python looks for in vain.
    command = [sys.executable, "-I", "-S", "-c", _OTHER_PROCESS, path, how, variant, str(MOST_CPU)]
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=PATIENCE, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise Refused(said[:200] or f"it took too much ({done.returncode})")
    return done.stdout.decode()


def _plain(text: str) -> str:
    rest = f"<p>{CUT}</p>" if len(text) > LONGEST else ""
    # A line break right at the beginning would not count.
    return f"<pre>\n{escape(text[:LONGEST], quote=False)}</pre>{rest}"
