"""The body of a request: JSON text -> its model, or what its reading and its schema refuse.

One decode and a proof that no key was lost read most bodies. Only where that refuses or doubts is the text read again,
slowly and exactly, for the full list of findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from refundkit_apis._runtime.codec import encode

from .. import operations
from ..errors import Finding, finding
from ..operations import Operation
from ..reading.keys import UNREADABLE, has_unique_keys
from ..request import Request
from ..text import escape_token

Problem: TypeAlias = tuple[str, Finding]


def read_body(operation: Operation, request: Request) -> tuple[Any, list[Problem]]:
    """Read the body as its model, or None, with what is wrong (RF0xx and RF1xx).

    Where the schema refuses no more than fields that can be left out and bounds that a rule words, there is a model
    all the same: with the values as they were sent, and without the fields.
    """
    text = request.body
    if text is None:
        return None, [("RF101", finding("request:/body", f"{operation.name} takes a body and none was given"))]
    try:
        model = operations.quick_decoder(operation).decode(text)
    except UNREADABLE:
        return _diagnose(operation, request)
    if b"[" in text and operations.has_open_lists(operation):
        return _diagnose(operation, request)
    return (model, []) if has_unique_keys(text, model) else _diagnose(operation, request)


def _diagnose(operation: Operation, request: Request) -> tuple[Any, list[Problem]]:
    """As read_body, the slow way: all that is wrong with the text and its value."""
    from .schema import flaws

    document = request.document
    problems = [
        (
            each.code,
            Finding(pointer=each.pointer, message=each.message, help=each.help, line=each.line, column=each.column),
        )
        for each in document.problems
    ]
    if not document.readable:
        return None, problems
    refused = flaws(operation, document.value, size=len(request.body or b""))
    problems += [(flaw.code, flaw.finding) for flaw in refused]
    if not all(flaw.key or flaw.bound for flaw in refused):
        return None, problems
    value = document.value
    removed = [flaw.finding.pointer for flaw in refused if flaw.key]
    if removed:
        value = _without(value, removed)
    try:
        return operations.lenient_decoder(operation).decode(encode(value)), problems
    except UNREADABLE as error:
        return None, [*problems, *disagreement(operation, error)]


def disagreement(operation: Operation, error: Exception) -> list[Problem]:
    """A body that its schema accepts and its model refuses: our defect, said aloud (the tests raise here)."""
    message = f"the model of {operation.name} refuses what its schema accepts: {error}"
    return [("RF102", finding("", message, "this is a defect of refundkit: please report it with the payload"))]


def _without(value: Any, pointers: Iterable[str]) -> Any:
    """A copy of the value without the fields at the pointers."""
    removed = set(pointers)

    def copy(node: Any, pointer: str) -> Any:
        if isinstance(node, dict):
            places = {key: f"{pointer}/{escape_token(key)}" for key in node}
            return {key: copy(inner, places[key]) for key, inner in node.items() if places[key] not in removed}
        if isinstance(node, list):
            return [copy(inner, f"{pointer}/{index}") for index, inner in enumerate(node)]
        return node

    return copy(value, "")
