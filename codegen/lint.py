"""The spec lint: what `specs/README.md` asks for, with file and line.

The generators drop what they do not understand without a word; these rules keep such constructs out of the specs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .spec import SCHEMAS, Spec, escape, snake

# Keywords that the models (msgspec Structs and our scalars) and JSON Schema both enforce, and annotations.
KEYWORDS = frozenset(
    "$ref type properties required additionalProperties items minItems maxItems minLength maxLength pattern enum const"
    " minimum maximum exclusiveMinimum exclusiveMaximum not anyOf description title format xml examples"
    " x-rule x-page-differs".split()
)
EXTENSIONS = frozenset({"x-rule", "x-source", "x-page-differs"})
BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
RULE_ID = re.compile(r"RF[0-9]{3}\Z")


class Flaw(NamedTuple):
    """One breach of the spec rules, with the line it stands on."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


Flaws = Iterator[tuple[str, str]]  # (pointer, message)


def lint(spec: Spec) -> list[Flaw]:
    """Every breach in one spec, by line."""
    found = [finding for check in CHECKS for finding in check(spec)]
    flaws = {Flaw(str(spec.path), spec.line(pointer), message) for pointer, message in found}
    return sorted(flaws, key=lambda flaw: (flaw.line, flaw.message))


def schema_nodes(spec: Spec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema object of the spec with its pointer: components, their parts, and those of parameters."""
    for name, schema in spec.schemas.items():
        yield from _subschemas(f"/components/schemas/{escape(name)}", schema)
    for name, parameter in spec.document["components"].get("parameters", {}).items():
        yield from _subschemas(f"/components/parameters/{escape(name)}/schema", parameter.get("schema", {}))
    for operation in spec.operations():
        for index, parameter in enumerate(operation.node.get("parameters", [])):
            if "schema" in parameter:
                yield from _subschemas(f"{operation.pointer}/parameters/{index}/schema", parameter["schema"])


def _subschemas(pointer: str, schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for key, value in schema.get("properties", {}).items():
        yield from _subschemas(f"{pointer}/properties/{escape(key)}", value)
    for keyword in ("items", "additionalProperties", "not"):
        yield from _subschemas(f"{pointer}/{keyword}", schema.get(keyword))
    for index, value in enumerate(schema.get("anyOf", [])):
        yield from _subschemas(f"{pointer}/anyOf/{index}", value)


def sent(spec: Spec) -> set[str]:
    """The names of the components that a request body reaches."""
    names: set[str] = set()
    todo = [
        content["schema"]
        for operation in spec.operations()
        for content in operation.node.get("requestBody", {}).get("content", {}).values()
    ]
    while todo:
        for _, node in _subschemas("", todo.pop()):
            name = node.get("$ref", "").removeprefix(SCHEMAS)
            if name and name not in names:
                names.add(name)
                todo.append(spec.schemas.get(name, {}))
    return names


def types_of(schema: dict[str, Any]) -> list[str]:
    """The `type` keyword as a list."""
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _keywords(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        for keyword in schema.keys() - KEYWORDS:
            if keyword in EXTENSIONS or not keyword.startswith("x-"):
                yield f"{pointer}/{escape(keyword)}", f"`{keyword}` is not enforced by the models: say it otherwise"
        for keyword, value in schema.get("properties", {}).items():
            if isinstance(value, bool):
                yield f"{pointer}/properties/{escape(keyword)}", "a boolean schema stops openapi-python-client"


def _extensions(spec: Spec) -> Flaws:
    for pointer in spec.lines:
        keyword = pointer.rpartition("/")[2]
        if keyword.startswith("x-") and keyword not in EXTENSIONS and "/headers/" not in pointer:
            yield pointer, f"`{keyword}` is none of x-rule, x-source and x-page-differs"


def _rules(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        for keyword, rule in schema.get("x-rule", {}).items():
            if keyword not in schema:
                yield f"{pointer}/x-rule", f"x-rule names `{keyword}`, which does not stand beside it"
            if not RULE_ID.match(str(rule)):
                yield f"{pointer}/x-rule", f"x-rule: {rule!r} is no rule id such as RF201"


def _objects(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        inline = pointer.count("/") > 3
        if inline and schema.get("properties"):
            yield pointer, "an inline object: make it a component"
        if not inline and types_of(schema) == ["object"] and not schema.get("properties"):
            if not isinstance(schema.get("additionalProperties"), dict):
                yield pointer, "a free-form component loses its data in the models: write it inline"
        if "array" in types_of(schema) and "items" not in schema:
            yield pointer, "an array without items is dropped by openapi-python-client"
        if schema.get("properties") and isinstance(schema.get("additionalProperties"), dict):
            yield pointer, "typed additionalProperties beside properties are not enforced by the models"


def _closed(spec: Spec) -> Flaws:
    requests = sent(spec)
    for name, schema in spec.schemas.items():
        pointer = f"/components/schemas/{escape(name)}"
        if not schema.get("properties"):
            continue
        closed = schema.get("additionalProperties") is False
        if closed and name not in requests:
            yield pointer, f"{name} comes back only: a response object is open"
        for key in schema["properties"]:
            if snake(key) == snake(name):
                yield f"{pointer}/properties/{escape(key)}", f"property and component are both named {snake(name)}"


def _numbers(spec: Spec) -> Flaws:
    requests = sent(spec)
    for pointer, schema in schema_nodes(spec):
        inline = pointer.count("/") > 3
        component = pointer.split("/")[3] if pointer.startswith("/components/schemas/") else ""
        numeric = {"number", "integer"} & set(types_of(schema))
        if inline and "number" in numeric:
            yield pointer, "an inline number: make it a component, so that it becomes an exact scalar"
        if inline and "integer" in numeric and component in requests:
            yield pointer, "an inline integer in a request: make it a component, so that 1.0 is taken for 1"
        if BOUNDS & schema.keys() and not numeric:
            yield pointer, "a bound on something that is no number"
        if "not" in schema and set(schema["not"]) != {"type", "pattern"}:
            yield f"{pointer}/not", "`not` may only refuse a pattern of strings: {type: string, pattern: …}"


def _patterns(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        pattern = schema.get("pattern")
        if pattern is None:
            if schema.get("format") not in (None, "password"):
                yield f"{pointer}/format", f"format {schema['format']} is not enforced: add a pattern"
            continue
        if re.search(r"\\[dws]", pattern, re.IGNORECASE):
            yield f"{pointer}/pattern", r"\d, \w and \s differ between engines: write [0-9], [A-Za-z0-9_], [ ]"
        if re.search(r"\$(?!\(\?!\\n\))", pattern):
            yield f"{pointer}/pattern", r"engines differ on a trailing newline: end the pattern with $(?!\n)"
        try:
            re.compile(pattern)
        except re.error as error:
            yield f"{pointer}/pattern", f"no regular expression: {error}"


def _unions(spec: Spec) -> Flaws:
    for pointer, schema in schema_nodes(spec):
        kinds = [_kind(spec, branch) for branch in schema.get("anyOf", [])]
        if not kinds or kinds == ["enum", "string"]:
            continue
        if len(set(kinds)) < len(kinds) or not {"object", "array", "null"} >= set(kinds):
            yield f"{pointer}/anyOf", f"anyOf of {' and '.join(kinds)}: it may tell an object from an array, no more"


def _kind(spec: Spec, schema: dict[str, Any]) -> str:
    schema = spec.resolve(schema)
    if "enum" in schema:
        return "enum"
    return "|".join(types_of(schema)) or "anything"


def _operations(spec: Spec) -> Flaws:
    seen: dict[str, str] = {}
    for path, item in spec.document["paths"].items():
        if "$ref" in item:
            yield f"/paths/{escape(path)}", "a path item $ref makes the operation vanish"
        if re.search(r"\{[^}]*\.[^}]*\}", path):
            yield f"/paths/{escape(path)}", "a dotted path parameter drops the endpoint"
    for operation in spec.operations():
        if operation.name in seen:
            yield f"{operation.pointer}/operationId", f"{operation.name} stands twice; the second replaces the first"
        seen[operation.name] = operation.pointer
        if "security" not in operation.node:
            yield operation.pointer, f"{operation.name} has no security"
        if "summary" not in operation.node:
            yield operation.pointer, f"{operation.name} has no summary"
        if set(operation.node.get("x-source", {})) != {"page", "section"}:
            yield operation.pointer, f"{operation.name} needs x-source: {{page, section}}"


def _parameters(spec: Spec) -> Flaws:
    for operation in spec.operations():
        for parameter in operation.parameters:
            schema = spec.resolve(parameter.get("schema", {}))
            if "content" in parameter:
                yield operation.pointer, f"parameter {parameter['name']} has `content` and is dropped"
            elif types_of(schema) != ["string"]:
                yield operation.pointer, f"parameter {parameter['name']} is no plain string"
            if "description" not in parameter:
                yield operation.pointer, f"parameter {parameter['name']} has no description"


def _bodies(spec: Spec) -> Flaws:
    for operation in spec.operations():
        for media, content in operation.node.get("requestBody", {}).get("content", {}).items():
            yield from _content(spec, operation.pointer, f"the {media} body of {operation.name}", content)
        for status, response in operation.node["responses"].items():
            for media, content in spec.resolve(response).get("content", {}).items():
                what = f"the {status} {media} of {operation.name}"
                yield from _content(spec, operation.pointer, what, content, example=status.startswith("2"))


def _content(spec: Spec, pointer: str, what: str, content: dict[str, Any], *, example: bool = True) -> Flaws:
    if not content.get("schema", {}).get("$ref", "").startswith(SCHEMAS):
        yield pointer, f"{what} is not a named component"
    if example and not content.get("examples"):
        yield pointer, f"{what} has no example"


CHECKS: tuple[Callable[[Spec], Flaws], ...] = (
    _keywords,
    _extensions,
    _rules,
    _objects,
    _closed,
    _numbers,
    _patterns,
    _unions,
    _operations,
    _parameters,
    _bodies,
)
