"""Models as text and back: their JSON form, and the form on the wire, which is XML where the API wants it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from refundkit_apis._runtime import codec

from . import operations
from .errors import UsageError
from .operations import APIS, Operation

T = TypeVar("T")


def encode(model: object, *, wire: bool = False) -> bytes:
    """Return the JSON form of a model or of plain data, every digit of its numbers included.

    `wire=True` gives the bytes that a client sends for a request's model, wrapped as the API wants it: XML of a
    walmart_ca model, JSON of the others. Raises ValueError for what neither can hold, such as NaN.
    """
    if not wire:
        return _encode(model)
    operation = next(_operations_of(type(model)), None)
    if operation is None:
        raise UsageError(f"{type(model).__name__} is no model of a request: wire=True is for what a client sends")
    text = _encode(operations.wrap(model, operation.struct()))
    if not operation.xml:
        return text
    from .reading.json import read_json
    from .xml_writer import write_xml

    return write_xml(read_json(text).value, operation.schema())


def decode(model: type[T], text: bytes | str) -> T:
    """Read a model from JSON, or from XML where its API speaks that. Raises ValueError that says what is wrong."""
    if not isinstance(model, type) or not isinstance(text, bytes | str):
        raise UsageError(
            "decode(type, text) takes a class and a text, such as decode(models.walmart.Order, response.text)"
        )
    data = text.encode() if isinstance(text, str) else text
    try:
        return codec.decode(_to_json(model, data), model)
    except (msgspec.MsgspecError, RecursionError, ArithmeticError) as error:
        raise UsageError(f"this is no {model.__name__}: {error}") from error


def _encode(value: object) -> bytes:
    try:
        return codec.encode(value)
    except (TypeError, RecursionError, UnicodeEncodeError) as error:
        raise UsageError(f"a {type(value).__name__} cannot be written as JSON: {error}") from None


def _to_json(model: type, data: bytes) -> bytes:
    from .reading.xml import is_xml, read_xml

    if not is_xml(data):
        return data
    for operation, part in _uses_of(model):
        if operations.takes_xml(operation, part):
            document = read_xml(data, operation.schema(part))
            if document.problems:
                raise UsageError(f"this is no {model.__name__}: {document.problems[0].message}")
            return codec.encode(document.value)
    raise UsageError(f"{model.__name__} is never XML")


def _operations_of(model: type) -> Iterator[Operation]:
    """Yield the operations whose body a model is, alone or in its wrapper."""
    for operation in _operations_of_api(model):
        body = None if operation.described.body is None else operation.struct()
        if body is model or (body is not None and model in [field.type for field in msgspec.structs.fields(body)]):
            yield operation


def _uses_of(model: type) -> Iterator[tuple[Operation, str]]:
    """Yield the operations whose body or answer a model is, each with "body" or the status."""
    for operation in _operations_of_api(model):
        if operation.described.body == model.__name__:
            yield operation, "body"
        for status, name in operation.described.responses.items():
            if name == model.__name__:
                yield operation, status


def _operations_of_api(model: type) -> list[Operation]:
    """Return the operations of the API that a generated model belongs to."""
    api: Any = model.__module__.removeprefix("refundkit_apis.").partition(".")[0]
    return list(operations.of_api(api).values()) if api in APIS else []
