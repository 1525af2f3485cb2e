"""`refundkit schema`: the JSON Schema of an operation's body, or of a whole request."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec

from .. import operations
from ..errors import UsageError
from ..lint.document import KEYS
from ..operations import Operation
from .arguments import CLEAN

_REQUEST = "request"
_VALUES = {"type": ["object", "null"], "additionalProperties": {"type": ["string", "integer", "boolean", "null"]}}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit schema`."""
    parser.add_argument("operation", metavar="OPERATION", help="or `request`: a whole request of any operation")


def run(options: argparse.Namespace) -> int:
    """Print the schema of a body or of a request. Raises UsageError where there is none."""
    schema = make_request_schema() if options.operation == _REQUEST else _find_body_schema(options.operation)
    print(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())
    return CLEAN


def _find_body_schema(name: str) -> dict[str, Any]:
    try:
        operation = operations.get(name)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if operation.described.body is None:
        raise UsageError(f"{operation.name} takes no body")
    return operation.schema()


def make_request_schema() -> dict[str, Any]:
    """Make the schema of a request as `check` reads it: its keys, and the body of the operation that it names."""
    properties: dict[str, Any] = {key: {} for key in KEYS}
    properties |= {key: {"type": ["string", "null"]} for key in ("method", "url")}
    properties |= dict.fromkeys(("path", "query", "headers"), _VALUES)
    properties["operation"] = {"anyOf": [{"enum": list(operations.names())}, {"type": "null"}]}
    with_body = [operation for operation in map(operations.get, operations.names()) if operation.described.body]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A request, as `refundkit check` reads it",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "anyOf": [{"required": ["operation"]}, {"required": ["method", "url"]}, {"required": ["body"]}],
        "allOf": [_bind_body(operation) for operation in with_body],
        "$defs": {name: schema for operation in with_body for name, schema in _define_body(operation)},
    }


def _bind_body(operation: Operation) -> dict[str, Any]:
    """Hold the body to the operation's schema where the request names that operation."""
    names = {"properties": {"operation": {"const": operation.name}}, "required": ["operation"]}
    body = {"anyOf": [{"$ref": f"#/$defs/{operation.name}"}, {"type": "null"}]}
    return {"if": names, "then": {"properties": {"body": body}}}


def _define_body(operation: Operation) -> list[tuple[str, Any]]:
    """Return the definitions of a body, under the operation's name: two operations may call different things alike."""
    schema = operation.schema()
    definitions = {f"{operation.name}.{name}": definition for name, definition in schema.get("$defs", {}).items()}
    body = {key: value for key, value in schema.items() if key not in ("$defs", "$schema", "$id")}
    return [(name, _rename(value, operation.name)) for name, value in ({operation.name: body} | definitions).items()]


def _rename(node: Any, prefix: str) -> Any:
    """Let the references of a schema point at the definitions under the operation's name."""
    if isinstance(node, list):
        return [_rename(value, prefix) for value in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    renamed = {key: _rename(value, prefix) for key, value in node.items()}
    if isinstance(reference, str):
        renamed["$ref"] = reference.replace("#/$defs/", f"#/$defs/{prefix}.")
    return renamed
