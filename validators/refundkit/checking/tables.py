"""A JSON Schema and the screen of an API -> the descriptions of nodes of which the compiled scanner makes its tree.

A keyword that the scanner cannot hold, and for which no place of the screen stands in, raises NotImplementedError: then
there is no proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from ..rules.identity import FREE_TEXT, PLACEHOLDERS
from ..screen import ABSENT, UNIT, Place

# As proofscan.py names them.
_NEVER, _OBJECT, _MAP, _ARRAY, _STRING, _NUMBER, _AMOUNT, _BOOLEAN, _ANY = range(9)
_ANYWHERE = Place()
_BOUNDS = {"minimum": 0, "exclusiveMinimum": 1, "maximum": 0, "exclusiveMaximum": -1}
# Of a string these need a place that stands in for them; of others they do not occur.
_FORMS = frozenset({"pattern", "format", "not"})
_KNOWN = frozenset(
    "$ref $defs $schema title description examples example default xml x-rule x-source x-aliases x-page-differs"
    " x-free-text anyOf type properties required additionalProperties items minItems minLength enum".split()
)


def describe(schema: dict[str, Any], screen: Mapping[str, Place], *, is_body: bool) -> tuple[list[dict[str, Any]], int]:
    """Return the descriptions of a document's nodes, and how many tables they fill.

    A body is closed, whatever its schema says, and its texts are no samples of the documentation.
    """
    writer = _Writer(schema, screen, is_body)
    writer.add(schema, "", -1)
    unused = screen.keys() - writer.paths
    if unused:
        raise NotImplementedError(f"no such place: {', '.join(sorted(unused))}")
    return writer.nodes, len(writer.tables)


class _Writer:
    """The nodes of one document so far, and the columns of each table that its screen names."""

    def __init__(self, schema: dict[str, Any], screen: Mapping[str, Place], is_body: bool) -> None:
        self.definitions = schema.get("$defs", {})
        self.screen = screen
        self.is_body = is_body
        self.nodes: list[dict[str, Any]] = []
        self.paths: set[str] = set()
        tables = dict.fromkeys(place.row for place in screen.values() if place.row)
        self.tables = {name: index for index, name in enumerate(tables)}
        columns = dict.fromkeys(place.column for place in screen.values() if place.column)
        counters = {name: count(1) for name in tables}
        self.columns = {name: next(counters[name.partition(".")[0]]) for name in columns}

    def add(self, schema: dict[str, Any], path: str, parent: int) -> int:
        """Add the node of a place and those below it; return its index. `parent` is the table of the row around it."""
        self.paths.add(path)
        place, index = self.screen.get(path, _ANYWHERE), len(self.nodes)
        node: dict[str, Any] = {"kind": _NEVER}
        self.nodes.append(node)
        if place is ABSENT:
            return index
        schema, types = self._resolve(dict(place.schema or schema), place)
        node["nullable"] = "null" in types or not types
        unknown = schema.keys() - _KNOWN - _FORMS - _BOUNDS.keys()
        if unknown or (_FORMS & schema.keys() and place.decimals is None and place.allowed is None):
            raise NotImplementedError(f"{path}: {', '.join(sorted(unknown or _FORMS & schema.keys()))}")
        if place.row:
            table = self.tables[place.row]
            size = 1 + sum(name.startswith(f"{place.row}.") for name in self.columns)
            node["row"], parent = (table, size, parent), table
        if place.column:
            node["shared"] = place.shared
            node["column"] = (self.tables[place.column.partition(".")[0]], self.columns[place.column])
        self._describe(node, schema, types - {"null"}, place, (path, parent))
        return index

    def _resolve(self, schema: dict[str, Any], place: Place) -> tuple[dict[str, Any], set[str]]:
        """Follow `$ref` and `anyOf` to the schema of a value; return it with its types, "null" among them."""
        while "$ref" in schema:
            schema = self.definitions[schema["$ref"].rpartition("/")[2]]
        if "anyOf" not in schema:
            types = schema.get("type", [])
            return schema, {types} if isinstance(types, str) else set(types)
        resolved = [self._resolve(branch, place) for branch in schema["anyOf"]]
        branches = [(branch, types) for branch, types in resolved if types != {"null"}]
        if place.branch < 0 and any(types != {"string"} for _, types in branches[1:]):
            raise NotImplementedError("the screen says no branch of an anyOf")
        branch, types = branches[place.branch if place.branch >= 0 else -1]  # of open lists of words the open one
        return branch, types | ({"null"} if len(branches) < len(resolved) else set())

    def _describe(
        self, node: dict[str, Any], schema: dict[str, Any], types: set[str], place: Place, where: tuple[str, int]
    ) -> None:
        path, parent = where
        if types == {"object"}:
            self._describe_object(node, schema, place, where)
        elif types == {"array"}:
            node |= {"kind": _ARRAY, "minimum": max(schema.get("minItems", 0), place.minimum)}
            node["items"] = self.add(schema["items"], f"{path}[]", parent)
        elif types == {"boolean"}:
            node["kind"] = _BOOLEAN
        elif place.decimals is not None or _BOUNDS.keys() & schema.keys():
            self._describe_amount(node, schema, types, place)
        elif "string" in types and types <= {"string", "number", "integer"}:
            self._describe_string(node, schema, types, place, path)
        elif types and types <= {"number", "integer"} and not place.column:
            node |= {"kind": _NUMBER, "decimals": (0, 18 if "number" in types else 0)}
        elif not types and not self.is_body and not schema.keys() - {"description"}:
            node["kind"] = _ANY
        else:
            raise NotImplementedError(f"{path}: {types}")

    def _describe_object(
        self, node: dict[str, Any], schema: dict[str, Any], place: Place, where: tuple[str, int]
    ) -> None:
        path, parent = where
        others = schema.get("additionalProperties", True)
        if isinstance(others, dict):
            node |= {"kind": _MAP, "minimum": place.minimum, "items": self.add(others, f"{path}{{}}", parent)}
            return
        prefix = f"{path}." if path else ""
        required = {*schema.get("required", ()), *place.needs}
        fields = schema.get("properties", {}).items()
        node |= {"kind": _OBJECT, "closed": self.is_body or others is False}
        node["fields"] = [
            (name, self.add(field, f"{prefix}{name}", parent), name in required) for name, field in fields
        ]

    def _describe_amount(self, node: dict[str, Any], schema: dict[str, Any], types: set[str], place: Place) -> None:
        fewest, most = place.decimals or (0, 4)
        node |= {"kind": _AMOUNT, "text": place.as_text, "quoted": "string" in types}
        node["bare"] = "number" in types or "integer" in types
        node["decimals"] = (fewest, 0 if "number" not in types and "string" not in types else most)
        lower = [schema[name] * UNIT + _BOUNDS[name] for name in ("minimum", "exclusiveMinimum") if name in schema]
        upper = [schema[name] * UNIT + _BOUNDS[name] for name in ("maximum", "exclusiveMaximum") if name in schema]
        if place.lowest is not None:
            lower.append(place.lowest)
        if place.highest is not None:
            upper.append(place.highest)
        if lower:
            node["lowest"] = max(lower)
        if upper:
            node["highest"] = min(upper)

    def _describe_string(
        self, node: dict[str, Any], schema: dict[str, Any], types: set[str], place: Place, path: str
    ) -> None:
        node |= {"kind": _STRING, "minimum": max(schema.get("minLength", 0), place.minimum)}
        node |= {"bare": types != {"string"}, "decimals": (0, 18 if "number" in types else 0)}
        allowed = place.allowed if place.allowed is not None else schema.get("enum")
        if allowed is not None:
            node["allowed"] = sorted(set(allowed) & set(schema.get("enum", allowed)))
        refused = set(place.refused)
        if self.is_body and FREE_TEXT.isdisjoint(path.replace("[]", "").split(".")):
            refused |= PLACEHOLDERS
        if refused:
            node["refused"] = sorted(refused)
