"""schemas.json of one spec: what can be called, and one bundled JSON Schema per body, query and response.

    {"api": …, "title": …, "servers": […], "replaced_by": API or null,
     "operations": {NAME: {"method", "path", "summary", "page", "section", "parameters", "security", "body",
                           "responses", "context"}},
     "schemas": {"NAME.body": {…}, "NAME.200": {…}}}

and examples.json: {NAME: {"body": …, "200": …}}, the first example of each body and of each success, apart because
schemas.json is read at every start.

Each schema stands alone (Draft 2020-12); `x-rule` and `xml` stay in it, since readers in any language may want them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .spec import SCHEMAS, Operation, Spec

# What concerns the documentation pages and the ready clients only.
UNTOLD = frozenset({"x-page-differs", "x-idempotency-key"})
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def write_schemas(spec: Spec, package: Path) -> None:
    """Write schemas.json and examples.json of one API into `package`."""
    for name, content in (("schemas.json", bundle(spec)), ("examples.json", examples(spec))):
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (package / name).write_text(text + "\n", encoding="utf-8")


def bundle(spec: Spec) -> dict[str, Any]:
    """The content of schemas.json."""
    operations, schemas = {}, {}
    for operation in spec.operations():
        operations[operation.name] = _describe(spec, operation)
        for part, name in _parts(spec, operation).items():
            schemas[f"{operation.name}.{part}"] = _alone(spec, name)
    info = spec.document["info"]
    return {
        "api": spec.api,
        "title": info["title"],
        "description": " ".join(info["description"].split()),
        "servers": [server["url"] for server in spec.document["servers"]],
        "replaced_by": info.get("x-replaced-by"),
        "operations": operations,
        "schemas": schemas,
    }


def examples(spec: Spec) -> dict[str, dict[str, Any]]:
    """The content of examples.json."""
    return {
        operation.name: {
            part: _example(spec, content)
            for part, content in _media_types(spec, operation)
            if content.get("examples") and (part == "body" or part.startswith("2"))
        }
        for operation in spec.operations()
    }


def _example(spec: Spec, content: dict[str, Any]) -> Any:
    return spec.resolve(next(iter(content["examples"].values())))["value"]


def _media_types(spec: Spec, operation: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """("body" or status, media type object) of everything that goes over the wire."""
    for content in operation.node.get("requestBody", {}).get("content", {}).values():
        yield "body", content
    for status, response in operation.node["responses"].items():
        for content in spec.resolve(response).get("content", {}).values():
            yield status, content


def _describe(spec: Spec, operation: Operation) -> dict[str, Any]:
    parts = _parts(spec, operation)
    return {
        "method": operation.method,
        "path": operation.path,
        "summary": operation.node["summary"],
        **operation.node["x-source"],
        "parameters": [_parameter(spec, parameter) for parameter in _ordered(operation)],
        "security": [[_scheme(spec, name) for name in option] for option in operation.node["security"]],
        "media_type": next(iter(operation.node.get("requestBody", {}).get("content", {})), None),
        "accept": sorted({media for media, _, status in _contents(spec, operation) if status != "body"}),
        "body": parts.pop("body", None),
        "responses": parts,
        "context": operation.node.get("x-context", {}),
    }


def _ordered(operation: Operation) -> list[dict[str, Any]]:
    """The parameters, those of the path first and as the path has them: so do the operations take their ids."""
    end = len(operation.path)
    return sorted(
        operation.parameters,
        key=lambda parameter: operation.path.find(f"{{{parameter['name']}}}") if parameter["in"] == "path" else end,
    )


def _parameter(spec: Spec, parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "schema": _local(spec.resolve(parameter["schema"])),
    }


def _scheme(spec: Spec, name: str) -> dict[str, str]:
    """A credential as `{name, in, kind}`: where it stands in a request."""
    scheme = spec.document["components"]["securitySchemes"][name]
    if scheme["type"] == "http":
        return {"name": "Authorization", "in": "header", "kind": scheme["scheme"]}
    return {"name": scheme["name"], "in": scheme["in"], "kind": "apiKey"}


def _contents(spec: Spec, operation: Operation) -> list[tuple[str, dict[str, Any], str]]:
    """(media type, schema, "body" or status) of everything that goes over the wire."""
    found = []
    for media, content in operation.node.get("requestBody", {}).get("content", {}).items():
        found.append((media, content["schema"], "body"))
    for status, response in operation.node["responses"].items():
        for media, content in spec.resolve(response).get("content", {}).items():
            found.append((media, content["schema"], status))
    return found


def _parts(spec: Spec, operation: Operation) -> dict[str, str]:
    """Component names, by "body" and by status."""
    return {part: schema["$ref"].removeprefix(SCHEMAS) for _, schema, part in _contents(spec, operation)}


def _alone(spec: Spec, name: str) -> dict[str, Any]:
    """The component as a schema of its own, with `$defs` for just what it reaches."""
    reached: dict[str, Any] = {}
    todo = [name]
    while todo:
        current = todo.pop(0)
        if current not in reached:
            reached[current] = _local(spec.schemas[current])
            todo.extend(_references(spec.schemas[current]))
    root = reached.pop(name)
    return {"$schema": DIALECT, "title": name, **root, **({"$defs": reached} if reached else {})}


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"].removeprefix(SCHEMAS)] if isinstance(node.get("$ref"), str) else []
    return own + [name for value in node.values() for name in _references(value)]


def _local(node: Any) -> Any:
    """A schema with its references into `$defs`, for readers of the schema."""
    if isinstance(node, list):
        return [_local(item) for item in node]
    if not isinstance(node, dict):
        return node
    ready = {key: _local(value) for key, value in node.items() if key not in UNTOLD}
    if isinstance(ready.get("$ref"), str):
        ready["$ref"] = ready["$ref"].replace(SCHEMAS, "#/$defs/")
    return ready
