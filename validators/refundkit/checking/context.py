"""The order and the earlier refunds that a refund is judged by: JSON text -> models, or why they cannot be used.

An order is read as leniently as can be: what its model refuses is set apart, so that an oddity takes nothing away from
the rest. Whoever looks into such a part gets UnreadableError.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

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

if TYPE_CHECKING:
    from ..reading.document import Document

Problems: TypeAlias = list[tuple[str, Finding]]
# Where msgspec says that a value is odd: `$.order.lines[0].id`.
_PLACE = re.compile(r" - at `\$(.*)`", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")
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
    document, problems = _read_slowly(text, "order")
    if not document.readable:
        return None, problems
    try:
        model = _decode_leniently(source.struct(status), document.value, operation.described.context["order"].key)
    except UNREADABLE as error:
        return None, [*problems, _wrong_context("order", error)]
    repeats = [each.pointer.removeprefix("order:") for code, each in problems if code == "RF002"]
    modelled = places_in_model(model, repeats)
    return model, [each for each in problems if each[0] != "RF002" or each[1].pointer[6:] in modelled]


def read_refunds(operation: Operation, text: bytes) -> tuple[Any, Problems]:
    """Read the list of earlier refunds as the models of its API, or None, with what is wrong."""
    if operations.refunds_type(operation) is None:
        return None, []
    try:
        model = _refunds_decoder(operation, operations.plain_literal).decode(text)
    except UNREADABLE:
        model = None
    if model is not None and _is_free_of_repeats(text, model):
        return model, []
    document, problems = _read_slowly(text, "refunds")
    if not document.readable:
        return None, problems
    try:
        return _refunds_decoder(operation, Decimal).decode(encode(document.value)), problems
    except UNREADABLE as error:
        return None, [*problems, _wrong_context("refunds", error)]


def places_in_model(model: Any, pointers: list[str]) -> set[str]:
    """Return those of the places of an order that its model holds; what it does not is nobody's cap."""
    return {pointer for pointer in pointers if _holds(model, path_of(pointer) or [])}


def _holds(node: Any, path: list[str]) -> bool:
    for token in path:
        if isinstance(node, msgspec.Struct):
            names = dict(zip(node.__struct_encode_fields__, node.__struct_fields__, strict=True))
            node = getattr(node, names[token], None) if token in names else None
        elif isinstance(node, list) and token.isdigit() and int(token) < len(node):
            node = node[int(token)]
        else:
            node = node.get(token) if isinstance(node, dict) else None
        if node is None or node is msgspec.UNSET:
            return False
    return True


def _is_free_of_repeats(text: bytes, model: Any) -> bool:
    """Whether no key stands twice: seen by the model, or, where that leaves fields out, by the plain data."""
    if has_unique_keys(text, model):
        return True
    try:
        return has_unique_keys(text, msgspec.json.decode(text))
    except UNREADABLE:
        return False


def _read_slowly(text: bytes, part: str) -> tuple[Document, Problems]:
    """Read a part exactly, and find what is wrong with its text."""
    from ..reading.json import read_json

    document = read_json(text)
    problems = [
        (each.code, finding(f"{part}:{each.pointer}", f"the {part}: {each.message}", each.help))
        for each in document.problems
    ]
    return document, problems


def _wrong_context(part: str, error: Exception) -> tuple[str, Finding]:
    kind = "get-order response" if part == "order" else "list of earlier refunds"
    where = str(error).partition(" - at `$")[2].rstrip("`")
    message = f"this is no {kind} of the API: {str(error).partition(' - ')[0]}{f' at {where}' if where else ''}"
    return "RF005", finding(f"{part}:", message, "give the API's own response as it came")


@cache
def _refunds_decoder(operation: Operation, literal: Callable[[str], Decimal]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(operations.refunds_type(operation), dec_hook=decode_number, float_hook=literal)


def _decode_leniently(model: type, value: Any, key: str) -> Any:
    """Decode plain data with what the model refuses set apart. Raises MsgspecError for what it cannot do without.

    A list loses the whole entry that holds an odd value, such as an order's line, whose `key` is kept.
    """
    removed: list[tuple[list[str | int], Unreadable]] = []
    for _ in range(_MOST_ODDITIES):
        try:
            decoded = decoder_of(model).decode(encode(value))
        except msgspec.ValidationError as error:
            path = _odd_path(value, error)
            if not path:
                raise
            holder = value
            for step in path[:-1]:
                holder = holder[step]
            odd = holder.pop(path[-1])
            name = odd.get(key, "") if isinstance(odd, dict) else ""
            reason = str(error).partition(" - ")[0]
            removed.append((path, Unreadable(f"order:{pointer_of(map(str, path))}", reason, str(name))))
        else:
            for path, unreadable in reversed(removed):
                _put_back(decoded, path, unreadable)
            return decoded
    raise msgspec.ValidationError(f"more than {_MOST_ODDITIES} parts of it are odd")


def _odd_path(value: Any, error: msgspec.ValidationError) -> list[str | int]:
    """The keys and indexes to the value that an error is about, or to the first entry of a list around it."""
    place = _PLACE.search(str(error))
    path: list[str | int] = []
    for step in _STEP.finditer(place[1] if place else ""):
        path.append(step[1] if step[1] is not None else int(step[2]))
        if step[1] is None:
            break
    return path


def _put_back(model: Any, path: list[str | int], unreadable: Unreadable) -> None:
    """Set an unreadable part where it stood, so that nobody takes it for absent."""
    for position, step in enumerate(path):
        is_last = position + 1 == len(path)
        if isinstance(step, int):
            if isinstance(model, list):
                model.insert(step, unreadable)
            return
        names = dict(zip(model.__struct_encode_fields__, model.__struct_fields__, strict=True))
        if is_last:
            msgspec.structs.force_setattr(model, names[step], unreadable)
            return
        model = getattr(model, names[step])
        if not isinstance(model, (msgspec.Struct, list)):
            return
