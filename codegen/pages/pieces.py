"""A Page and its Facts -> its pieces: the blocks whose words are watched, each with and without its facts.

A piece is a heading, a paragraph, an item, a row, an entry of a list of fields, or a sample.
Its `words` leave out what the readers of facts compare, so that a sentence beside a changed path is seen to be the
same, or another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from .addresses import ENDPOINT, VERBS
from .blocks import FIELD_MARKS, Block, Cell, Page
from .facts import Facts
from .fields import LIMITS, VALUES
from .items import ITEM
from .listed import PHRASES, STATUS, STATUS_FIRST, is_status_table
from .runs import BODY, CHILDREN, CREDENTIAL, RUN
from .samples import CURL
from .stacked import REMARKS, TYPE
from .tables import NAME, find_columns

FACTS_IN_TEXT = re.compile("|".join(f"(?:{pattern.pattern})" for pattern in (ENDPOINT, STATUS, BODY)), re.IGNORECASE)
FACTS_IN_DESCRIPTION = re.compile(
    "|".join([VALUES.pattern, *(pattern for pattern, _ in LIMITS), *(rf"\(?\b{mark}\b\)?" for mark in FIELD_MARKS)]),
    re.IGNORECASE,
)
WHOLE_FACT = (
    RUN,
    CREDENTIAL,
    re.compile(r"[`\"']?[\w.\-]+[`\"']?\Z"),
    re.compile(rf"(?:{VERBS})\Z"),
    re.compile(r"(?:https?:/)?/\S+\Z"),
)


UNREADABLE = "sample!"  # the kind of a sample that cannot be read


class Piece(NamedTuple):
    """A block that is watched, with its text and the words in it that no fact is read from."""

    section: int
    kind: str
    lines: range
    text: str
    words: str


def make_pieces(page: Page, page_facts: Facts) -> list[Piece]:
    """Return the pieces of a page in their order."""
    entry_lines = {field.line for field in page_facts.fields} | {status.line for status in page_facts.statuses}
    unreadable = {sample.line for sample in page_facts.unreadable}
    pieces = []
    for index, section in enumerate(page.sections):
        if section.title:
            lines = range(section.line, section.line + 1)
            pieces.append(Piece(index, "heading", lines, section.title, STATUS.sub("", section.title)))
        code_lines = _find_code_lines(page, page_facts, index)
        blocks = (_make_pieces_of_block(index, block, entry_lines, code_lines) for block in section.blocks)
        for piece in _join(chain.from_iterable(blocks), page.plain):
            is_unreadable = piece.kind == "sample" and any(line in piece.lines for line in unreadable)
            pieces.append(piece._replace(kind=UNREADABLE) if is_unreadable else piece)
    return pieces


def _join(pieces: Iterable[Piece], is_plain: bool) -> Iterator[Piece]:
    """Yield the pieces of a section, with the remarks below an entry in it; in plain text a sample is one."""
    joined: list[Piece] = []
    for piece in pieces:
        above = joined[-1].kind if joined else ""
        if (above, piece.kind) == ("entry", "remark") or (is_plain and above == piece.kind == "sample"):
            lines = range(joined[-1].lines.start, piece.lines.stop)
            joined[-1] = joined[-1]._replace(lines=lines, text=f"{joined[-1].text} {piece.text}")
        else:
            joined.append(piece._replace(kind="paragraph") if piece.kind == "remark" else piece)
    yield from joined


def _make_pieces_of_block(index: int, block: Block, entry_lines: set[int], code_lines: range) -> Iterator[Piece]:
    lines = range(block.line, block.line + block.text.count("\n") + 1)
    if block.kind == "table":
        for number, row in enumerate(block.rows):
            row_lines = range(row[0].line, max(cell.line for cell in row) + 1)
            words = "".join(cell.text for cell in row) if number == 0 else _words_of_row(block, row)
            yield Piece(index, "row" if number else "table", row_lines, " | ".join(cell.text for cell in row), words)
    elif block.kind == "code" or block.line in code_lines:
        yield Piece(index, "sample", lines, block.text, "")
    elif block.kind == "item":
        match = ITEM.match(block.text) if block.line in entry_lines else None
        text = FACTS_IN_DESCRIPTION.sub("", block.text[match.end() :]) if match else block.text
        yield Piece(index, "item", lines, block.text, words_of_text(text))
    elif not CHILDREN.match(block.text.strip()):
        words = words_of_text(block.text, is_entry=block.line in entry_lines)
        text = block.text.strip()
        is_remark = text.lower() in PHRASES or any(pattern.match(text) for pattern in (TYPE, REMARKS))
        kind = "entry" if block.line in entry_lines and not words else "remark" if is_remark else "paragraph"
        yield Piece(index, kind, lines, block.text, words)


def words_of_text(text: str, *, is_entry: bool = False) -> str:
    """Return a text without the facts in it."""
    lines = text.strip().split("\n")
    if is_entry or len(lines) == 1:
        lines = ["" if _is_fact(line.strip()) else line for line in lines]
    words = "\n".join(lines).strip()
    first = STATUS_FIRST.match(words) if is_entry else None
    return FACTS_IN_TEXT.sub("", words[first.end() :] if first else words)


def _is_fact(line: str) -> bool:
    return line.lower() in PHRASES or any(pattern.match(line) for pattern in WHOLE_FACT)


def _words_of_row(block: Block, row: tuple[Cell, ...]) -> str:
    columns = find_columns(block)
    texts = [cell.text for cell in row]
    if "name" in columns:
        column_by_place = {place: column for column, place in columns.items()}
        texts = [_words_of_cell(text, column_by_place.get(place, "")) for place, text in enumerate(texts)]
    return words_of_text(" ".join(texts), is_entry=is_status_table(block))


def _words_of_cell(text: str, column: str) -> str:
    if column == "name":
        text = NAME.sub("", text, count=1)
    return FACTS_IN_DESCRIPTION.sub("", text) if column in ("name", "description", "") else ""


def _find_code_lines(page: Page, page_facts: Facts, index: int) -> range:
    """Return the lines of the samples in a section of plain text, where they are not marked."""
    if not page.plain:
        return range(0)
    calls = [call for section, call in page_facts.calls if section == index]
    values = [call.body for call in calls] + [value for call in calls for _, value in call.arguments]
    values += [sample.value for sample in page_facts.samples if sample.section == index]
    lines = [call.line for call in calls] + [header.line for call in calls for header in call.headers]
    lines += [line for value in values if value for line in value.lines.values()]
    lines += [sample.line for sample in page_facts.unreadable if sample.section == index]
    lines += [block.line for block in page.sections[index].blocks if CURL.search(block.text)] if lines else []
    return range(min(lines), max(lines) + 1) if lines else range(0)
