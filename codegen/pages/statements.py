"""A Page -> its statements: every sentence, list item, row of a table and sample, each with its fingerprint.

specs/coverage/PAGE.yaml has an answer to each: what it is held by, or why by nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from ..spec import SpecError, display_path
from .blocks import Block, Page
from .prose import hash_words

FOLDER = "coverage"

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\s+- (?=[A-Z])|(?<=\}) (?=[a-z]+ = )")


class Statement(NamedTuple):
    """One piece of a page that says something; `fingerprint` ignores whitespace and the presentation of letters."""

    section: str
    line: int
    text: str

    @property
    def fingerprint(self) -> str:
        return hash_words(self.text)[:12]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one statement of a page is held by, or why by nothing."""

    section: str
    says: str
    pieces: tuple[str, ...]
    held: tuple[str, ...] = ()
    not_held: str = ""


def load_answers(folder: Path) -> dict[str, list[Answer]]:
    """Load the answers of every page, by its name. Raises SpecError for a file of another form."""
    answers = {}
    for path in sorted((folder / FOLDER).glob("*.yaml")):
        try:
            answers[path.stem] = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), list[Answer])
        except (yaml.YAMLError, msgspec.ValidationError) as error:
            raise SpecError(f"{display_path(path)}: {error}") from error
    return answers


def find_unanswered(page: Page, answers: Iterable[Answer]) -> list[Statement]:
    """Return the statements of a page that have none of these answers."""
    answered = {piece for answer in answers for piece in answer.pieces}
    return [statement for statement in find_statements(page) if statement.fingerprint not in answered]


def find_statements(page: Page) -> Iterator[Statement]:
    """Yield the statements of a page, those with the same words once in each section."""
    for section in page.sections:
        found = set()
        for block in section.blocks:
            for line, text in _split(block):
                statement = Statement(section.title, line, text)
                if re.search(r"\w", text) and statement.fingerprint not in found:
                    found.add(statement.fingerprint)
                    yield statement


def _split(block: Block) -> Iterator[tuple[int, str]]:
    if block.kind == "table":
        for row in block.rows[1:]:
            yield row[0].line, " | ".join(cell.text for cell in row)
    elif block.kind == "code":
        yield block.line, block.text
    else:
        for sentence in SENTENCE_END.split(block.text):
            yield block.line, sentence.strip()
