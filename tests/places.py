"""Where a value of a document stands, one question at a time."""

from __future__ import annotations

from refundkit.reading.document import Document, Location
from refundkit.reading.places import Part


def locate(document: Document, pointer: str, part: Part = "value") -> Location | None:
    """Return the place of the value or key at a JSON pointer; None without such a value."""
    return document.locate_all([(pointer, part)])[0]
