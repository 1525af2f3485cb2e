"""Reads the order and the earlier refunds that a request is checked against: JSON text -> models, or findings.

An order is read leniently: a part that its model refuses becomes an Unreadable, and the others can be used all the
same. Reading from an Unreadable raises UnreadableError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache, reduce
from itertools import islice
from operator import getitem
from typing import TYPE_CHECKING, Any

import msgspec
from refundkit_apis._runtime.codec import decoder as decoder_of
from refundkit_apis._runtime.codec import encode
from refundkit_apis._runtime.number import decode_number

from .. import apis, operations
from ..errors import finding
from ..ledger import OrderModel, Unreadable, UnreadableError
from ..money import exact
from ..operations import Operation
from ..reading.keys import UNREADABLE, has_unique_keys
from ..text import format_value, path_of, pointer_of, quote_text
from .body import Problem, read_document

if TYPE_CHECKING:
    from ..reading.document import Document

# The path in a message of msgspec: `$.order.lines[0].id`.
_ERROR_PATH = re.compile(r" - at `\$(.*)`", re.DOTALL)
_PATH_STEP = re.compile(r"\.([^.\[]+)|\[([0-9]+)\]")
# A document with more unreadable parts than this is no order.
_MAX_UNREADABLE = 200


def read_order(operation: Operation, text: bytes, path: Mapping[str, str] | None = None) -> tuple[Any, list[Problem]]:
    """Read the order as the model of its API, or None, with what is wrong (RF001, RF002, RF004, RF005).

    Of a list of orders only the one that `path` names is left, if it is there.
    """
    source = operations.order_source(operation)
    if source is None:
        return None, []
    status, context = operations.success(source), operation.described.context["order"]
    orders = apis.order_model(operation.name)
    if context.pick and path:
        text = _pick_order(text, context.pick, list(orders.path_ids)[-1], path)
    model = _decode_quickly(operations.quick_decoder(source, status), text)
    if model is not None:
        return model, []
    document, problems = _read_exactly(text, "order", source, status)
    if not document.readable:
        return None, problems
    try:
        value = _wrap_order(source.struct(status), document.value, str(context.lines))
        model = _decode_leniently(source.struct(status), value, context.key, orders)
    except UNREADABLE as error:
        kind = f"{source.name.partition('.')[2].replace('_', '-')} response"
        return None, [*problems, _context_problem("order", kind, error, document.value, source.struct(status))]
    repeats = [problem.pointer.removeprefix("order:") for code, problem in problems if code == "RF002"]
    modelled = places_in_model(model, repeats)
    return model, [(code, problem) for code, problem in problems if code != "RF002" or problem.pointer[6:] in modelled]


def read_refunds(operation: Operation, text: bytes) -> tuple[Any, list[Problem]]:
    """Read the list of earlier refunds strictly, with what is wrong; one refused entry makes it None."""
    if operations.refunds_type(operation) is None:
        return None, []
    model = _decode_quickly(_refunds_decoder(operation, operations.plain_literal), text)
    if model is not None:
        return model, []
    document, problems = _read_exactly(text, "refunds", operation)
    if not document.readable:
        return None, problems
    refunds = document.value if document.places is None else [document.value]  # of XML it is one refund
    try:
        return _refunds_decoder(operation, Decimal).decode(encode(refunds)), problems
    except UNREADABLE as error:
        kind, model = "list of earlier refunds", operations.refunds_type(operation)
        return None, [*problems, _context_problem("refunds", kind, error, document.value, model)]


def places_in_model(model: Any, pointers: list[str]) -> set[str]:
    """Return the pointers that lead to a field of the order's model; no rule reads any other."""
    return {pointer for pointer in pointers if _has_path(model, path_of(pointer) or [])}


def _has_path(node: Any, path: list[str]) -> bool:
    """Return whether a model has a value at a path of JSON keys and indexes."""
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


def _decode_quickly(decoder: msgspec.json.Decoder[Any], text: bytes) -> Any:
    """Decode a text without repeated keys as its model; None where it has to be read exactly."""
    try:
        model = decoder.decode(text)
        # A model may leave fields out: then the plain data tells whether a key stands twice.
        return model if has_unique_keys(text, model) or has_unique_keys(text, msgspec.json.decode(text)) else None
    except UNREADABLE:
        return None


def _read_exactly(text: bytes, part: str, operation: Operation, status: str = "body") -> tuple[Document, list[Problem]]:
    """Read a part exactly; return the document and what is wrong with its text."""
    document = read_document(text, operation, status)
    problems = [
        (problem.code, finding(f"{part}:{problem.pointer}", f"the {part}: {problem.message}", problem.help))
        for problem in document.problems
    ]
    return document, problems


def _pick_order(text: bytes, field: str, id_name: str, path: Mapping[str, str]) -> bytes:
    """Return a list response with only the order that the path names; as it is if the list does not hold it."""
    try:
        answer = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        entries = msgspec.json.decode(answer[field], type=list[msgspec.Raw])
        ids = [msgspec.json.decode(entry, type=dict[str, msgspec.Raw]).get(id_name, b"") for entry in entries]
    except (*UNREADABLE, KeyError):
        return text
    wanted = encode(path.get(id_name))
    picked = [entry for entry, entry_id in zip(entries, ids, strict=True) if bytes(entry_id) == wanted]
    return encode({**answer, field: picked}) if picked and len(entries) > 1 else text


def _context_problem(part: str, kind: str, error: Exception, value: Any, model: Any) -> Problem:
    """Return the RF005 finding for an order or a list of refunds that its model refuses: what it is and has to be."""
    reason, _, path = str(error).partition(" - at `$")
    names = ", ".join(map(quote_text, islice(value, 5))) if isinstance(value, dict) else ""
    shape = format_value(value) + (f" with {names}" if names else "")
    message = f"this is no {kind} of the API but {shape}: {reason}{f' at {path}'.rstrip('`') if path else ''}"
    fields = msgspec.structs.fields(model) if hasattr(model, "__struct_fields__") else ()
    required = ", ".join(field.encode_name for field in fields if field.required)
    advice = f"give the API's own response as it came: {f'an object with {required}' if required else 'a list'}"
    return "RF005", finding(f"{part}:", message, advice)


def _wrap_order(model: type, value: Any, lines: str) -> Any:
    """Return an order that stands without its wrapper, as in a list of orders, in the form of the API's response.

    Most of its fields must be those of the API's orders: another API's order may lack what rules read.
    """
    wrapper, _, line_path = lines.lstrip("/").partition("/")
    if not line_path or not isinstance(value, dict) or wrapper in value:
        return value
    order = next(field.type for field in msgspec.structs.fields(model) if field.encode_name == wrapper)
    is_list = hasattr(order, "__args__")
    known_fields = value.keys() & set((order.__args__[0] if is_list else order).__struct_encode_fields__)
    return {wrapper: [value] if is_list else value} if len(known_fields) * 2 > len(value) else value


@cache
def _refunds_decoder(operation: Operation, literal: Callable[[str], Decimal]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(operations.refunds_type(operation), dec_hook=decode_number, float_hook=literal)


class _Removed(msgspec.Struct):
    """A part that was taken out of an order: its path, what replaces it, the list entry that held it or None."""

    path: list[str | int]
    unreadable: Unreadable
    entry: Any


def _decode_leniently(model: type, value: Any, key: str, orders: OrderModel) -> Any:
    """Decode plain data, with an Unreadable for each part that the model refuses.

    That is the odd value alone if neither the model nor the ledger needs it, else the whole entry of a list that has
    the field `key`, such as an order's line. Raises MsgspecError where the model cannot do without the part.
    """
    removed: list[_Removed] = []
    for _ in range(_MAX_UNREADABLE):
        try:
            decoded = decoder_of(model).decode(encode(value))
            for part in reversed(removed):
                _insert_unreadable(decoded, part.path, part.unreadable)
            with exact():
                orders.open_order(decoded)
                orders.refunds_in_order(decoded)
        except msgspec.ValidationError as error:
            path, reason = _path_of_error(error), str(error).partition(" - ")[0]
            if not path:
                raise
            path = _path_of_entry(value, path, key) if reason.startswith("Object missing") else path
        except UnreadableError as error:
            part = next(part for part in removed if part.unreadable is error.part)
            if part.entry is None:
                return decoded
            path, reason = next(_paths_to(part.entry, value)), part.unreadable.reason
        else:
            return decoded
        removed.append(_remove(value, path, reason, key))
    raise msgspec.ValidationError(f"more than {_MAX_UNREADABLE} parts of it are odd")


def _remove(value: Any, path: list[str | int], reason: str, key: str) -> _Removed:
    """Take the part at a path out of plain data."""
    entry_path = _path_of_entry(value, path, key)
    entry = reduce(getitem, entry_path, value) if entry_path != path else None
    refused = reduce(getitem, path[:-1], value).pop(path[-1])
    name = refused.get(key, "") if isinstance(refused, dict) else ""
    return _Removed(path, Unreadable(f"order:{pointer_of(map(str, path))}", reason, str(name)), entry)


def _path_of_error(error: msgspec.ValidationError) -> list[str | int]:
    """Return the path to the value that an error is about."""
    match = _ERROR_PATH.search(str(error))
    steps = match[1].partition("[...]")[0] if match else ""  # so it writes any key of a map
    return [step[1] if step[1] is not None else int(step[2]) for step in _PATH_STEP.finditer(steps)]


def _path_of_entry(value: Any, path: list[str | int], key: str) -> list[str | int]:
    """Return the path to the outermost list entry with the key that holds a value, or to the value if none does."""
    for position, step in enumerate(path):
        value = value[step]
        if isinstance(step, int) and isinstance(value, dict) and key in value:
            return path[: position + 1]
    return path


def _paths_to(wanted: Any, node: Any) -> Iterator[list[str | int]]:
    """Yield the path to an object in plain data: indexes change as parts are removed."""
    for step, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if child is wanted:
            yield [step]
        yield from ([step, *path] for path in _paths_to(wanted, child))


def _insert_unreadable(model: Any, path: list[str | int], unreadable: Unreadable) -> None:
    """Set an Unreadable at the path of the part that it replaces, so that the part does not seem absent."""
    for position, step in enumerate(path):
        is_last = position + 1 == len(path)
        if isinstance(model, list) and isinstance(step, int):
            if is_last:
                model.insert(step, unreadable)
            model = model[step]
        elif isinstance(model, msgspec.Struct):
            attribute = model.__struct_fields__[model.__struct_encode_fields__.index(str(step))]
            if is_last:
                msgspec.structs.force_setattr(model, attribute, unreadable)
            model = getattr(model, attribute)
        else:  # an Unreadable holds the part, or a map
            return
