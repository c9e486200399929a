"""Markdown and reStructuredText to HTML, by readme-renderer, which is imported only when it is needed."""

import re
from html import unescape

from packages.readmes.harmless import made_harmless

MARKDOWN, RST, PLAIN = "markdown", "rst", "plain"

# In characters: a short text can ask for a very long page. What people write grows threefold.
LONGEST_HTML = 2 * 1024 * 1024
MOST_GROWTH = 32
ALWAYS_ROOM = 64 * 1024

# How much code is highlighted, in characters: of one block, and of all. A lexer may need the square of the time.
LONGEST_CODE = 4096
MOST_CODE = 3 * LONGEST_CODE

# Whose lexers are worth their time; the others would be more ways of being slow.
LANGUAGES = (
    "bash batch bat c c++ cfg cmake console cpp css cython diff docker dockerfile go html http ini java javascript "
    "jinja js json jsx kotlin lua nginx powershell ps1 pwsh py py3 pycon pytb python python3 "
    "rs rust scss sh shell shell-session sql toml ts tsx typescript xml yaml yml zsh"
)

# As the sanitiser writes what comrak and docutils make of a block of code.
_CODE = re.compile(
    r'<pre(?: class="code ([^" ]+)[^"]*")?><code(?: class="(?:language-)?([^" ]+)[^"]*")?>([^<]*)</code></pre>'
)


class Refused(Exception):
    """A README that is not shown rendered; says why."""


def rendered(text: str, how: str, variant: str = "GFM") -> str:
    """The harmless HTML of a README. Raises Refused, or whatever its renderer does not cope with."""
    from readme_renderer.clean import clean

    longest = min(LONGEST_HTML, ALWAYS_ROOM + MOST_GROWTH * len(text))

    def bounded(html: str) -> str:
        if len(html) > longest:
            raise Refused("its page would be too long")
        return html

    html = _from_markdown(text, variant) if how == MARKDOWN else _from_rst(text)
    cleaned = clean(bounded(html))
    if not cleaned or not cleaned.strip():
        raise Refused("nothing is left of it")
    return bounded(made_harmless(_highlighted(bounded(cleaned))))


def _from_markdown(text: str, variant: str) -> str:
    # Not its own render(): that highlights whatever is there, however long it takes.
    from readme_renderer.markdown import variants

    return variants[variant](text)


def _from_rst(text: str) -> str:
    import io

    from docutils.core import publish_parts
    from docutils.utils import SystemMessage
    from docutils.writers.html5_polyglot import Writer
    from readme_renderer.rst import SETTINGS, ReadMeHTMLTranslator

    settings = {
        **SETTINGS,
        # Neither the machine's own settings nor a style sheet is read.
        "_disable_config": True,
        "embed_stylesheet": False,
        "stylesheet_path": "",
        "syntax_highlight": "none",
        # Links without a text, which cannot be read aloud.
        "section_self_link": False,
        "warning_stream": io.StringIO(),
    }
    writer = Writer()
    writer.translator_class = ReadMeHTMLTranslator
    try:
        parts = publish_parts(text, writer=writer, settings_overrides=settings)
    except SystemMessage as error:
        raise Refused(str(error).partition("\n")[0]) from error
    return f"{parts['docinfo']}{parts['fragment']}"


def _highlighted(html: str) -> str:
    left = MOST_CODE

    def replaced(block: re.Match[str]) -> str:
        nonlocal left
        language = (block[1] or block[2] or "").lower()
        code = unescape(block[3])
        if language not in LANGUAGES.split() or len(code) > min(LONGEST_CODE, left):
            return f'<pre class="highlight"><code>{block[3]}</code></pre>'
        left -= len(code)
        return f'<pre class="highlight"><code>{_coloured(code, language)}</code></pre>'

    return _CODE.sub(replaced, html)


def _coloured(code: str, language: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    coloured: str = highlight(code, get_lexer_by_name(language, stripnl=False), HtmlFormatter(nowrap=True))
    return coloured
