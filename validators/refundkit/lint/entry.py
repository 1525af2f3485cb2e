"""One document to check, as a file holds it among others or alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from ..reading.document import Document

MOST = 1 << 23
"""The most bytes of one document, a line of JSON Lines or an entry of an array: 8 MiB."""


class Record(msgspec.Struct, frozen=True, dict=True, eq=False):
    """One document to check: `data` is its JSON text, None where it cannot be read.

    `number` is 1-based: the line of a JSON Lines file, the entry of a batch. `from_json` is false for YAML and XML,
    whose JSON text we made. The document is read on first use; `column` characters of the file stand before it on its
    first line. `is_alone`: the file holds nothing else.
    """

    file: str
    number: int
    data: bytes | None
    read_document: Callable[[], Document]
    from_json: bool = True
    column: int = 0
    is_alone: bool = True

    @cached_property
    def document(self) -> Document:
        return self.read_document()


def make_oversized(file: str, number: int) -> Record:
    """Make the record of a document that is too large, without its text."""
    return Record(file, number, None, lambda: _refuse_oversized(number))


def _refuse_oversized(number: int) -> Document:
    from ..reading.document import Fault, SourceText, make_unreadable

    message = f"the document has more than {MOST:,} bytes"
    hint = "no refund request has; put each of several into a document, a line or an entry of its own"
    return make_unreadable(SourceText(b"", first_line=number), [Fault("RF001", message, hint, span=(0, 1))])


def advance(text: bytes, line: int, column: int) -> tuple[int, int]:
    """Return the line and column where a text ends that begins at this line and column."""
    breaks = text.count(b"\n")
    width = len((text[text.rindex(b"\n") + 1 :] if breaks else text).decode("utf-8", "replace"))
    return line + breaks, width if breaks else column + width
