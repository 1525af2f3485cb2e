"""A JSON sample of a page and a schema of the spec -> differences in the page's tally."""

from __future__ import annotations

from typing import Any, NamedTuple

import jsonschema_rs

from ..spec import escape, snake
from .kinds import LocatedValue
from .places import Node
from .report import OneSidedField, PageTally, find_neighbours

# The keywords that a value is held to on its own; fields and items are walked through.
KEYWORDS = (
    *("enum", "const", "pattern", "not", "minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)


class Mentions(NamedTuple):
    """What the page has mentioned so far, by pointer: objects with the line of a list or sample, and their fields.

    A list of fields is taken to be complete; for an object without a list, all its samples together are.
    """

    lists: dict[str, tuple[Node, int]]
    objects: dict[str, tuple[Node, int]]
    listed: set[str]
    shown: set[str]

    @property
    def pointers(self) -> set[str]:
        return self.listed | self.shown


class SampleChecker(NamedTuple):
    """Checks one sample against schemas. `loose`: snake_case names of an SDK stand for names on the wire."""

    sample: LocatedValue
    tally: PageTally
    mentions: Mentions
    loose: bool = False

    def check(self, node: Node, value: Any, pointer: str = "") -> None:
        """Note what a schema refuses in a part of the sample, and which fields the part mentions."""
        line = self.line(pointer)
        refusal = _find_refusal(node, value)
        if refusal:
            keyword, reason = refusal
            name = pointer.rpartition("/")[2]
            message = f"a sample's {f'`{name}`' if name else 'body'} is refused: {reason}"
            edit = f"let {node.name} take it, or mark it x-page-differs"
            self.tally.differ("sample", line, node.spot(keyword), message, edit)
            return
        self.tally.agree("sample", line, node)
        if isinstance(value, dict) and node.object:
            self._check_object(node.object, value, pointer)
        elif isinstance(value, dict) and node.entry:
            for key, part in value.items():
                self.check(node.entry, part, f"{pointer}/{escape(key)}")
        elif isinstance(value, list) and node.item:
            for index, part in enumerate(value):
                self.check(node.item, part, f"{pointer}/{index}")

    def line(self, pointer: str) -> int:
        """Return the line of a part of the sample."""
        return self.sample.lines.get(pointer, self.sample.line)

    def _check_object(self, owner: Node, value: dict[str, Any], pointer: str) -> None:
        properties = owner.properties
        if value:
            self.mentions.objects.setdefault(owner.end, (owner, self.line(pointer)))
        names = {key: wire_name_of(key, properties) if self.loose else key for key in value}
        for key, part in value.items():
            child = f"{pointer}/{escape(key)}"
            if names[key] in properties:
                self.mentions.shown.add(properties[names[key]].pointer)
                self.tally.agree("parameter", self.line(child), properties[names[key]])
                self.check(properties[names[key]], part, child)
            else:
                message, edit = f"a sample has `{key}`, which {owner.name} lacks", f"add `{key}` to {owner.name}"
                difference = self.tally.difference("sample", self.line(child), owner.spot("properties"), message, edit)
                types, neighbours = frozenset({type_of(part)}), find_neighbours(names[key], list(names.values()))
                self.tally.note_stray(OneSidedField(owner.end, key, owner, difference, types, neighbours))
        for name in sorted(owner.required - set(names.values())):
            self.mentions.shown.add(properties[name].pointer)
            message = f"a sample lacks `{name}`, which {owner.name} requires"
            edit = f"take `{name}` out of `required` of {owner.name}"
            self.tally.differ("sample", self.line(pointer), properties[name].spot(), message, edit)


def type_of(value: Any) -> str:
    """Return the JSON type of a value."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")


def wire_name_of(name: str, names: dict[str, Any]) -> str:
    """Return the name on the wire that an SDK's snake_case name stands for, or the name itself."""
    return name if name in names else next((wire_name for wire_name in names if snake(wire_name) == name), name)


def _find_refusal(node: Node, value: Any) -> tuple[str, str] | None:
    """Return the keyword that refuses the value, and its message; fields are not checked here, nor open enums."""
    keywords = node.keywords
    schema: dict[str, Any] = {key: keywords[key] for key in KEYWORDS if key in keywords}
    if node.types:
        schema["type"] = sorted(node.types)
    errors = jsonschema_rs.Draft202012Validator(schema).iter_errors(value)
    return next(((error.kind.name, error.message) for error in errors), None)
