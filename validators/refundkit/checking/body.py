"""Reads the body of a request: JSON text -> its model, or the findings of its text and its schema.

Most bodies need one decode and a comparison of key counts. Only where one of them fails is the text read again,
slowly and exactly, for the full list of findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from refundkit_apis._runtime.codec import encode

from .. import operations
from ..errors import Finding, finding
from ..operations import Operation
from ..reading.keys import UNREADABLE, has_unique_keys
from ..request import Request
from ..text import escape_token

if TYPE_CHECKING:
    from ..reading.document import Document

Problem: TypeAlias = tuple[str, Finding]


def read_body(operation: Operation, request: Request) -> tuple[Any, list[Problem]]:
    """Read the body as its model, or None, with what is wrong (RF0xx and RF1xx).

    There is a model all the same if the schema refuses only unknown fields, which the model lacks, and numbers beyond
    bounds that have their own rule.
    """
    text = request.body
    if request.is_translated and (request.document.problems or request.document.remarks):
        return _diagnose(operation, request)  # our text of it shows no repeated key
    if text is None:
        return None, [("RF101", finding("request:/body", f"{operation.name} takes a body and none was given"))]
    try:
        model = operations.quick_decoder(operation).decode(text)
    except UNREADABLE:
        return _diagnose(operation, request)
    if b"[" in text and operations.has_open_lists(operation):
        return _diagnose(operation, request)
    return (model, []) if has_unique_keys(text, model) else _diagnose(operation, request)


def read_document(text: bytes, operation: Operation, part: str = "body") -> Document:
    """Read JSON, or XML where the operation's body, or a response by its status, may be XML."""
    from ..reading.json import read_json
    from ..reading.xml import is_xml, read_xml

    if is_xml(text) and operations.takes_xml(operation, part):
        return read_xml(text, operation.schema(part))
    return read_json(text)


def _diagnose(operation: Operation, request: Request) -> tuple[Any, list[Problem]]:
    """Read a body as read_body does, slowly, with everything that is wrong with its text and its value."""
    from .schema import flaws

    document = request.document
    problems = [
        (
            fault.code,
            Finding(
                pointer=fault.pointer, message=fault.message, help=fault.help, line=fault.line, column=fault.column
            ),
        )
        for fault in (*document.problems, *document.remarks)
    ]
    if not document.readable:
        return None, problems
    value = document.value
    body_flaws = flaws(operation, value, size=len(request.body or b""))
    problems += [(flaw.code, flaw.finding) for flaw in body_flaws]
    if not all(flaw.key or flaw.bound for flaw in body_flaws):
        return None, problems
    unknown_fields = [flaw.finding.pointer for flaw in body_flaws if flaw.key]
    if unknown_fields:
        value = _remove_fields(value, unknown_fields)
    try:
        return operations.lenient_decoder(operation).decode(encode(value)), problems
    except UNREADABLE as error:
        return None, [*problems, *disagreement(operation, error)]


def disagreement(operation: Operation, error: Exception) -> list[Problem]:
    """Return the finding for a body that its schema accepts and its model refuses: our defect (tests raise here)."""
    message = f"the model of {operation.name} refuses what its schema accepts: {error}"
    return [("RF102", finding("", message, "this is a defect of refundkit: please report it with the payload"))]


def _remove_fields(value: Any, pointers: Iterable[str]) -> Any:
    """Copy a value without the fields at the pointers."""
    removed = set(pointers)

    def copy(node: Any, pointer: str) -> Any:
        if isinstance(node, dict):
            field_pointers = {key: f"{pointer}/{escape_token(key)}" for key in node}
            return {
                key: copy(child, field_pointers[key])
                for key, child in node.items()
                if field_pointers[key] not in removed
            }
        if isinstance(node, list):
            return [copy(item, f"{pointer}/{index}") for index, item in enumerate(node)]
        return node

    return copy(value, "")
