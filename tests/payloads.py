"""Draws payloads for a JSON Schema as text with exact numbers: valid ones, near misses and noise."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

NUMBERS = ["0", "-0", "-0.0", "1", "-1", "0.5", "-19.99", "1.0", "-1.00", "9007199254740993", "-9007199254740993.5"]
NUMBERS += ["1e2", "-1E-7", "12345678901234567890123", "-0.00001", "500", "501", "36", "1.5e3"]
TEXTS = [
    "",
    "0",
    "1",
    "-1",
    "01",
    "1.0",
    "-0.00",
    "-5.00",
    "1,5",
    "1e1",
    " 5 ",
    "12abc",
    "$5",
    "1\n",
    "10.00",
    "abc",
    "é☃𐀀",
]
TEXTS += ["USD", "CAD", "us", "2025-11-12T10:00:00Z", "2025-11-12", "x" * 36, "x" * 300, 'q"\\:/', "a:b", "string"]


class Literal:
    """A number as text, so that it is not rounded."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __deepcopy__(self, memo: object) -> Literal:
        return self


def written(value: Any) -> str:
    """Return the JSON text of a value with Literals."""
    if isinstance(value, Literal):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False)


numbers = st.one_of(
    st.sampled_from(NUMBERS),
    st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-1000, max_value=1000).map(str),
    st.integers(-(10**25), 10**25).map(str),
).map(Literal)
texts = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
scalars = st.one_of(numbers, texts, st.booleans(), st.none())
noise = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def valid(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy of values that the schema mostly accepts."""
    if "$ref" in schema:
        return valid(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return st.one_of([valid(branch, root) for branch in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    types = schema.get("type", ["string", "number", "object"])
    kinds = [types] if isinstance(types, str) else types
    return st.one_of([_OF_TYPE[kind](schema, root) for kind in kinds])


def _object(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    fields = {name: valid(inner, root) for name, inner in schema.get("properties", {}).items()}
    needed = {name: fields[name] for name in schema.get("required", [])}
    free = {name: value for name, value in fields.items() if name not in needed}
    built = st.fixed_dictionaries(needed, optional=free)
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        return st.dictionaries(st.sampled_from(["1", "7", "893", "x"]), valid(extra, root), max_size=3)
    if not fields:
        return st.dictionaries(st.sampled_from(["id", "quantity", "a:b"]), noise, max_size=2)
    return built


def _array(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.lists(valid(schema["items"], root), min_size=schema.get("minItems", 0), max_size=3)


def _number(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    def fits(literal: Literal) -> bool:
        value = Decimal(literal.text)
        return (
            value >= schema.get("minimum", value)
            and value <= schema.get("maximum", value)
            and (value > schema["exclusiveMinimum"] if "exclusiveMinimum" in schema else True)
            and (value < schema["exclusiveMaximum"] if "exclusiveMaximum" in schema else True)
        )

    whole = (
        numbers.filter(lambda literal: Decimal(literal.text) % 1 == 0) if schema.get("type") == "integer" else numbers
    )
    return whole.filter(fits)


def _string(schema: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "pattern" in schema:
        return st.one_of(st.sampled_from(["1", "10.00", "0.5", "2025-11-12T10:00:00Z", "2"]), texts)
    return texts


_OF_TYPE: dict[str, Callable[[dict[str, Any], dict[str, Any]], st.SearchStrategy[Any]]] = {
    "object": _object,
    "array": _array,
    "number": _number,
    "integer": _number,
    "string": _string,
    "boolean": lambda schema, root: st.booleans(),
    "null": lambda schema, root: st.none(),
}


@st.composite
def near_misses(draw: st.DrawFn, schema: dict[str, Any]) -> str:
    """Draw the text of a payload with one mutation."""
    value = copy.deepcopy(draw(valid(schema, schema)))
    places = _containers(value)
    if not places:
        return written(draw(noise))
    holder = draw(st.sampled_from(places))
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    mutation = draw(st.sampled_from(["drop", "extra", "replace", "replace", "long", "null", "duplicate", "empty"]))
    if mutation == "extra" and isinstance(holder, dict):
        holder[draw(st.sampled_from(["extra", "id", "amount", "price", "isFullRefund", "é"]))] = draw(scalars)
    elif keys:
        key = draw(st.sampled_from(keys))
        if mutation == "drop":
            del holder[key]
        elif mutation == "duplicate" and isinstance(holder, dict):
            return _doubled(value, holder, key, draw(scalars))
        else:
            holder[key] = {
                "replace": draw(noise),
                "long": "x" * 500,
                "null": None,
                "empty": draw(st.sampled_from([[], {}, ""])),
            }.get(mutation, draw(scalars))
    return written(value)


def _containers(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return [node, *(found for inner in node.values() for found in _containers(inner))]
    if isinstance(node, list):
        return [node, *(found for inner in node for found in _containers(inner))]
    return []


def _doubled(root: Any, holder: dict[str, Any], key: str, other: Any) -> str:
    """Return the text with one key of one object written twice."""
    marker = "\u0001duplicate"
    holder[marker] = other
    text = written(root)
    del holder[marker]
    return text.replace(json.dumps(marker), json.dumps(key))
