"""The order and the earlier refunds that a refund is judged by: JSON text -> models, or why they cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from refundkit_apis._runtime.codec import encode
from refundkit_apis._runtime.number import decode_number

from . import operations, rules
from .keys import unrepeated
from .operations import Operation
from .rule import Finding
from .rule import finding as make_finding

Problems = list[tuple[str, Finding]]
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ArithmeticError, ValueError)


def read_order(operation: Operation, text: bytes) -> tuple[Any, Problems]:
    """The order as the model of its API, or None, with what is wrong (RF001, RF002, RF004, RF005).

    Only the fields that rules read count: an oddity elsewhere does not make an order unusable.
    """
    source = operations.get_order(operation.api)
    status = operations.success(source)
    try:
        model = operations.quick_decoder(source, status).decode(text)
    except _UNREADABLE:
        model = None
    if model is not None and _certain(text, model):
        return model, []
    return _read_slowly(text, operations.decoder(source, status), operation.api, "order")


def read_refunds(operation: Operation, text: bytes) -> tuple[Any, Problems]:
    """The list of earlier refunds as the models of its API, or None, with what is wrong."""
    try:
        model = _refunds_decoder(operation.api, operations.plain_literal).decode(text)
    except _UNREADABLE:
        model = None
    if model is not None and _certain(text, model):
        return model, []
    return _read_slowly(text, _refunds_decoder(operation.api, Decimal), operation.api, "refunds")


def _certain(text: bytes, model: Any) -> bool:
    """Whether no key stands twice: seen by the model, or, where that leaves fields out, by the plain data."""
    if unrepeated(text, model):
        return True
    try:
        return unrepeated(text, msgspec.json.decode(text))
    except _UNREADABLE:
        return False


def _read_slowly(text: bytes, decoder: msgspec.json.Decoder[Any], api: str, part: str) -> tuple[Any, Problems]:
    from .read import read_json

    document = read_json(text)
    problems = [
        (one.code, make_finding(f"{part}:{one.pointer}", f"the {part}: {one.message}", one.help))
        for one in document.problems
        if part == "refunds" or one.code != "RF002" or is_read(api, one.pointer)
    ]
    if not document.readable:
        return None, problems
    value = document.value if part == "refunds" else _only(document.value, rules.order_fields(api))
    try:
        return decoder.decode(encode(value)), problems
    except _UNREADABLE as error:
        kind = "get-order response" if part == "order" else "list of earlier refunds"
        where = str(error).partition(" - at `$")[2].rstrip("`")
        message = f"this is no {kind} of the API: {str(error).partition(' - ')[0]}{f' at {where}' if where else ''}"
        return None, [*problems, ("RF005", make_finding(f"{part}:", message, "give the API's own response as it came"))]


def is_read(api: str, pointer: str) -> bool:
    """Whether a place of an order is one that rules read."""
    return rules.order_fields(api).issuperset(name for name in pointer.split("/")[1:] if not name.isdigit())


def _only(value: Any, fields: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _only(inner, fields) for key, inner in value.items() if key in fields}
    if isinstance(value, list):
        return [_only(inner, fields) for inner in value]
    return value


@cache
def _refunds_decoder(api: str, literal: Callable[[str], Decimal]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(rules.refunds_type(api), dec_hook=decode_number, float_hook=literal)
