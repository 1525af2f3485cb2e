"""The order and the earlier refunds that a refund is judged by: JSON text -> models, or why they cannot be used.

An order is read as leniently as can be: what its model refuses is set apart, so that an oddity takes nothing away from
the rest. Whoever looks into such a part gets UnreadableError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

import msgspec
from refundkit_apis._runtime.codec import decoder as decoder_of
from refundkit_apis._runtime.codec import encode
from refundkit_apis._runtime.number import decode_number

from .. import operations
from ..errors import Finding, finding
from ..ledger import Unreadable
from ..operations import Operation
from ..reading.keys import UNREADABLE, has_unique_keys
from ..text import path_of, pointer_of

Problems: TypeAlias = list[tuple[str, Finding]]
# Where msgspec says that a value is odd: `$.order.lines[0].id`.
_PLACE = re.compile(r" - at `\$(.*)`", re.DOTALL)
_TOKEN = re.compile(r"\.([^.\[]+)|\[(?:\.\.\.|[0-9]+)\]")
# More odd parts than this, and the document is no order.
_MOST_ODDITIES = 100


def read_order(operation: Operation, text: bytes) -> tuple[Any, Problems]:
    """Read the order as the model of its API, or None, with what is wrong (RF001, RF002, RF004, RF005)."""
    source = operations.order_source(operation)
    if source is None:
        return None, []
    status = operations.success(source)
    try:
        model = operations.quick_decoder(source, status).decode(text)
    except UNREADABLE:
        model = None
    if model is not None and _is_free_of_repeats(text, model):
        return model, []
    return _read_order_slowly(operation, source, text)


def read_refunds(operation: Operation, text: bytes) -> tuple[Any, Problems]:
    """Read the list of earlier refunds as the models of its API, or None, with what is wrong."""
    listed = operations.refunds_type(operation)
    if listed is None:
        return None, []
    try:
        model = _refunds_decoder(operation, operations.plain_literal).decode(text)
    except UNREADABLE:
        model = None
    if model is not None and _is_free_of_repeats(text, model):
        return model, []
    value, problems = _read_value(text, "refunds")
    if value is None:
        return None, problems
    try:
        return _refunds_decoder(operation, Decimal).decode(encode(value)), problems
    except UNREADABLE as error:
        return None, [*problems, _wrong_context("refunds", error)]


def is_in_model(operation: Operation, pointer: str) -> bool:
    """Whether a place of an order is one that its model holds; what it does not is nobody's cap."""
    source = operations.order_source(operation)
    if source is None:
        return False
    kinds: list[Any] = [source.struct(operations.success(source))]
    for token in path_of(pointer) or ():
        kinds = [inner for kind in kinds for inner in _inner_types(kind, token)]
    return bool(kinds)


def _is_free_of_repeats(text: bytes, model: Any) -> bool:
    """Whether no key stands twice: seen by the model, or, where that leaves fields out, by the plain data."""
    if has_unique_keys(text, model):
        return True
    try:
        return has_unique_keys(text, msgspec.json.decode(text))
    except UNREADABLE:
        return False


def _read_value(text: bytes, part: str) -> tuple[Any, Problems]:
    """The plain data of a part, None where it cannot be read, and what is wrong with its text."""
    from ..reading.json import read_json

    document = read_json(text)
    problems = [
        (each.code, finding(f"{part}:{each.pointer}", f"the {part}: {each.message}", each.help))
        for each in document.problems
    ]
    return document.value if document.readable else None, problems


def _read_order_slowly(operation: Operation, source: Operation, text: bytes) -> tuple[Any, Problems]:
    value, problems = _read_value(text, "order")
    problems = [
        (code, each)
        for code, each in problems
        if code != "RF002" or is_in_model(operation, each.pointer.removeprefix("order:"))
    ]
    if value is None:
        return None, problems
    key = operation.described.context["order"].key
    try:
        return _decode_leniently(source.struct(operations.success(source)), value, key), problems
    except UNREADABLE as error:
        return None, [*problems, _wrong_context("order", error)]


def _wrong_context(part: str, error: Exception) -> tuple[str, Finding]:
    kind = "get-order response" if part == "order" else "list of earlier refunds"
    where = str(error).partition(" - at `$")[2].rstrip("`")
    message = f"this is no {kind} of the API: {str(error).partition(' - ')[0]}{f' at {where}' if where else ''}"
    return "RF005", finding(f"{part}:", message, "give the API's own response as it came")


@cache
def _refunds_decoder(operation: Operation, literal: Callable[[str], Decimal]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(operations.refunds_type(operation), dec_hook=decode_number, float_hook=literal)


# Lenient decoding.


def _decode_leniently(model: type, value: Any, key: str) -> Any:
    """Decode plain data with what the model refuses set apart. Raises MsgspecError for what it cannot do without."""
    removed: list[tuple[list[str], int | None, Unreadable]] = []
    for _ in range(_MOST_ODDITIES):
        try:
            decoded = decoder_of(model).decode(encode(value))
        except msgspec.ValidationError as error:
            odd = list(_remove_odd(model, value, error, key))
            if not odd:
                raise
            removed += odd
        else:
            break
    else:
        raise msgspec.ValidationError(f"more than {_MOST_ODDITIES} parts of it are odd")
    for attributes, index, unreadable in removed:
        _put_back(decoded, attributes, index, unreadable)
    return decoded


def _remove_odd(
    model: Any, value: Any, error: msgspec.ValidationError, key: str
) -> Iterator[tuple[list[str], int | None, Unreadable]]:
    """Take what an error is about out of the plain data: entries of a list, or the innermost field that may lack."""
    place = _PLACE.search(str(error))
    tokens = [match[1] for match in _TOKEN.finditer(place[1])] if place else []
    reason = str(error).partition(" - ")[0]
    steps: list[tuple[Any, str, str, bool]] = []  # a field: its object, its name, its attribute, may lack
    node, kind = value, model
    for token in tokens:
        if token is None:
            entries = [get_args(each)[0] for each in _alternatives(kind) if get_origin(each) is list]
            if entries and isinstance(node, list):
                yield from _remove_entries(node, entries[0], steps, key)
                return
            break
        field = next((each for each in _fields(kind) if each.encode_name == token), None)
        if field is None or not isinstance(node, dict) or token not in node:
            break
        steps.append((node, token, field.name, not field.required))
        node, kind = node[token], field.type
    while steps and not steps[-1][3]:
        steps.pop()
    if steps:
        owner, name, _, _ = steps[-1]
        del owner[name]
        pointer = pointer_of(step[1] for step in steps)
        yield [step[2] for step in steps], None, Unreadable(f"order:{pointer}", reason)


def _remove_entries(
    entries: list[Any], kind: Any, steps: list[tuple[Any, str, str, bool]], key: str
) -> Iterator[tuple[list[str], int | None, Unreadable]]:
    pointer = pointer_of(step[1] for step in steps)
    attributes = [step[2] for step in steps]
    kept = []
    for index, entry in enumerate(entries):
        try:
            decoder_of(kind).decode(encode(entry))
            kept.append(entry)
        except UNREADABLE as error:
            name = entry.get(key, "") if isinstance(entry, dict) else ""
            name = str(name) if isinstance(name, (str, int)) else ""
            yield attributes, index, Unreadable(f"order:{pointer}/{index}", str(error), name)
    entries[:] = kept


def _put_back(model: Any, attributes: list[str], index: int | None, unreadable: Unreadable) -> None:
    """Set an unreadable part where it stood, so that nobody takes it for absent."""
    path = attributes if index is not None else attributes[:-1]
    for name in path:
        model = getattr(model, name, None)
        if not isinstance(model, (msgspec.Struct, list)):
            return
    if index is None:
        msgspec.structs.force_setattr(model, attributes[-1], unreadable)
    elif isinstance(model, list):
        model.insert(index, unreadable)


def _fields(kind: Any) -> Iterator[msgspec.structs.FieldInfo]:
    for each in _alternatives(kind):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            yield from msgspec.structs.fields(each)


def _inner_types(kind: Any, token: str) -> Iterator[Any]:
    """The types that a value of a type may have at a token of a pointer."""
    for each in _alternatives(kind):
        if get_origin(each) is list and token.isdigit():
            yield get_args(each)[0]
        elif get_origin(each) is dict:
            yield get_args(each)[1]
        elif isinstance(each, type) and issubclass(each, msgspec.Struct):
            yield from (field.type for field in msgspec.structs.fields(each) if field.encode_name == token)


def _alternatives(kind: Any) -> Iterator[Any]:
    """The members of a union, without annotations."""
    if get_origin(kind) is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for inner in get_args(kind):
            yield from _alternatives(inner)
    else:
        yield kind
