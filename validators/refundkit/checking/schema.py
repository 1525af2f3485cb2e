"""A value that its JSON Schema refuses -> every RF1xx finding, each under the rule that the spec names for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import Finding, finding
from ..operations import Operation, success
from ..rule import REGISTRY
from ..text import format_value, pointer_of, suggest_name

if TYPE_CHECKING:
    import jsonschema_rs

RULES = {
    "required": "RF101",
    "type": "RF102",
    "additionalProperties": "RF103",
    "enum": "RF104",
    "const": "RF104",
    "minimum": "RF105",
    "maximum": "RF105",
    "exclusiveMinimum": "RF105",
    "exclusiveMaximum": "RF105",
    "minLength": "RF106",
    "maxLength": "RF106",
    "minItems": "RF106",
    "maxItems": "RF106",
    "minProperties": "RF106",
    "pattern": "RF107",
    "format": "RF107",
    "anyOf": "RF109",
    "oneOf": "RF109",
    "not": "RF109",
}
# Keywords that say how large a number may be; of a number in a text that is a pattern it must not have.
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "not"})
# The digits of the largest number that jsonschema-rs takes a key for.
_DIGITS = 20
# Places that are looked at where several may be meant.
_ALIKE = 100
MOST = 50_000
"""The values that a document may have for each of them to be told of, if it is refused."""
SERVER_MONEY = re.compile(r"price|tax|amount|total", re.IGNORECASE)


class Flaw(msgspec.Struct, frozen=True):
    """A finding of the schema, with its rule.

    `key` is true where it is about a field's name (RF103, RF108): the rest can be judged without the field.

    `bound` is true where a bound of a number refuses the value that has a rule of its own: the rest can be judged.
    """

    code: str
    finding: Finding
    key: bool = False
    bound: bool = False


@cache
def validator(operation: Operation, part: str = "body") -> jsonschema_rs.Draft202012Validator:
    """The compiled JSON Schema of a body or response."""
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_schema(operation, part))


@cache
def _schema(operation: Operation, part: str) -> dict[str, Any]:
    return operation.schema(part)


def flaws(operation: Operation, value: object, part: str = "body", *, size: int | None = None) -> list[Flaw]:
    """Everything that the schema refuses in the value (plain data as `reading` gives it), whose text has `size` bytes.

    Of a value with more than MOST values in it, what is refused beyond those is told as one flaw without a place.
    """
    schema, check = _schema(operation, part), validator(operation, part)
    if (size is not None and size < MOST) or not _is_vast(value):
        reader = _Reader(operation, part, schema, value)
        return [flaw for error in check.iter_errors(value) for flaw in reader.flaws(error)]
    if check.is_valid(value):
        return []
    short = _cut(value, frozenset(_names(schema)), [MOST])
    reader = _Reader(operation, part, schema, short)
    found = list(islice((flaw for error in check.iter_errors(short) for flaw in reader.flaws(error)), MOST))
    message = f"the body has more than {MOST:,} values: what is wrong beyond them is not listed"
    return [*found, Flaw(found[-1].code if found else "RF102", finding("", message))]


def _is_vast(value: object) -> bool:
    """Whether a value has more than MOST values in it: each could be refused, and each refusal takes its room."""
    open_nodes, count = [value], 0
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, (dict, list)):
            count += len(node)
            if count > MOST:
                return True
            open_nodes.extend(node.values() if isinstance(node, dict) else node)
    return False


def _cut(node: Any, known: frozenset[str], room: list[int]) -> Any:
    """As much of a value as there is room for; what may be required stays: a field that the schema names, one entry."""
    if isinstance(node, list):
        return [_cut(inner, known, room) for index, inner in enumerate(node) if _takes(room) or not index]
    if isinstance(node, dict):
        return {key: _cut(inner, known, room) for key, inner in node.items() if _takes(room) or key in known}
    return node


def _takes(room: list[int]) -> bool:
    room[0] -= 1
    return room[0] >= 0


def _names(node: Any) -> Iterator[str]:
    """The name of every field that a schema knows."""
    if isinstance(node, dict):
        yield from node.get("properties", {})
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _names(inner)


class _Reader:
    """Turns errors of jsonschema-rs into findings, for one schema."""

    def __init__(self, operation: Operation, part: str, schema: dict[str, Any], value: object) -> None:
        self.operation = operation
        self.part = part
        self.schema = schema
        self.value = value
        self.numbered: dict[int, dict[int, list[str]]] = {}

    def flaws(self, error: Any) -> Iterator[Flaw]:
        keyword = error.kind.name
        place = self._place(error)
        if keyword in ("anyOf", "oneOf"):
            yield from self._union(error, place)
        elif keyword == "required":
            name = error.kind.property
            yield Flaw("RF101", finding(pointer_of(place), f"{_named(place)} lacks the required field {name!r}"))
        elif keyword == "additionalProperties":
            for name in error.kind.unexpected:
                yield self._unknown(error, place, name)
        else:
            yield self._plain(error, place, keyword)

    def _place(self, error: Any) -> list[str]:
        """The keys and indices to the refused value.

        jsonschema-rs hands out "7", "07" and "+7" as the number 7, and "" not at all: the value tells which it was.
        """
        found = list(islice(self._places(self.value, error.instance_path), _ALIKE))
        alike = (place for place, node in found if node == error.instance)
        return found[0][0] if len(found) == 1 else next(alike, found[0][0])

    def _places(self, node: Any, tokens: Sequence[int | str]) -> Iterator[tuple[list[str], Any]]:
        """Where the tokens may lead from a value, and what stands there."""
        if not tokens:
            yield [], node
        elif isinstance(node, list):
            index = tokens[0]
            if isinstance(index, int) and index < len(node):  # else an empty key led into the wrong list
                for place, inner in self._places(node[index], tokens[1:]):
                    yield [str(index), *place], inner
        elif isinstance(node, dict):
            token = tokens[0]
            keys = [token] if isinstance(token, str) else self._numbers(node).get(token, [])
            for key in keys:
                for place, inner in self._places(node[key], tokens[1:]) if key in node else ():
                    yield [key, *place], inner
        if isinstance(node, dict) and "" in node:
            for place, inner in self._places(node[""], tokens):
                yield ["", *place], inner

    def _numbers(self, node: dict[str, Any]) -> dict[int, list[str]]:
        """The keys of an object that are numbers to jsonschema-rs, by the number; made once, since all may be wrong."""
        if id(node) not in self.numbered:
            known = self.numbered[id(node)] = {}
            for key in node:
                digits = key.removeprefix("+").lstrip("0")
                if key.isascii() and key.removeprefix("+").isdigit() and len(digits) <= _DIGITS:
                    known.setdefault(int(digits or "0"), []).append(key)
        return self.numbered[id(node)]

    def _union(self, error: Any, place: list[str]) -> Iterator[Flaw]:
        """The branch that takes the value's type, if there is one; else that no branch does."""
        branches = error.kind.context
        fitting = [branch for branch in branches if not any(_about_type(inner, place) for inner in branch)]
        if not fitting:
            types = [kind for branch in branches for inner in branch for kind in getattr(inner.kind, "types", [])]
            expected = " or ".join(dict.fromkeys(types))
            message = f"{_named(place)} is {format_value(self._at(place))}, not {expected}"
            yield Flaw("RF109", finding(pointer_of(place), message))
            return
        furthest = max(fitting, key=lambda branch: max((len(inner.instance_path) for inner in branch), default=0))
        for inner in furthest:
            yield from self.flaws(inner)

    def _unknown(self, error: Any, place: list[str], name: str) -> Flaw:
        known = list(self._beside(error).get("properties", {}))
        where = pointer_of([*place, name])
        if self.part == "body" and _server_field(self.operation, place, name):
            return Flaw("RF108", finding(where, f"{name!r} is computed by the server", _server_help(name)), key=True)
        wire = re.sub(r"_([a-z])", lambda found: found[1].upper(), name)
        help_text = f"the wire name is {wire!r}" if wire != name and wire in known else ""
        help_text = help_text or _misplaced(self.operation, name) or suggest_name(name, known).lstrip("; ")
        message = f"{_named(place)} has no field {name!r}"
        return Flaw("RF103", finding(where, message, help_text or f"known are {', '.join(known)}"), key=True)

    def _plain(self, error: Any, place: list[str], keyword: str) -> Flaw:
        beside = self._beside(error)
        named = beside.get("x-rule", {}).get(keyword)
        code = named or RULES.get(keyword, "RF109")
        value = self._at(place)
        worded = REGISTRY[code].run if code in REGISTRY and "value" in REGISTRY[code].parameters else None
        if worded is not None:
            message, help_text = worded(value)
        else:
            message, help_text = f"{_named(place)} {_words(keyword, beside, value)}", _advice(keyword, beside, value)
        return Flaw(code, finding(pointer_of(place), message, help_text), bound=bool(named) and keyword in BOUNDS)

    def _at(self, place: list[str]) -> Any:
        """The value at the place, exact: jsonschema-rs hands out floats."""
        node: Any = self.value
        for key in place:
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def _beside(self, error: Any) -> dict[str, Any]:
        """The schema object that holds the refusing keyword."""
        node: Any = self.schema
        for key in error.schema_path[:-1]:
            node = node[key if isinstance(node, list) else str(key)]
        return node if isinstance(node, dict) else {}


def _named(place: Sequence[str]) -> str:
    names = [key for key in place if not key.isdigit()]
    return repr(names[-1]) if names else "the body"


def _about_type(error: Any, place: list[str]) -> bool:
    return error.kind.name == "type" and len(error.instance_path) == len(place)


def _words(keyword: str, schema: dict[str, Any], value: object) -> str:
    """What is wrong, after the field's name."""
    said = schema.get(keyword)
    if keyword == "type":
        types = [said] if isinstance(said, str) else said or []
        return f"is {_kind(value)}, not {' or '.join(types)}"
    if keyword in ("enum", "const"):
        return f"is {format_value(value)}, which is not allowed"
    if keyword == "pattern":
        return f"is {format_value(value)}, which is not of the form {said}"
    if keyword in ("minItems", "minProperties", "minLength"):
        return "is empty" if not value else f"has fewer than {said} {_unit(keyword)}"
    if keyword in ("maxItems", "maxLength"):
        return f"has more than {said} {_unit(keyword)}"
    bound = {
        "minimum": "below the minimum of",
        "maximum": "above the maximum of",
        "exclusiveMinimum": "not above",
        "exclusiveMaximum": "not below",
    }
    return (
        f"is {format_value(value)}, {bound[keyword]} {said}"
        if keyword in bound
        else f"is {format_value(value)}: not allowed here"
    )


def _advice(keyword: str, schema: dict[str, Any], value: object) -> str:
    if keyword == "enum":
        allowed = [str(one) for one in schema["enum"]]
        near = suggest_name(str(value), allowed).lstrip("; ")
        return near or (f"allowed are {', '.join(allowed)}" if len(allowed) <= 12 else "")
    types = schema.get("type")
    if keyword == "type" and isinstance(value, str) and types in ("number", "integer"):
        return "send a number without quotes" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else ""
    if keyword == "type" and isinstance(value, (int, Decimal)) and types == "string":
        return f'send it in quotes: "{value}"'
    return ""


def _kind(value: object) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return format_value(value)
    return f"the string {format_value(value)}" if isinstance(value, str) else f"the number {value}"


def _unit(keyword: str) -> str:
    return {"Items": "entries", "Length": "characters", "Properties": "fields"}[keyword[3:]]


def _server_field(operation: Operation, place: list[str], name: str) -> bool:
    """Whether the server computes the field: it stands in the answer where the request stands, or it is money where
    the API takes none."""
    if not operation.described.responses:
        return False
    if name in _answer_fields(operation, tuple(place)):
        return True
    return _takes_no_money(operation) and bool(SERVER_MONEY.search(name))


def _server_help(name: str) -> str:
    if SERVER_MONEY.search(name):
        return "leave it out: the refund uses the discounted price that was actually paid"
    return "leave it out"


def _answer_fields(operation: Operation, place: tuple[str, ...]) -> set[str]:
    """The fields of the success response's object at the request's place; a map and a list are no such pair."""
    asked, answer = _schema(operation, "body"), _schema(operation, success(operation))
    sent, back = _objects(asked, asked), _objects(answer, answer)
    for key in place:
        inner = [node["properties"][key] for node in sent if key in node.get("properties", {})]
        if not inner and any(isinstance(node.get("additionalProperties"), dict) for node in sent):
            return set()
        if inner:
            sent = [found for node in inner for found in _objects(asked, node)]
            back = [
                found
                for node in back
                if key in node.get("properties", {})
                for found in _objects(answer, node["properties"][key])
            ]
    return {name for node in back for name in node.get("properties", {})}


def _objects(root: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """The object schemas that a schema leads to through $ref, anyOf and items."""
    if "$ref" in node:
        return _objects(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    if "anyOf" in node:
        return [found for branch in node["anyOf"] for found in _objects(root, branch)]
    if "items" in node:
        return _objects(root, node["items"])
    return [node]


@cache
def _takes_no_money(operation: Operation) -> bool:
    schema = _schema(operation, "body")
    objects = [schema, *schema.get("$defs", {}).values()]
    return not any(SERVER_MONEY.search(name) for node in objects for name in node.get("properties", {}))


def _misplaced(operation: Operation, name: str) -> str:
    """A parameter of the query or a header that was put into the body."""
    for parameter in operation.described.parameters:
        if parameter.name == name:
            if name == "api_refund":
                return "the body's api_refund does nothing: put `?api_refund=0` into the query to leave the gateway out"
            return f"{name!r} belongs into the {parameter.place}"
    return ""
