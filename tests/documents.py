"""Helpers of the reading tests: the problem, the place and the exact value in a document."""

from __future__ import annotations

from typing import Any

from places import locate
from refundkit.reading.document import Document, Problem
from refundkit.reading.places import Part

BOM = b"\xef\xbb\xbf"


def only_problem(document: Document) -> Problem:
    """Return the problem of a document that has exactly one."""
    (problem,) = document.problems
    return problem


def span_of(document: Document, pointer: str, part: Part = "value") -> tuple[int, int, int, int] | None:
    """Return the line and column where a value or key begins and ends; None without such a value."""
    location = locate(document, pointer, part)
    return (location.line, location.column, location.end_line, location.end_column) if location else None


def exactly_equal(left: Any, right: Any) -> bool:
    """Return whether two values are equal in type, in every digit and in the order of their keys."""
    return repr(left) == repr(right)
