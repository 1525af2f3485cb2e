"""What a page states of a schema -> a Draft, gathered from samples and from lists of fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import Factory, define

from ..lint import BOUNDS, types_of
from ..pages.fields import words
from ..pages.kinds import Field
from ..spec import Spec, referenced_name

LIMITS = (*sorted(BOUNDS), "minLength", "maxLength", "minItems", "maxItems")
JSON_NAMES = {"object", "array", "string", "number", "integer", "boolean", "null"}
JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


@define
class Draft:
    """A schema as far as a page states it: `stated` types in a list of fields, others in samples alone."""

    types: set[str] = Factory(set)
    stated: set[str] = Factory(set)
    properties: dict[str, Draft] = Factory(dict)
    items: Draft | None = None
    required: set[str] = Factory(set)
    limits: dict[str, float] = Factory(dict)
    values: list[str] = Factory(list)
    format: str = ""

    def add_sample(self, value: Any) -> None:
        """Widen the draft so that it takes a sample."""
        if isinstance(value, dict):
            self.types.add("object")
            for name, part in value.items():
                self.open_property(name).add_sample(part)
        elif isinstance(value, list):
            self.types.add("array")
            for part in value:
                self.items = self.items or Draft()
                self.items.add_sample(part)
        else:
            self.types.add(JSON_TYPES[type(value)])

    def add_field(self, field: Field, *, is_sent: bool) -> None:
        """Add a field that the page lists for this object; a mark `required` is about what is sent."""
        self.types.add("object")
        part = self.open_property(field.name)
        part.stated |= set(field.types.value) & JSON_NAMES if field.types else set()
        part.types |= part.stated
        part.limits.update({limit.value[0]: limit.value[1] for limit in field.limits})
        part.values += [value.value for value in field.values if value.value not in part.values]
        part.format = str(field.format.value) if field.format else part.format
        if is_sent and field.required and field.required.value is True:
            self.required.add(field.name)

    def add_schema(self, spec: Spec, schema: dict[str, Any], above: tuple[str, ...] = ()) -> None:
        """Add what a definition states; a component inside itself stays open."""
        name = referenced_name(schema)
        if name in above:
            self.types.add("object")
            return
        above = (*above, name) if name else above
        schema = spec.resolve(schema)
        self.stated |= set(types_of(schema))
        self.types |= self.stated
        self.limits.update({key: schema[key] for key in LIMITS if key in schema})
        self.values += [str(value) for value in schema.get("enum", []) if value is not None]
        self.format = schema.get("format", self.format)
        self.required |= set(schema.get("required", []))
        for key, part in schema.get("properties", {}).items():
            self.open_property(key).add_schema(spec, part, above)
        if "items" in schema:
            self.items = self.items or Draft()
            self.items.add_schema(spec, schema["items"], above)
        for branch in schema.get("anyOf", []):
            self.add_schema(spec, branch, above)

    def open_property(self, name: str) -> Draft:
        """Return the draft of a property, a new one if need be."""
        return self.properties.setdefault(name, Draft())

    @property
    def content(self) -> Draft:
        """The object that a list of fields describes: what is in the only property of a body, or itself."""
        parts = [part.items or part for part in self.properties.values()]
        return parts[0] if len(parts) == 1 and parts[0].properties else self

    @property
    def sent_types(self) -> set[str]:
        """The types of what is sent: a whole number in a sample alone stands for any number, such as an amount."""
        only_shown = self.types - self.stated
        return self.stated | {"number" if kind == "integer" else kind for kind in only_shown}

    def walk(self, name: str = "") -> Iterator[tuple[str, Draft]]:
        """Yield name and draft of everything in it."""
        yield name, self
        for key, part in self.properties.items():
            yield from part.walk(key)
        if self.items:
            yield from self.items.walk(name)

    def find_subject(self, subject: frozenset[str]) -> Draft:
        """Return the object below it that a title such as `Line Items Properties` names, or its content."""
        named = next((part for name, part in self.walk() if subject and name and words(name) == subject), self.content)
        if "array" in named.types:
            named.items = named.items or Draft()
            return named.items
        return named


def to_camel_case(value: Any) -> Any:
    """Return a sample of an SDK with its snake_case keys as they are on the wire of an API that has camelCase."""
    if isinstance(value, dict):
        return {camel(key): to_camel_case(part) for key, part in value.items()}
    return [to_camel_case(part) for part in value] if isinstance(value, list) else value


def camel(name: str) -> str:
    """Convert a name to camelCase: `order_line` -> `orderLine`."""
    return re.sub(r"_+([a-z0-9])", lambda match: match[1].upper(), name)
