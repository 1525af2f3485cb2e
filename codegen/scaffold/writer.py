"""Drafts of operations -> path items, components and credentials, as specs/README.md wants them."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from attrs import Factory, define

from ..lint import UNKNOWN, types_of
from ..pages.places import MARK
from ..spec import SCHEMAS, referenced_name, snake
from .draft import Draft
from .page import DraftOperation, DraftParameter

END = r"$(?!\n)"
DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
TIME = r"([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
PATTERNS = {
    "date": f"^{DATE}{END}",
    "date-time": f"^{DATE}T{TIME}{END}",
    "uuid": f"^[0-9A-Fa-f]{{8}}(-[0-9A-Fa-f]{{4}}){{3}}-[0-9A-Fa-f]{{12}}{END}",
    "uri": "^https?://",
    "email": f"^[^@ ]+@[^@ ]+{END}",
}
SAMPLES = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:30:00Z",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "uri": "https://example.com/",
    "email": "a@example.com",
}
TYPE_PATTERNS = {
    "integer": f"^-?[0-9]+{END}",
    "number": rf"^-?[0-9]+(\.[0-9]+)?{END}",
    "boolean": f"^(true|false){END}",
}
BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
COUNTS = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}


@define
class SpecWriter:
    """Writes operations; `schemas` and `schemes` hold those that the spec has, and get the new ones."""

    page: str
    tag: str
    schemas: dict[str, Any] = Factory(dict)
    schemes: dict[str, Any] = Factory(dict)
    paths: dict[str, Any] = Factory(dict)

    def write(self, operation: DraftOperation, name: str) -> None:
        """Add an operation, with all that it refers to."""
        node: dict[str, Any] = {
            "operationId": name,
            "tags": [self.tag],
            "summary": f"{name.replace('_', ' ').capitalize()}.",
        }
        if UNKNOWN in operation.path:
            node["description"] = f"{UNKNOWN}: the page names no method; {operation.method} is a guess."
            node[MARK] = "the page names neither method nor path"
        node["x-source"] = {"page": self.page, "section": operation.title}
        node["security"] = self._write_security(operation)
        node["parameters"] = [_write_parameter(part) for part in operation.parameters.values()]
        if operation.body:
            media = operation.media.get("request", "application/json")
            schema = self._write_component(operation.body, f"{_pascal(name)}Request", is_sent=True)
            node["requestBody"] = {"required": True, "content": {media: self._write_content(schema, "request")}}
        node["responses"] = self._write_responses(operation, name)
        self.paths.setdefault(operation.path, {})[operation.method.lower()] = node

    # Credentials and parameters

    def _write_security(self, operation: DraftOperation) -> list[dict[str, list[str]]]:
        names = [self._write_scheme(header, scheme) for header, scheme in operation.credentials.items()]
        if operation.are_alternatives:
            return [{name: []} for name in names]
        return [{name: [] for name in names} or {UNKNOWN: []}]

    def _write_scheme(self, header: str, scheme: str) -> str:
        """Return the name of the credential that a header holds, a new one if need be."""
        node = {"type": "http", "scheme": scheme} if scheme else {"type": "apiKey", "in": "header", "name": header}
        for name, known in self.schemes.items():
            if node.items() <= known.items():
                return name
        words = re.findall(r"[a-z0-9]+", (scheme or header).lower().removeprefix("x-"))
        name = _free_name(words[0] + "".join(word.capitalize() for word in words[1:]), self.schemes)
        self.schemes[name] = {**node, "description": f"In the header {header}."}
        return name

    # Bodies

    def _write_responses(self, operation: DraftOperation, name: str) -> dict[str, Any]:
        codes = sorted(operation.statuses)
        successes = [code for code in codes if code.startswith("2")]
        draft = operation.response or Draft({"object"})
        schema = self._write_component(draft, f"{_pascal(name)}Response", is_sent=False)
        success: dict[str, Any] = {"description": "Done.", "content": {}}
        if not successes:
            success["description"] = f"{UNKNOWN}: the page names no status of success."
        media = operation.media.get("response", "application/json")
        responses = {}
        for code in successes or ["200"]:
            responses[code] = {**success, "content": {media: self._write_content(schema, "response")}}
        errors = [code for code in codes if code >= "4"] or (["400"] if operation.failure else [])
        for code in errors:
            responses[code] = {"description": f"{_phrase(code)}."}
        if operation.failure and operation.failure.properties:
            problem = self._write_component(operation.failure, f"{_pascal(name)}Problem", is_sent=False)
            responses[errors[0]]["content"] = {media: {"schema": problem}}
        return responses

    def _write_content(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        return {"schema": schema, "examples": {name: {"value": self._make_example(schema)}}}

    def _write_component(self, draft: Draft, name: str, *, is_sent: bool) -> dict[str, Any]:
        """Write a body, which is a component of its own."""
        schema = self._write_schema(draft, name, is_sent=is_sent)
        if referenced_name(schema):
            return schema
        if schema.get("type") == "object":
            field = {"type": "object", "description": f"Facts: {UNKNOWN}: the page shows no field of it."}
            closed = {"additionalProperties": False} if is_sent else {}
            schema = {"type": "object", **closed, "properties": {UNKNOWN: field}}
        return self._add_component(schema, name)

    def _write_schema(self, draft: Draft, name: str, *, is_sent: bool) -> dict[str, Any]:
        types = draft.sent_types if is_sent else set(draft.types)
        types = types or ({"object"} if draft.properties else {"string"} if is_sent else set())
        if "number" in types:
            types -= {"integer"}
        if draft.properties and "object" in types:
            return self._write_object(draft, name, is_sent=is_sent)
        if types == {"object"}:
            return {"type": "object", "description": _unknown_part("a field", is_sent=is_sent)}
        known = sorted(types, key=lambda kind: (kind == "null", kind))
        schema: dict[str, Any] = {"type": known[0] if len(known) == 1 else known} if known else {}
        if "array" in types:
            schema["items"] = self._write_items(draft, name, is_sent=is_sent)
        schema.update(_limits_of(draft, types))
        if types & {"number", "integer"}:
            is_inline = not is_sent and "number" not in types and not schema.keys() - {"type"}
            return schema if is_inline else self._add_component(schema, name)
        if "string" in types:
            return _add_values(schema, draft, is_sent=is_sent)
        return schema

    def _write_items(self, draft: Draft, name: str, *, is_sent: bool) -> dict[str, Any]:
        if draft.items is None:
            return {"type": "object", "description": _unknown_part("an entry", is_sent=is_sent)}
        return self._write_schema(draft.items, _singular(name), is_sent=is_sent)

    def _write_object(self, draft: Draft, name: str, *, is_sent: bool) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object"}
        if is_sent:
            schema["additionalProperties"] = False
        is_wrapper = len(draft.properties) == 1 and bool(draft.content.properties) and draft.content is not draft
        required = (
            list(draft.properties) if is_wrapper else [name for name in draft.properties if name in draft.required]
        )
        if is_sent and required:
            schema["required"] = required
        suffix = "Input" if is_sent else ""
        schema["properties"] = {
            key: self._write_schema(part, f"{_pascal(key)}{suffix}", is_sent=is_sent)
            for key, part in draft.properties.items()
        }
        return self._add_component(schema, name)

    def _add_component(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        """Return a reference to a component of this content, under this name or one like it."""
        properties = {snake(key) for key in schema.get("properties", {})}
        name = f"{name}Object" if snake(name) in properties else name
        if self.schemas.get(name) != schema:
            name = _free_name(name, self.schemas)
            self.schemas[name] = schema
        return {"$ref": SCHEMAS + name}

    def _make_example(self, schema: dict[str, Any]) -> Any:
        """Make a value of a schema, with every field."""
        schema = self.schemas[referenced_name(schema)] if "$ref" in schema else schema
        schema = schema["anyOf"][0] if "anyOf" in schema else schema
        kind = next(iter(types_of(schema)), "null")
        if kind == "object":
            return {name: self._make_example(part) for name, part in schema.get("properties", {}).items()}
        if kind == "array":
            return [self._make_example(schema["items"])] * max(1, schema.get("minItems", 1))
        if kind in ("number", "integer"):
            return _example_number(schema)
        if kind == "boolean":
            return True
        return _example_text(schema) if kind == "string" else None


def _write_parameter(parameter: DraftParameter) -> dict[str, Any]:
    draft = parameter.schema
    schema: dict[str, Any] = {"type": "string", **_limits_of(draft, {"string"})}
    schema = _add_values(schema, draft, is_sent=True)
    if draft.types - {"string"}:
        kind = sorted(draft.types - {"string", "null"} or {"string"})[0]
        schema = {"type": "string", "pattern": TYPE_PATTERNS.get(kind, ""), "x-page-differs": "a parameter is text"}
    if parameter.location == "path" and "minLength" not in schema:
        schema["minLength"] = 1
    text = f"`{parameter.name}`, in the {parameter.location}."
    if parameter.is_only_shown:
        text = f"{UNKNOWN}: the page shows it in a sample alone; is it required, and what is it?"
    node: dict[str, Any] = {"name": parameter.name, "in": parameter.location}
    return {**node, **({"required": True} if parameter.is_required else {}), "description": text, "schema": schema}


def _limits_of(draft: Draft, types: set[str]) -> dict[str, int]:
    """Return the limits that a spec can say: a fraction is not exact in YAML."""
    keywords = [keyword for kind in sorted(types) for keyword in COUNTS.get(kind, ())]
    keywords += BOUNDS if types & {"number", "integer"} else ()
    limits = {keyword: draft.limits[keyword] for keyword in keywords if keyword in draft.limits}
    return {keyword: int(number) for keyword, number in limits.items() if number == int(number)}


def _add_values(schema: dict[str, Any], draft: Draft, *, is_sent: bool) -> dict[str, Any]:
    """Add the values of a text, an open list of them where it comes back, and a format with its pattern."""
    has_null = "null" in types_of(schema)
    if draft.values and is_sent:
        return {**schema, "enum": [*draft.values, *([None] if has_null else [])]}
    if draft.values:
        return {"anyOf": [{"type": "string", "enum": draft.values}, {"type": "string"}]}
    if draft.format in PATTERNS and is_sent:
        return {**schema, "format": draft.format, "pattern": PATTERNS[draft.format]}
    return schema


def _unknown_part(part: str, *, is_sent: bool) -> str:
    """Describe what the page does not show: what is sent has to be filled in, what comes back may stay open."""
    return f"{UNKNOWN}: the page shows no {part.partition(' ')[2]} of it." if is_sent else "Facts: open."


def _example_number(schema: dict[str, Any]) -> float:
    above: list[float] = [schema["minimum"]] if "minimum" in schema else []
    above += [schema["exclusiveMinimum"] + 1] if "exclusiveMinimum" in schema else []
    below: list[float] = [schema["maximum"]] if "maximum" in schema else []
    below += [schema["exclusiveMaximum"] - 1] if "exclusiveMaximum" in schema else []
    return max(above) if above else min([1, *below])


def _example_text(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return str(schema["enum"][0])
    text = SAMPLES.get(schema.get("format", ""), "text").ljust(schema.get("minLength", 0), "x")
    return text[: schema["maxLength"]] if "maxLength" in schema else text


def _phrase(code: str) -> str:
    try:
        return HTTPStatus(int(code)).phrase.capitalize()
    except ValueError:
        return f"Status {code}"


def _pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.findall(r"[A-Za-z0-9]+", name)) or "Part"


def _singular(name: str) -> str:
    match = re.match(r"(.*[^su])s(Input)?\Z", name)
    return f"{match[1]}{match[2] or ''}" if match else name


def _free_name(name: str, taken: dict[str, Any]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}{number}", number + 1
    return free
