"""A sample of a page against a schema of the spec."""

from __future__ import annotations

from typing import Any, NamedTuple

import jsonschema_rs

from ..spec import escape, snake
from .places import Node
from .report import Loose, Tally
from .samples import Literal

# The keywords that a value is held to on its own; fields and items are walked through.
KEYWORDS = (
    *("enum", "const", "pattern", "not", "minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)


class Seen(NamedTuple):
    """What the page has named so far, by pointer: objects with the line of a list or of a sample, and their fields.

    A list of fields is held to be whole; where there is none, all samples together are.
    """

    lists: dict[str, tuple[Node, int]]
    objects: dict[str, tuple[Node, int]]
    listed: set[str]
    shown: set[str]

    @property
    def named(self) -> set[str]:
        return self.listed | self.shown


class Judge(NamedTuple):
    """Holds one sample to schemas. `loose` takes the snake_case name of an SDK for the name on the wire."""

    sample: Literal
    tally: Tally
    seen: Seen
    loose: bool = False

    def hold(self, node: Node, value: Any, pointer: str = "") -> None:
        """Tally what the spec refuses in a part of the sample, and what it knows of it."""
        line = self.line(pointer)
        refused = _refused(node, value)
        if refused:
            keyword, why = refused
            name = pointer.rpartition("/")[2]
            message = f"a sample's {f'`{name}`' if name else 'body'} is refused: {why}"
            edit = f"let {node.name} take it, or mark it x-page-differs"
            self.tally.differ("sample", line, node.spot(keyword), message, edit)
            return
        self.tally.agree(line, node)
        if isinstance(value, dict) and node.object:
            self._object(node.object, value, pointer)
        elif isinstance(value, dict) and node.entry:
            for key, inner in value.items():
                self.hold(node.entry, inner, f"{pointer}/{escape(key)}")
        elif isinstance(value, list) and node.item:
            for index, inner in enumerate(value):
                self.hold(node.item, inner, f"{pointer}/{index}")

    def line(self, pointer: str) -> int:
        """The line of a part of the sample."""
        return self.sample.lines.get(pointer, self.sample.line)

    def _object(self, owner: Node, value: dict[str, Any], pointer: str) -> None:
        properties = owner.properties
        if value:
            self.seen.objects.setdefault(owner.end, (owner, self.line(pointer)))
        names = {key: wire(key, properties) if self.loose else key for key in value}
        for key, inner in value.items():
            child = f"{pointer}/{escape(key)}"
            if names[key] in properties:
                self.seen.shown.add(properties[names[key]].pointer)
                self.hold(properties[names[key]], inner, child)
            else:
                message, edit = f"a sample has `{key}`, which {owner.name} lacks", f"add `{key}` to {owner.name}"
                difference = self.tally.difference("sample", self.line(child), owner.spot("properties"), message, edit)
                self.tally.stray(Loose(owner.end, key, owner, difference))
        for name in sorted(owner.required - set(names.values())):
            self.seen.shown.add(properties[name].pointer)
            message = f"a sample lacks `{name}`, which {owner.name} requires"
            edit = f"take `{name}` out of `required` of {owner.name}"
            self.tally.differ("sample", self.line(pointer), properties[name].spot(), message, edit)


def wire(name: str, names: dict[str, Any]) -> str:
    """The name on the wire that a snake_case name of an SDK stands for, or the name itself."""
    return name if name in names else next((known for known in names if snake(known) == name), name)


def _refused(node: Node, value: Any) -> tuple[str, str] | None:
    """The keyword that refuses the value itself, whatever its fields, and why; an open list of values refuses none."""
    keywords = node.keywords
    schema: dict[str, Any] = {key: keywords[key] for key in KEYWORDS if key in keywords}
    if node.types:
        schema["type"] = sorted(node.types)
    errors = jsonschema_rs.Draft202012Validator(schema).iter_errors(value)
    return next(((error.kind.name, error.message) for error in errors), None)
