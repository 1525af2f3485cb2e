"""The text of an OpenAPI definition -> a Spec in the form of ours, each part with its line.

OpenAPI 3.0 becomes 3.1, `allOf` is merged, `oneOf` is an `anyOf`, and fields that are only read or only written stand
on their side alone: each component is there twice, as it is read and as it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from ..lint import KEYWORDS
from ..spec import METHODS, SCHEMAS, Spec, escape, unescape
from .blocks import PageError

SENT = " (sent)"
DEEPEST = 100


def read_definition(path: Path, text: str, offset: int) -> Spec | None:
    """Read a definition in the form of our specs, or None if the text is none. Raises PageError."""
    try:
        document, lines = _parse(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        return None
    if "openapi" not in document:
        if "swagger" in document:
            raise PageError(f"{path}:{offset + 1}: Swagger 2.0 is not read: save it as OpenAPI 3")
        return None
    adapter = DefinitionAdapter(document)
    try:
        adapted = adapter.adapt()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise PageError(f"{path}:{offset + 1}: not a well-formed OpenAPI definition: {error!r}") from error
    numbered: dict[str, int] = {}
    adapter.number(adapted, "", 1 + offset, {pointer: line + offset for pointer, line in lines.items()}, numbered)
    return Spec(path, adapted, numbered)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # either is a SafeLoader
    """Reads the dates that vendors write without quotes as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _parse(text: str) -> tuple[Any, dict[str, int]]:
    """Parse YAML or JSON as vendors write it, every key as text; return it with the line of each part."""
    lines: dict[str, int] = {}
    root = yaml.compose(text, Loader=_Loader)
    if root is not None:
        _number_nodes(root, "", lines, 0)
    return _with_text_keys(yaml.load(text, Loader=_Loader)), lines  # noqa: S506 - it is a SafeLoader


def _number_nodes(node: yaml.Node, pointer: str, lines: dict[str, int], depth: int) -> None:
    lines.setdefault(pointer, node.start_mark.line + 1)
    if depth > DEEPEST:
        raise ValueError("nested too deep")
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = f"{pointer}/{escape(str(key.value))}"
            lines[child] = key.start_mark.line + 1
            _number_nodes(value, child, lines, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _number_nodes(item, f"{pointer}/{index}", lines, depth + 1)


def _with_text_keys(node: Any) -> Any:
    if isinstance(node, dict):
        return {str(key): _with_text_keys(part) for key, part in node.items()}
    return [_with_text_keys(part) for part in node] if isinstance(node, list) else node


class DefinitionAdapter:
    """Brings a definition into the form of our specs, and remembers which part was made of which."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.pointers = dict(_list_objects(document, ""))
        self.origins: dict[int, tuple[dict[str, Any], str]] = {}

    def adapt(self) -> dict[str, Any]:
        components = self.document.get("components", {})
        named = components.get("schemas", {})
        schemas = {name: self._schema(schema, is_sent=False) for name, schema in named.items()}
        schemas |= {f"{name}{SENT}": self._schema(schema, is_sent=True) for name, schema in named.items()}
        return {
            "info": self.document.get("info", {}),
            "servers": [
                self._made_of(server, dict(server)) for server in self.document.get("servers", []) if server.get("url")
            ],
            "paths": {path: self._path(path, self._resolve(item)) for path, item in self.document["paths"].items()},
            "components": {"schemas": schemas, "securitySchemes": components.get("securitySchemes", {})},
        }

    def number(self, node: Any, pointer: str, line: int, lines: dict[str, int], numbered: dict[str, int]) -> None:
        """Enter the line of each part of the adapted document, that of the part it was made of."""
        _, origin = self.origins.get(id(node), (None, None))
        line = lines.get(origin, line) if origin is not None else line
        numbered[pointer] = line
        for key, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            below = lines.get(f"{origin}/{escape(str(key))}", line) if origin is not None else line
            self.number(part, f"{pointer}/{escape(str(key))}", below, lines, numbered)

    def _made_of(self, original: dict[str, Any], adapted: dict[str, Any]) -> dict[str, Any]:
        """Remember what a part was made of, and return it."""
        if id(original) in self.pointers:
            self.origins[id(adapted)] = adapted, self.pointers[id(original)]
        return adapted

    def _resolve(self, node: Any) -> dict[str, Any]:
        """Return what a local `$ref` leads to; {} where it leads elsewhere."""
        for _ in range(10):
            if not isinstance(node, dict) or "$ref" not in node:
                break
            reference = str(node["$ref"])
            node = node_at(self.document, reference.removeprefix("#")) if reference.startswith("#/") else {}
        return node if isinstance(node, dict) else {}

    def _path(self, path: str, item: dict[str, Any]) -> dict[str, Any]:
        return {
            method: self._operation(f"{method} {path}", item[method], item.get("parameters", []))
            for method in METHODS
            if isinstance(item.get(method), dict)
        }

    def _operation(self, name: str, node: dict[str, Any], shared: list[Any]) -> dict[str, Any]:
        parameters = {
            (str(parameter.get("in", "")), str(parameter.get("name", ""))): parameter
            for parameter in map(self._resolve, [*shared, *node.get("parameters", [])])
        }
        body = self._resolve(node.get("requestBody", {}))
        responses = {str(code): self._resolve(answer) for code, answer in node.get("responses", {}).items()}
        adapted = {
            "operationId": str(node.get("operationId", name)),
            "security": node.get("security", self.document.get("security", [])),
            "parameters": [self._parameter(*key, part) for key, part in parameters.items() if all(key)],
            **({"requestBody": self._body(body, is_sent=True)} if body else {}),
            "responses": {code: self._body(answer, is_sent=False) for code, answer in responses.items()},
            "x-words": [node, self._words_of_schemas(node)],
        }
        return self._made_of(node, adapted)

    def _words_of_schemas(self, node: Any) -> list[Any]:
        """Return the components that a part refers to, and those that they refer to."""
        found: dict[str, Any] = {}
        pending = [node]
        while pending:
            for reference in _find_references(pending.pop()):
                if reference not in found:
                    found[reference] = self._resolve({"$ref": reference})
                    pending.append(found[reference])
        return list(found.values())

    def _parameter(self, location: str, name: str, node: dict[str, Any]) -> dict[str, Any]:
        schema = self._schema(self._resolve(node.get("schema", {})), is_sent=True)
        if schema.get("type") in ("integer", "number", "boolean"):
            schema = {}  # text on the wire, as our specs say it
        required = {"required": True} if node.get("required") or location == "path" else {}
        return self._made_of(node, {"name": name, "in": location, **required, "schema": schema})

    def _body(self, node: dict[str, Any], *, is_sent: bool) -> dict[str, Any]:
        contents = {
            media.partition(";")[0].strip(): {"schema": self._schema(content.get("schema", {}), is_sent=is_sent)}
            for media, content in node.get("content", {}).items()
        }
        required = {"required": True} if node.get("required") else {}
        return self._made_of(node, {**required, **({"content": contents} if contents else {})})

    def _schema(self, schema: Any, *, is_sent: bool) -> dict[str, Any]:
        """Return a schema with the keywords of our specs alone."""
        if not isinstance(schema, dict):
            return {}
        if "$ref" in schema:
            name = str(schema["$ref"]).removeprefix(SCHEMAS)
            if name in self.document.get("components", {}).get("schemas", {}):
                return self._made_of(schema, {"$ref": f"{SCHEMAS}{name}{SENT if is_sent else ''}"})
            return {}
        merged = self._merge(schema)
        adapted = {key: value for key, value in merged.items() if key in KEYWORDS and key != "examples"}
        for keyword in ("oneOf", "anyOf"):
            if keyword in merged:
                adapted["anyOf"] = [self._schema(branch, is_sent=is_sent) for branch in merged[keyword]]
        hidden = "readOnly" if is_sent else "writeOnly"
        if isinstance(merged.get("properties"), dict):
            adapted["properties"] = {
                name: self._schema(part, is_sent=is_sent)
                for name, part in merged["properties"].items()
                if not self._resolve(part).get(hidden)
            }
            required = [name for name in merged.get("required", []) if name in adapted["properties"]]
            adapted["required"] = required
        for keyword in ("items", "additionalProperties", "not"):
            if isinstance(merged.get(keyword), dict):
                adapted[keyword] = self._schema(merged[keyword], is_sent=is_sent)
        return self._made_of(schema, _to_draft_2020(adapted, merged))

    def _merge(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema with its `allOf` merged into it."""
        merged = {key: value for key, value in schema.items() if key != "allOf"}
        for part in schema.get("allOf", []):
            for key, value in self._merge(self._resolve(part)).items():
                if key == "properties":
                    merged[key] = {**value, **merged.get(key, {})}
                elif key == "required":
                    merged[key] = [*merged.get(key, []), *value]
                else:
                    merged.setdefault(key, value)
        return merged


def _list_objects(node: Any, pointer: str) -> Iterator[tuple[int, str]]:
    """Yield the identity and the pointer of each object of a document."""
    if isinstance(node, dict):
        yield id(node), pointer
    for key, part in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _list_objects(part, f"{pointer}/{escape(str(key))}")


def _find_references(node: Any) -> Iterator[str]:
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _find_references(part)


def _to_draft_2020(adapted: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Say what OpenAPI 3.0 says in words of its own, and a type that is left unsaid, as OpenAPI 3.1 does."""
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(adapted.get(exclusive), bool):
            is_exclusive = adapted.pop(exclusive)
            if is_exclusive and bound in adapted:
                adapted[exclusive] = adapted.pop(bound)
    if "type" not in adapted and ("properties" in adapted or "items" in adapted):
        adapted["type"] = "object" if "properties" in adapted else "array"
    if "type" not in adapted and all(isinstance(value, str) for value in adapted.get("enum", [0])):
        adapted["type"] = "string"
    if schema.get("nullable") and isinstance(adapted.get("type"), str):
        adapted["type"] = [adapted["type"], "null"]
    return adapted


def node_at(document: Any, pointer: str) -> Any:
    """Return what stands at a pointer of a document, None if nothing does."""
    node = document
    for key in pointer.split("/")[1:]:
        if isinstance(node, list):
            node = node[int(key)] if key.isdigit() and int(key) < len(node) else None
        else:
            node = node.get(unescape(key)) if isinstance(node, dict) else None
    return node
