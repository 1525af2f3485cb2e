"""Two versions of one JSON Schema -> its changes in words, each narrower, wider or undecided; and the parts below it.

Schemas are compared by what they accept: bounds as intervals, `const` as an enum of one, the branches of an `anyOf` by
their types. A keyword counts only for types that both versions accept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from .lint import ABOUT, types_of
from .spec import escape, referenced_name

# Keywords that change nothing on the wire.
WORDS = frozenset(
    "description summary title example examples x-aliases x-free-text x-page-differs x-source x-pages".split()
)
INTERVALS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))
COMPARED = frozenset(
    "$ref type enum const anyOf minimum exclusiveMinimum maximum exclusiveMaximum minLength maxLength minItems maxItems"
    " pattern not format xml x-rule x-idempotency-key additionalProperties properties required items".split()
)
CHILDREN = ("properties", "items", "anyOf")
TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
OTHER_WORDS = "says the same in other words"


class SchemaChange(NamedTuple):
    """One change of a schema, at a keyword. `narrower`: it refuses values of before; `wider`: it accepts more.

    `field` is the property that it is about, if it is about one.
    """

    keyword: str
    message: str
    narrower: bool = False
    wider: bool = False
    is_certain: bool = True
    field: str = ""


class SchemaPart(NamedTuple):
    """The old and the new version of a part of a schema, with its pointer below that; `field` names a property."""

    field: str
    pointer: str
    old: dict[str, Any]
    new: dict[str, Any]


class Bound(NamedTuple):
    """One end of an interval; `value` grows the narrower the bound is."""

    value: float
    is_exclusive: bool
    text: str


def compare_keywords(old: dict[str, Any], new: dict[str, Any], *, is_xml: bool = False) -> list[SchemaChange]:
    """Compare two versions of a schema, without their parts; `$ref`s are resolved, and `anyOf`s are told apart."""
    changes = [
        *_compare_types(old, new),
        *_compare_values(old, new),
        *_compare_intervals(old, new),
        *_compare_patterns(old, new),
        *_compare_properties(old, new, is_xml=is_xml),
        *_compare_extensions(old, new, is_xml=is_xml),
    ]
    if not changes and _own_keywords(old) != _own_keywords(new):
        changes.append(SchemaChange("", OTHER_WORDS))
    return changes


def split_parts(old: dict[str, Any], new: dict[str, Any]) -> Iterator[SchemaPart]:
    """Yield the parts that both versions of a schema have: properties, items and values of a map."""
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in (name for name in after if name in before):
        yield SchemaPart(name, f"/properties/{escape(name)}", before[name], after[name])
    for keyword in ("items", "additionalProperties"):
        parts = [part if isinstance(part, dict) else {} for part in (old.get(keyword), new.get(keyword))]
        if any(isinstance(schema.get(keyword), dict) for schema in (old, new)) and _share(old, new, keyword):
            yield SchemaPart("", f"/{keyword}", *parts)


def open_values(branches: list[dict[str, Any]]) -> list[Any] | None:
    """Return the values of an open list: an `anyOf` of an enum and its plain type; None for another schema."""
    lists = [branch for branch in branches if "enum" in branch]
    if len(lists) != 1 or len(branches) != 2:
        return None
    (plain,) = (branch for branch in branches if "enum" not in branch)
    is_open = set(types_of(lists[0])) <= set(types_of(plain)) and not plain.keys() - WORDS - {"type"}
    return list(lists[0]["enum"]) if is_open else None


def collapse_branches(branches: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an open list of values as its plain type, or the only branch."""
    branch = branches[0] if open_values(branches) is None else next(part for part in branches if "enum" not in part)
    return {key: value for key, value in branch.items() if key != "$ref"}


def compare_open_values(old: list[Any], new: list[Any]) -> Iterator[SchemaChange]:
    """Compare two open lists of values, of which no change refuses anything."""
    for message, _ in _describe_values(old, new):
        yield SchemaChange("anyOf", f", an open list, {message}")


def match_branches(
    old: list[dict[str, Any]], new: list[dict[str, Any]]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pair the branches of two `anyOf`s by name, then by type; return the pairs, and the old and new ones left over."""
    pairs, left, right = [], list(range(len(old))), list(range(len(new)))
    for is_alike in (_has_same_name, _has_same_types, _has_common_type):
        for before in list(left):
            after = next((place for place in right if is_alike(old[before], new[place])), None)
            if after is not None:
                pairs.append((before, after))
                left.remove(before)
                right.remove(after)
    return pairs, left, right


def describe_types(schema: dict[str, Any]) -> str:
    """Name the types of a schema."""
    return _type_names(set(types_of(schema)))


def _has_same_name(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return bool(referenced_name(old)) and referenced_name(old) == referenced_name(new)


def _has_same_types(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return set(types_of(old)) == set(types_of(new))


def _has_common_type(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return bool(_shared_types(old, new))


def _shared_types(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    """Return the types that both accept; a number stands for an integer too. Without a type, a schema has all."""
    before, after = ({*types_of(schema)} or set(TYPES) for schema in (old, new))
    shared = before & after
    return shared | ({"integer"} if {"number", "integer"} & before and {"number", "integer"} & after else set())


def _share(old: dict[str, Any], new: dict[str, Any], keyword: str) -> bool:
    """True if a keyword is about a type that both schemas accept."""
    return bool(_shared_types(old, new) & ABOUT.get(keyword, frozenset(TYPES)))


def _own_keywords(schema: dict[str, Any]) -> list[Any]:
    """Return what a schema says itself; the order of values and of properties counts, since the models have it."""
    own = {key: value for key, value in sorted(schema.items()) if key not in WORDS and key not in CHILDREN}
    if isinstance(own.get("additionalProperties"), dict):
        own["additionalProperties"] = {}
    return [own, list(schema.get("properties", {})), "items" in schema]


def _compare_types(old: dict[str, Any], new: dict[str, Any]) -> Iterator[SchemaChange]:
    before, after = set(types_of(old)), set(types_of(new))
    if before != after:
        message = f"is {_type_names(after)}, was {_type_names(before)}"
        yield SchemaChange("type", message, not _covers(after, before), not _covers(before, after))


def _covers(wide: set[str], narrow: set[str]) -> bool:
    """True if one set of types accepts every value of the other; an empty set accepts any value."""
    accepted = wide | {"integer"} if "number" in wide else wide
    return not wide or (bool(narrow) and narrow <= accepted)


def _type_names(types: set[str]) -> str:
    return " or ".join(sorted(types)) or "anything"


def _values(schema: dict[str, Any]) -> list[Any] | None:
    """Return the only values that a schema accepts, null aside, which is a type; None if it names none."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return None if values is None else [value for value in values if value is not None]


def _compare_values(old: dict[str, Any], new: dict[str, Any]) -> Iterator[SchemaChange]:
    before, after = _values(old), _values(new)
    keyword = "const" if "const" in new else "enum"
    if before is not None and after is not None:
        for message, is_new in _describe_values(before, after):
            yield SchemaChange(keyword, message, narrower=not is_new, wider=is_new)
    elif after is not None:
        yield SchemaChange(keyword, f"has a list of values: {', '.join(map(str, after))}", narrower=True)
    elif before is not None and _share(old, new, "enum"):
        yield SchemaChange("enum", "has no list of values", wider=True)


def _describe_values(old: list[Any], new: list[Any]) -> Iterator[tuple[str, bool]]:
    """Yield what is said of each value that only one list has, and whether that is the new one."""
    yield from ((f"may be {value}", True) for value in new if value not in old)
    yield from ((f"may be {value} no more", False) for value in old if value not in new)


def _compare_intervals(old: dict[str, Any], new: dict[str, Any]) -> Iterator[SchemaChange]:
    for lower, upper in INTERVALS:
        if not _share(old, new, lower):
            continue
        for keyword, sign in ((lower, 1), (upper, -1)):
            before, after = (_find_bound(schema, keyword, sign) for schema in (old, new))
            if before[:2] != after[:2]:
                yield _describe_bound(keyword, before, after)


def _find_bound(schema: dict[str, Any], keyword: str, sign: int) -> Bound:
    """Return the bound that is in force of a keyword and its exclusive twin; whole numbers have inclusive ones."""
    exclusive = f"exclusive{keyword[0].upper()}{keyword[1:]}"
    is_whole = "number" not in types_of(schema) and "integer" in types_of(schema)
    bounds = [Bound(-math.inf if keyword.startswith("max") or keyword == "minimum" else 0, False, "")]
    if keyword in schema:
        bounds.append(Bound(sign * schema[keyword], False, f"{keyword} {schema[keyword]}"))
    if exclusive in schema:
        value, text = sign * schema[exclusive], f"{exclusive} {schema[exclusive]}"
        bounds.append(Bound(math.floor(value) + 1, False, text) if is_whole else Bound(value, True, text))
    return max(bounds)


def _describe_bound(keyword: str, before: Bound, after: Bound) -> SchemaChange:
    keyword_before, _, value_before = before.text.partition(" ")
    keyword_after = after.text.partition(" ")[0]
    was = "without" if not before.text else value_before if keyword_before == keyword_after else before.text
    if not after.text:
        was, keyword = value_before, keyword_before
    narrower = after[:2] > before[:2]
    return SchemaChange(
        keyword_after or keyword, f"has {after.text or f'no {keyword}'}, was {was}", narrower, not narrower
    )


def _compare_patterns(old: dict[str, Any], new: dict[str, Any]) -> Iterator[SchemaChange]:
    """Compare what no program compares: of two patterns, nobody knows which one accepts more."""
    for keyword in ("pattern", "not"):
        before, after = old.get(keyword), new.get(keyword)
        if before == after or not _share(old, new, "pattern"):
            continue
        if before is None or after is None:
            message = f"has a {keyword}" if before is None else f"has no {keyword}"
            yield SchemaChange(keyword, message, narrower=before is None, wider=after is None)
        else:
            yield SchemaChange(keyword, f"has another {keyword}", True, True, is_certain=False)


def _compare_properties(old: dict[str, Any], new: dict[str, Any], *, is_xml: bool) -> Iterator[SchemaChange]:
    before, after = old.get("properties", {}), new.get("properties", {})
    was_required, is_required = (set(schema.get("required", [])) for schema in (old, new))
    is_closed = new.get("additionalProperties") is False
    for name in after:
        state = "required" if name in is_required else "optional"
        if name not in before:
            pointer, message = f"properties/{escape(name)}", f".{name} is new and {state}"
            yield SchemaChange(pointer, message, narrower=name in is_required)
        elif (name in was_required) != (name in is_required):
            was = "optional" if name in is_required else "required"
            message = f".{name} is {state} now, was {was}"
            yield SchemaChange("required", message, name in is_required, name in was_required, field=name)
    for name in (name for name in before if name not in after):
        yield SchemaChange("", f".{name} is gone", narrower=is_closed, wider=True, field=name)
    common = [[name for name in names if name in before and name in after] for names in (before, after)]
    if common[0] != common[1]:
        kind = "elements" if is_xml else "properties"
        yield SchemaChange("properties", f"has its {kind} in another order: {', '.join(common[1])}", narrower=is_xml)
    yield from _compare_additional_properties(
        old.get("additionalProperties", True), new.get("additionalProperties", True)
    )


def _compare_additional_properties(old: Any, new: Any) -> Iterator[SchemaChange]:
    """Compare what an object takes besides its properties: nothing, entries of a schema, or anything."""
    before, after = (1 if isinstance(entries, dict) else 2 * bool(entries) for entries in (old, new))
    if before != after:
        message = ("takes no other fields", "takes other fields of one kind only", "takes other fields")[after]
        yield SchemaChange("additionalProperties", message, after < before, after > before)


def _compare_extensions(old: dict[str, Any], new: dict[str, Any], *, is_xml: bool) -> Iterator[SchemaChange]:
    """Compare format, XML names, rules and whatever else a schema says."""
    if old.get("format") != new.get("format"):
        yield SchemaChange("format", f"has {_named('format', new)}, was {_named('format', old)}")
    if old.get("xml") != new.get("xml"):
        yield SchemaChange("xml", "is called otherwise in XML", is_xml, is_xml)
    if old.get("x-rule") != new.get("x-rule"):
        yield SchemaChange("x-rule", f"is judged by {_rule_names(new)}, was by {_rule_names(old)}")
    if old.get("x-idempotency-key") != new.get("x-idempotency-key"):
        is_key = bool(new.get("x-idempotency-key"))
        message = "makes a repeat harmless" if is_key else "makes a repeat harmless no more"
        yield SchemaChange("x-idempotency-key", message, narrower=not is_key)
    for keyword in sorted((old.keys() | new.keys()) - COMPARED - WORDS):
        if old.get(keyword) != new.get(keyword):
            yield SchemaChange(keyword, f"has another {keyword}", True, True, is_certain=False)


def _named(keyword: str, schema: dict[str, Any]) -> str:
    return f"{keyword} {schema[keyword]}" if keyword in schema else f"no {keyword}"


def _rule_names(schema: dict[str, Any]) -> str:
    rules = schema.get("x-rule", {}).items()
    return ", ".join(f"{rule} ({keyword})" for keyword, rule in rules) or "no rule of its own"
