"""A value that its JSON Schema refuses -> every RF1xx finding, each under the rule that the spec names for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from itertools import islice, repeat
from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import Finding, finding
from ..operations import Operation, schema_nodes, success
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
# Keywords that bound a number; a number in quotes is bounded by `not` with a pattern.
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "not"})
_BOUND_RELATIONS = {
    "minimum": "below the minimum of",
    "maximum": "above the maximum of",
    "exclusiveMinimum": "not above",
    "exclusiveMaximum": "not below",
}
# jsonschema-rs takes keys of at most so many digits for numbers.
_MAX_KEY_DIGITS = 20
# So many paths are tried where an error could mean several.
_MAX_CANDIDATES = 100
MAX_VALUES = 50_000
"""A body with more values than this gets findings for its beginning only."""
SERVER_MONEY = re.compile(r"price|tax|amount|total", re.IGNORECASE)


class Flaw(msgspec.Struct, frozen=True):
    """A finding of the schema, with its rule. Beside flaws of these two kinds the body can still be judged:

    `key` is true if it is about a field's name (RF103, RF108), `bound` if it breaks a bound that names its own rule.
    """

    code: str
    finding: Finding
    key: bool = False
    bound: bool = False


@cache
def validator(operation: Operation, part: str = "body") -> jsonschema_rs.Draft202012Validator:
    """Return the compiled JSON Schema of a body or response."""
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(_schema(operation, part))


@cache
def _schema(operation: Operation, part: str) -> dict[str, Any]:
    return operation.schema(part)


@cache
def _ignores_fields(operation: Operation, part: str) -> bool:
    """Return whether the spec names a rule for unknown fields of an open object."""
    return any("additionalProperties" in node.get("x-rule", ()) for node in schema_nodes(_schema(operation, part)))


def flaws(operation: Operation, value: object, part: str = "body", *, size: int | None = None) -> list[Flaw]:
    """Return everything that the schema refuses in a value: plain data as `reading` gives it, from `size` bytes.

    Beyond the first MAX_VALUES values there is one flaw without a place for the others.
    """
    schema, check = _schema(operation, part), validator(operation, part)
    if (size is not None and size < MAX_VALUES) or not _exceeds_max_values(value):
        finder = _FlawFinder(operation, part, schema, value)
        refused = [flaw for error in check.iter_errors(value) for flaw in finder.flaws(error)]
        return [*refused, *finder.ignored_fields(schema, value, [])] if _ignores_fields(operation, part) else refused
    if check.is_valid(value):
        return []
    names = frozenset(name for node in schema_nodes(schema) for name in node.get("properties", {}))
    short = _truncate(value, names, repeat(True, MAX_VALUES))
    finder = _FlawFinder(operation, part, schema, short)
    listed = list(islice((flaw for error in check.iter_errors(short) for flaw in finder.flaws(error)), MAX_VALUES))
    message = f"the body has more than {MAX_VALUES:,} values: what is wrong beyond them is not listed"
    return [*listed, Flaw(listed[-1].code if listed else "RF102", finding("", message))]


def _exceeds_max_values(value: object) -> bool:
    """Return whether a value holds more than MAX_VALUES values: a flaw for each would take too much memory."""
    pending, count = [value], 0
    while pending:
        node = pending.pop()
        if isinstance(node, (dict, list)):
            count += len(node)
            if count > MAX_VALUES:
                return True
            pending.extend(node.values() if isinstance(node, dict) else node)
    return False


def _truncate(node: Any, names: frozenset[str], room: Iterator[bool]) -> Any:
    """Copy one part of a value for each item of `room`, and what may be required: known fields, a first entry."""
    if isinstance(node, list):
        return [_truncate(item, names, room) for index, item in enumerate(node) if next(room, False) or not index]
    if isinstance(node, dict):
        return {key: _truncate(child, names, room) for key, child in node.items() if next(room, False) or key in names}
    return node


class _FlawFinder:
    """Turns the errors of jsonschema-rs into flaws, for one schema and one value."""

    def __init__(self, operation: Operation, part: str, schema: dict[str, Any], value: object) -> None:
        self.operation = operation
        self.part = part
        self.schema = schema
        self.value = value
        self.numeric_keys: dict[int, dict[int, list[str]]] = {}

    def flaws(self, error: Any) -> Iterator[Flaw]:
        """Yield the flaws that one error stands for."""
        keyword, path = error.kind.name, self._path_of(error)
        if keyword in ("anyOf", "oneOf"):
            yield from self._union_flaws(error, path)
        elif keyword == "required":
            name = error.kind.property
            yield Flaw("RF101", finding(pointer_of(path), f"{_describe_path(path)} lacks the required field {name!r}"))
        elif keyword == "additionalProperties":
            for name in error.kind.unexpected:
                yield self._unknown_field(self._refusing_schema(error), path, name)
        else:
            yield self._keyword_flaw(error, path, keyword)

    def _path_of(self, error: Any) -> list[str]:
        """Return the keys and indexes to the refused value.

        jsonschema-rs writes the keys "7", "07" and "+7" as the number 7, and leaves out "": the value tells them apart.
        """
        tokens: list[int | str] = error.instance_path
        node: Any = self.value
        for token in tokens:
            if isinstance(node, dict) and (isinstance(token, int) or "" in node):
                break
            node = node[token]
        else:
            if not isinstance(node, dict) or "" not in node:
                return [str(token) for token in tokens]
        candidates = list(islice(self._candidate_paths(self.value, tokens), _MAX_CANDIDATES))
        equal = (path for path, node in candidates if node == error.instance)
        return candidates[0][0] if len(candidates) == 1 else next(equal, candidates[0][0])

    def _candidate_paths(self, node: Any, tokens: Sequence[int | str]) -> Iterator[tuple[list[str], Any]]:
        """Yield each path below a node that the tokens may stand for, with the value there."""
        if not tokens:
            yield [], node
        elif isinstance(node, list):
            index = tokens[0]
            if isinstance(index, int) and index < len(node):  # else an empty key led into the wrong list
                for path, value in self._candidate_paths(node[index], tokens[1:]):
                    yield [str(index), *path], value
        elif isinstance(node, dict):
            token = tokens[0]
            keys = [token] if isinstance(token, str) else self._numeric_keys(node).get(token, [])
            for key in keys:
                for path, value in self._candidate_paths(node[key], tokens[1:]) if key in node else ():
                    yield [key, *path], value
        if isinstance(node, dict) and "" in node:
            for path, value in self._candidate_paths(node[""], tokens):
                yield ["", *path], value

    def _numeric_keys(self, node: dict[str, Any]) -> dict[int, list[str]]:
        """Return an object's keys that are numbers to jsonschema-rs, by number; cached, as all may be wrong."""
        if id(node) not in self.numeric_keys:
            keys = self.numeric_keys[id(node)] = {}
            for key in node:
                digits = key.removeprefix("+").lstrip("0")
                if key.isascii() and key.removeprefix("+").isdigit() and len(digits) <= _MAX_KEY_DIGITS:
                    keys.setdefault(int(digits or "0"), []).append(key)
        return self.numeric_keys[id(node)]

    def _union_flaws(self, error: Any, path: list[str]) -> Iterator[Flaw]:
        """Yield the flaws of the branch that accepts the value's type; one flaw if none does."""
        branches = error.kind.context
        fitting = [branch for branch in branches if not any(_is_type_error(cause, error) for cause in branch)]
        if not fitting:
            types = [kind for branch in branches for cause in branch for kind in getattr(cause.kind, "types", [])]
            expected = " or ".join(dict.fromkeys(types))
            message = f"{_describe_path(path)} is {format_value(self._value_at(path))}, not {expected}"
            yield Flaw("RF109", finding(pointer_of(path), message))
            return
        furthest = max(fitting, key=lambda branch: max((len(cause.instance_path) for cause in branch), default=0))
        for cause in furthest:
            yield from self.flaws(cause)

    def ignored_fields(self, node: dict[str, Any], value: object, path: list[str]) -> Iterator[Flaw]:
        """Yield the flaw of each unknown field of an open object whose spec names a rule for them."""
        for schema in _alternatives(self.schema, node):
            if isinstance(value, list) and "items" in schema:
                for index, item in enumerate(value):
                    yield from self.ignored_fields(schema["items"], item, [*path, str(index)])
            elif isinstance(value, dict) and schema.get("type") == "object":
                fields, others = schema.get("properties", {}), schema.get("additionalProperties")
                for name, item in value.items():
                    if name not in fields and "additionalProperties" in schema.get("x-rule", ()):
                        yield self._unknown_field(schema, path, name)
                    elif name in fields or isinstance(others, dict):
                        yield from self.ignored_fields(fields.get(name, others), item, [*path, name])

    def _unknown_field(self, schema: dict[str, Any], path: list[str], name: str) -> Flaw:
        """Return the flaw of a field that the schema lacks, with the most likely intention as help.

        Where there is none, an open schema names the rule.
        """
        pointer = pointer_of([*path, name])
        fields, alias = list(schema.get("properties", {})), schema.get("x-aliases", {}).get(name)
        if self.part == "body" and _is_server_field(self.operation, path, name):
            price_help = ": the refund uses the discounted price that was actually paid"
            help_text = "leave it out" + (price_help if SERVER_MONEY.search(name) else "")
            help_text = f"what a request may say of it is {alias!r}" if alias else help_text
            return Flaw("RF108", finding(pointer, f"{name!r} is computed by the server", help_text), key=True)
        wire_name = alias or re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
        help_text = f"the wire name is {wire_name!r}" if wire_name != name and wire_name in fields else ""
        help_text = help_text or _parameter_help(self.operation, name) or suggest_name(name, fields).lstrip("; ")
        message = f"{_describe_path(path)} has no field {name!r}"
        code = "RF103" if help_text else schema.get("x-rule", {}).get("additionalProperties", "RF103")
        return Flaw(code, finding(pointer, message, help_text or f"known are {', '.join(fields)}"), key=True)

    def _keyword_flaw(self, error: Any, path: list[str], keyword: str) -> Flaw:
        """Return the flaw of a keyword, worded by the rule that the spec names for it if that rule has own words."""
        schema, value = self._refusing_schema(error), self._value_at(path)
        spec_rule = schema.get("x-rule", {}).get(keyword)
        code = spec_rule or RULES.get(keyword, "RF109")
        if code in REGISTRY and "value" in REGISTRY[code].parameters:
            message, help_text = REGISTRY[code].run(value)
        else:
            message = f"{_describe_path(path)} {_describe_refusal(keyword, schema, value)}"
            help_text = _help_text(keyword, schema, value)
        return Flaw(code, finding(pointer_of(path), message, help_text), bound=bool(spec_rule) and keyword in BOUNDS)

    def _value_at(self, path: list[str]) -> Any:
        """Return the exact value at a path: jsonschema-rs has a float in its place."""
        node: Any = self.value
        for key in path:
            node = node[int(key)] if isinstance(node, list) else node[key]
        return node

    def _refusing_schema(self, error: Any) -> dict[str, Any]:
        """Return the schema object that holds the refusing keyword."""
        node: Any = self.schema
        for key in error.schema_path[:-1]:
            node = node[key if isinstance(node, list) else str(key)]
        return node if isinstance(node, dict) else {}


def _describe_path(path: Sequence[str]) -> str:
    names = [key for key in path if not key.isdigit()]
    return repr(names[-1]) if names else "the body"


def _is_type_error(cause: Any, error: Any) -> bool:
    """Return whether a cause of a union's error is the type of the value itself; a path leaves empty keys out."""
    same_place = cause.instance_path == error.instance_path and cause.instance == error.instance
    return bool(cause.kind.name == "type" and same_place)


def _describe_refusal(keyword: str, schema: dict[str, Any], value: object) -> str:
    """Say what is wrong with a value, as the end of a sentence that begins with its field."""
    limit = schema.get(keyword)
    if keyword == "type":
        types = [limit] if isinstance(limit, str) else limit or []
        return f"is {_describe_value(value)}, not {' or '.join(types)}"
    if keyword in ("enum", "const"):
        return f"is {format_value(value)}, which is not allowed"
    if keyword == "pattern":
        return f"is {format_value(value)}, which is not of the form {limit}"
    if keyword in ("minItems", "minProperties", "minLength"):
        return "is empty" if not value else f"has fewer than {limit} {_unit(keyword)}"
    if keyword in ("maxItems", "maxLength"):
        return f"has more than {limit} {_unit(keyword)}"
    relation = f", {_BOUND_RELATIONS[keyword]} {limit}" if keyword in _BOUND_RELATIONS else ": not allowed here"
    return f"is {format_value(value)}{relation}"


def _help_text(keyword: str, schema: dict[str, Any], value: object) -> str:
    """Say what to write instead, or ""."""
    if keyword == "enum":
        allowed = [str(choice) for choice in schema["enum"]]
        nearest = suggest_name(str(value), allowed).lstrip("; ")
        return nearest or (f"allowed are {', '.join(allowed)}" if len(allowed) <= 12 else "")
    types = schema.get("type")
    if keyword == "type" and isinstance(value, str) and types in ("number", "integer"):
        return "send a number without quotes" if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else ""
    if keyword == "type" and isinstance(value, (int, Decimal)) and types == "string":
        return f'send it in quotes: "{value}"'
    return ""


def _describe_value(value: object) -> str:
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return format_value(value)
    return f"the string {format_value(value)}" if isinstance(value, str) else f"the number {value}"


def _unit(keyword: str) -> str:
    return {"Items": "entries", "Length": "characters", "Properties": "fields"}[keyword[3:]]


def _is_server_field(operation: Operation, path: list[str], name: str) -> bool:
    """Return whether the response has the field in the same place, or it is money and the API takes none."""
    if not operation.described.responses:
        return False
    is_money = bool(SERVER_MONEY.search(name)) and _has_no_money_field(operation)
    return is_money or name in _response_fields(operation, tuple(path))


def _response_fields(operation: Operation, path: tuple[str, ...]) -> set[str]:
    """Return the fields of the success response's object at a path of the request; none for an entry of a map."""
    body, response = _schema(operation, "body"), _schema(operation, success(operation))
    sent, answered = _objects(body, body), _objects(response, response)
    for key in path:
        children = _children(body, sent, key)
        if not children and any(isinstance(node.get("additionalProperties"), dict) for node in sent):
            return set()
        if children:
            sent, answered = children, _children(response, answered, key)
    return {name for node in answered for name in node.get("properties", {})}


def _alternatives(root: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of which a value fits one: through $ref and anyOf."""
    if "$ref" in node:
        return _alternatives(root, root["$defs"][node["$ref"].rpartition("/")[2]])
    return [schema for branch in node["anyOf"] for schema in _alternatives(root, branch)] if "anyOf" in node else [node]


def _children(root: dict[str, Any], nodes: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Return the object schemas of a field of any of the objects."""
    fields = [node["properties"][key] for node in nodes if key in node.get("properties", {})]
    return [child for field in fields for child in _objects(root, field)]


def _objects(root: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the object schemas that a schema leads to through $ref, anyOf and items."""
    schemas = _alternatives(root, node)
    return [child for each in schemas for child in (_objects(root, each["items"]) if "items" in each else [each])]


@cache
def _has_no_money_field(operation: Operation) -> bool:
    schema = _schema(operation, "body")
    objects = [schema, *schema.get("$defs", {}).values()]
    return not any(SERVER_MONEY.search(name) for node in objects for name in node.get("properties", {}))


def _parameter_help(operation: Operation, name: str) -> str:
    """Say where a field of the body belongs if it is a parameter of the operation, else ""."""
    for parameter in operation.described.parameters:
        if parameter.name == name:
            if name == "api_refund":
                return "the body's api_refund does nothing: put `?api_refund=0` into the query to leave the gateway out"
            return f"{name!r} belongs into the {parameter.place}"
    return ""
