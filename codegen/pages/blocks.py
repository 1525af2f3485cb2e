"""A file -> a Page: sections of blocks (text, list items, tables and code), each with its line.

Markdown is rendered to HTML with its line numbers and then read as HTML, so both have one reader; plain text is what a
browser leaves of a page, where headings, labels and code may be stuck together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lxml import html
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

MARKDOWN, HTML, TEXT = {".md", ".markdown"}, {".html", ".htm"}, {".txt", ".text"}

# Furniture: what surrounds a page and changes without it.
NO_CONTENT = {"nav", "footer", "script", "style", "noscript", "template", "svg", "button", "select", "head"}
NAVIGATION = re.compile(r"(sidebar|toc|table-of-contents|breadcrumbs?|menu|nav(bar|igation)?|pagination|feedback)\Z")
INLINE = {
    *("a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img", "ins", "kbd"),
    *("label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
}
EMPHASIS = {"i", "em", "b", "strong", "span", "code", "small", "sup", "mark", "label"}
FIELD_MARKS = {"required", "optional", "mandatory", "read-only", "readonly", "read only", "write-only"}
# What stands between the links of a trail such as `Docs / Refunds`: bars, angle quotation marks, dots and arrows.
SEPARATORS = re.compile("\\s*(?:[|>/\u203a\u00bb\u00b7\u2022\u2192]\\s*)+\\Z")
MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
DATE = (
    rf"(?:(?:\d+|an?|about an?) (?:second|minute|hour|day|week|month|year)s? ago|yesterday|today|just now"
    rf"|\d{{1,2}}(?:st|nd|rd|th)? {MONTH},? \d{{4}}|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}|\d{{4}}-\d\d-\d\d)"
)
FURNITURE = re.compile(
    rf"(?:(?:last |page )*(?:updated|modified|edited)(?: on)?:? {DATE}\.?"
    r"|was this (?:page|article|section) helpful\?(?: yes\W* no)?"
    r"|copy(?: (?:page|code|link|to clipboard))?|edit (?:this )?page(?: on github)?|suggest edits|ask ai|try it!?"
    r"|skip to (?:main )?(?:content|navigation)|on this page|in this (?:article|page)|table of contents"
    r"|(?:next|previous|prev)(?: page)?(?: ?[>\u203a\u00bb\u2192])?|\d+ min(?:ute)?s? read)\Z",
    re.IGNORECASE,
)
HELPFUL = re.compile(r"was this (?:page|article|section) helpful\?\Z", re.IGNORECASE)

# Headings of a plain text page, which marks none.
PLAIN_TITLES = {
    *("authentication", "authorization", "headers", "request headers", "parameters", "path parameters"),
    *(
        "query parameters",
        "body parameters",
        "path params",
        "query params",
        "body params",
        "body",
        "request",
        "request body",
        "response",
        "responses",
    ),
    *("response body", "errors", "error codes", "status codes", "endpoint", "endpoints", "http request", "result"),
    *("sample request", "sample response", "example request", "example response", "request example"),
    *("response example", "modify your code", "attributes", "properties", "example", "examples"),
}
PLAIN_TITLE = re.compile(r"[A-Z][\w ]{0,40} (?:Properties|Attributes|Parameters)\Z")
STUCK_TITLE = re.compile(
    r"(?<=[\w}\])'\"])((?:Sample|Example) (?:request|response)|Modify your code"
    r"|(?<=[}\])'\"])(?:Result|Request|Response|Errors))\s*\Z"
)


class PageError(Exception):
    """A page, or a part of it, that cannot be read; the message says where, and what was looked for."""


class Cell(NamedTuple):
    """One cell of a table; `marks` are the labels in it, such as `required`."""

    line: int
    text: str
    marks: frozenset[str] = frozenset()


class Block(NamedTuple):
    """A piece of a section. `kind`: text, item, table or code; `rows` only of a table, the first is its head."""

    kind: str
    line: int
    text: str
    language: str = ""
    rows: tuple[tuple[Cell, ...], ...] = ()


class Section(NamedTuple):
    """A heading and what stands below it, down to the next heading of any level."""

    line: int
    level: int
    title: str
    blocks: tuple[Block, ...]


class Page(NamedTuple):
    """A saved page. `plain`: it is plain text, in which code is not marked."""

    path: Path
    plain: bool
    sections: tuple[Section, ...]

    @property
    def stem(self) -> str:
        return self.path.stem

    def above(self, index: int) -> Iterator[Section]:
        """Yield a section and the sections that it is part of, the innermost first."""
        level = self.sections[index].level + 1
        for section in reversed(self.sections[: index + 1]):
            if section.level < level:
                level = section.level
                yield section


def read_page(path: Path, titles: Sequence[str] = ()) -> Page:
    """Read a page; `titles` are headings that a plain text page may have. Raises PageError."""
    suffix = path.suffix.lower()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise PageError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PageError(f"{path}: not UTF-8 text") from error
    if not text.strip():
        raise PageError(f"{path}: empty")
    if suffix in HTML or re.match(r"\s*<(!doctype|html)\b", text, re.IGNORECASE):
        sections = _read_html(text)
    elif suffix in MARKDOWN:
        sections = _read_html(_render_markdown(text))
    elif suffix in TEXT:
        sections = _read_plain_text(text, {title.casefold() for title in titles} | PLAIN_TITLES)
    else:
        suffixes = " ".join(sorted(MARKDOWN | HTML | TEXT))
        raise PageError(f"{path}: looked for a page saved as Markdown, HTML or plain text ({suffixes})")
    if not sections:
        raise PageError(f"{path}: looked for words, and found nothing but what surrounds a page")
    return Page(path, suffix in TEXT, sections)


def is_furniture(text: str) -> bool:
    """True if a line is no part of the documentation itself, such as a button or a date."""
    return bool(FURNITURE.match(" ".join(text.split())))


def _make_sections(headed: list[tuple[int, int, str, list[Block]]]) -> tuple[Section, ...]:
    return tuple(Section(line, level, title, tuple(blocks)) for line, level, title, blocks in headed if title or blocks)


# Markdown


def _render_markdown(text: str) -> str:
    markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = markdown.parse(text)
    line = 1
    for token in tokens:
        if token.map:
            line = token.map[0] + (2 if token.type == "fence" else 1)
        if token.type != "inline" and token.nesting >= 0:
            token.attrSet("data-line", str(line))
    markdown.add_render_rule("html_block", _wrap_html_block)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _wrap_html_block(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
    """Render HTML inside Markdown in an element that carries its line."""
    return f'<div data-line="{tokens[index].attrGet("data-line")}">{tokens[index].content}</div>'


# HTML


def _read_html(text: str) -> tuple[Section, ...]:
    document = html.document_fromstring(text.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8"))
    mains = document.xpath("//main|//article[not(ancestor::main or ancestor::article)][not(//main)]")
    reader = _HtmlReader()
    for part in mains or [document]:
        reader.read_element(part)
        reader.flush()
    return _make_sections(reader.sections)


class _HtmlReader:
    """Walks a document in its order; inline text gathers until a block begins or ends."""

    def __init__(self) -> None:
        self.sections: list[tuple[int, int, str, list[Block]]] = [(1, 0, "", [])]
        self.pieces: list[str] = []
        self.unlinked: list[str] = []
        self.in_link = False
        self.line = self.start = 1
        self.shift = 0
        self.kind = "text"

    def read_element(self, node: Any) -> None:
        if not isinstance(node.tag, str) or _is_ignored(node):
            return
        self._go_to_line(node)
        if node.tag in INLINE:
            self._read_children(node)
            return
        is_first_of_item = node.tag == "p" and self.kind == "item" and not "".join(self.pieces).strip()
        self.flush()
        if node.tag == "br":
            return
        if node.tag == "table":
            self._add_table(node)
        elif node.tag == "pre":
            self._add_code(node)
        elif re.match(r"h[1-6]\Z", node.tag):
            self._add_heading(node)
        else:
            self.kind = "item" if node.tag in ("li", "dd") or is_first_of_item else "text"
            self._read_children(node)
            self.flush()

    def flush(self) -> None:
        """End a block of text, unless it is furniture, or a trail of links above the first heading."""
        text = "".join(self.pieces).strip()
        is_trail = len(self.sections) == 1 and SEPARATORS.match("".join(self.unlinked))
        kind = self.kind
        self.pieces, self.unlinked, self.kind = [], [], "text"
        if text and not is_trail and not is_furniture(text):
            self.sections[-1][3].append(Block(kind, self.start, text))

    def _go_to_line(self, node: Any) -> None:
        """Go to the line of an element: its own in HTML, `data-line` in rendered Markdown."""
        if "data-line" in node.attrib:
            self.shift = int(node.attrib["data-line"]) - node.sourceline
        self.line = node.sourceline + self.shift

    def _read_children(self, node: Any) -> None:
        self._add_text(node.text)
        for child in node:
            was_linked, self.in_link = self.in_link, self.in_link or child.tag == "a"
            self.read_element(child)
            self.in_link = was_linked
            self._add_text(child.tail)

    def _add_text(self, text: str | None) -> None:
        if not text:
            return
        if text.strip() and not "".join(self.pieces).strip():
            lead = text[: len(text) - len(text.lstrip())]
            self.start = self.line + lead.count("\n")
        self.pieces.append(text)
        if not self.in_link:
            self.unlinked.append(text)
        self.line += text.count("\n")

    def _add_heading(self, node: Any) -> None:
        title = " ".join(node.text_content().split())
        if title.startswith("/"):  # a path set as a heading
            self.sections[-1][3].append(Block("text", self.line, title))
        elif title:
            self.sections.append((self.line, int(node.tag[1]), title.strip("#¶ "), []))

    def _add_code(self, node: Any) -> None:
        code = node.find("code") if node.find("code") is not None else node
        self._go_to_line(code)
        classes = f"{node.get('class', '')} {code.get('class', '')} {node.get('data-lang', '')}".split()
        language = next((name.removeprefix("language-") for name in classes if name.lower() not in ("highlight",)), "")
        text = code.text_content()
        self.sections[-1][3].append(Block("code", self.line, text, language.lower()))
        self.line += text.count("\n")

    def _add_table(self, node: Any) -> None:
        rows = []
        line = self.line
        for row in node.iter("tr"):
            self._go_to_line(row)
            cells = [cell for cell in row if cell.tag in ("th", "td")]
            if cells:
                rows.append(tuple(self._make_cell(cell) for cell in cells))
        self.sections[-1][3].append(Block("table", line, node.text_content(), rows=tuple(rows)))

    def _make_cell(self, node: Any) -> Cell:
        self._go_to_line(node)
        marks = {" ".join(part.text_content().lower().split()) for part in node.iter(*EMPHASIS)} & FIELD_MARKS
        text = " ".join(node.text_content().split())
        marks |= {mark for mark in FIELD_MARKS if f"({mark})" in text.lower()}
        return Cell(self.line, text, frozenset(marks))


def _is_ignored(node: Any) -> bool:
    names = f"{node.get('class', '')} {node.get('id', '')} {node.get('role', '')}".lower().split()
    return node.tag in NO_CONTENT or any(NAVIGATION.match(name) for name in names)


# Plain text


def _read_plain_text(text: str, titles: set[str]) -> tuple[Section, ...]:
    headed: list[tuple[int, int, str, list[Block]]] = []
    is_asked = False
    for number, text_line in enumerate(text.splitlines(), 1):
        stuck_title = STUCK_TITLE.search(text_line)
        line = text_line[: stuck_title.start()] if stuck_title else text_line
        title = line.strip()
        if is_asked and title.casefold() in ("yes", "no"):
            continue
        is_asked = bool(HELPFUL.match(title)) or (is_asked and not title)
        if not headed and title:
            headed.append((number, 1, title, []))
        elif title.casefold() in titles or PLAIN_TITLE.match(title):
            headed.append((number, 2, title, []))
        elif title and not is_furniture(title):
            item = re.match(r"\s*[-*•]\s+(?=\S)", line)
            headed[-1][3].append(Block("item" if item else "text", number, line[item.end() :] if item else line))
        if stuck_title:
            headed.append((number, 2, stuck_title[1], []))
    return _make_sections(headed)
