"""A Spec -> schemas.json, its operations and a bundled JSON Schema for each body and response, and examples.json.

    {"api": …, "title": …, "servers": […], "replaced_by": API or null,
     "operations": {NAME: {"method", "path", "summary", "page", "section", "parameters", "security", "body",
                           "responses", "context"}},
     "schemas": {"NAME.body": {…}, "NAME.200": {…}}}

examples.json is {NAME: {"body": …, "200": …}}, the first example of each body and of each success. It is a file of its
own because schemas.json is read at every start.

Each schema stands alone (Draft 2020-12); `x-rule` and `xml` stay in it, since readers in any language may want them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .spec import SCHEMAS, Spec, SpecOperation

# Extensions that only the documentation pages and the ready clients need.
DROPPED = frozenset({"x-page-differs", "x-idempotency-key"})
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def write_schemas(spec: Spec, package: Path) -> None:
    """Write schemas.json and examples.json of one API into `package`."""
    for name, content in (("schemas.json", make_bundle(spec)), ("examples.json", collect_examples(spec))):
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (package / name).write_text(text + "\n", encoding="utf-8")


def make_bundle(spec: Spec) -> dict[str, Any]:
    """Make the content of schemas.json."""
    operations, schemas = {}, {}
    for operation in spec.operations():
        operations[operation.name] = _describe_operation(spec, operation)
        for part, name in _models_by_part(spec, operation).items():
            schemas[f"{operation.name}.{part}"] = _bundle_schema(spec, name)
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


def collect_examples(spec: Spec) -> dict[str, dict[str, Any]]:
    """Make the content of examples.json."""
    return {
        operation.name: {
            part: _first_example(spec, content)
            for part, _, content in _list_contents(spec, operation)
            if content.get("examples") and (part == "body" or part.startswith("2"))
        }
        for operation in spec.operations()
    }


def _first_example(spec: Spec, content: dict[str, Any]) -> Any:
    return spec.resolve(next(iter(content["examples"].values())))["value"]


def _list_contents(spec: Spec, operation: SpecOperation) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield ("body" or status, media type, media type object) for the request and every response."""
    for media, content in operation.node.get("requestBody", {}).get("content", {}).items():
        yield "body", media, content
    for status, response in operation.node["responses"].items():
        for media, content in spec.resolve(response).get("content", {}).items():
            yield status, media, content


def _describe_operation(spec: Spec, operation: SpecOperation) -> dict[str, Any]:
    parts = _models_by_part(spec, operation)
    return {
        "method": operation.method,
        "path": operation.path,
        "summary": operation.node["summary"],
        **operation.node["x-source"],
        "parameters": [_describe_parameter(spec, parameter) for parameter in _order_parameters(operation)],
        "security": [[_describe_credential(spec, name) for name in option] for option in operation.node["security"]],
        "media_type": next(iter(operation.node.get("requestBody", {}).get("content", {})), None),
        "accept": sorted({media for part, media, _ in _list_contents(spec, operation) if part != "body"}),
        "body": parts.pop("body", None),
        "responses": parts,
        "context": operation.node.get("x-context", {}),
    }


def _order_parameters(operation: SpecOperation) -> list[dict[str, Any]]:
    """Return the parameters, those of the path first and in its order: the generated operations take ids so."""
    end = len(operation.path)
    return sorted(
        operation.parameters,
        key=lambda parameter: operation.path.find(f"{{{parameter['name']}}}") if parameter["in"] == "path" else end,
    )


def _describe_parameter(spec: Spec, parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "schema": _localise(spec.resolve(parameter["schema"])),
    }


def _describe_credential(spec: Spec, name: str) -> dict[str, str]:
    """Describe where a credential stands in a request, as `{name, in, kind}`."""
    scheme = spec.document["components"]["securitySchemes"][name]
    if scheme["type"] == "http":
        return {"name": "Authorization", "in": "header", "kind": scheme["scheme"]}
    return {"name": scheme["name"], "in": scheme["in"], "kind": "apiKey"}


def _models_by_part(spec: Spec, operation: SpecOperation) -> dict[str, str]:
    """Return component names by "body" and by status."""
    return {
        part: content["schema"]["$ref"].removeprefix(SCHEMAS) for part, _, content in _list_contents(spec, operation)
    }


def _bundle_schema(spec: Spec, name: str) -> dict[str, Any]:
    """Return a component as a schema that stands alone, with `$defs` for what it refers to."""
    definitions: dict[str, Any] = {}
    pending = [name]
    while pending:
        current = pending.pop(0)
        if current not in definitions:
            definitions[current] = _localise(spec.schemas[current])
            pending.extend(_list_references(spec.schemas[current]))
    root = definitions.pop(name)
    return {"$schema": DIALECT, "title": name, **root, **({"$defs": definitions} if definitions else {})}


def _list_references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [name for item in node for name in _list_references(item)]
    if not isinstance(node, dict):
        return []
    names = [node["$ref"].removeprefix(SCHEMAS)] if isinstance(node.get("$ref"), str) else []
    return names + [name for value in node.values() for name in _list_references(value)]


def _localise(node: Any) -> Any:
    """Return a schema with its references changed to point into `$defs`."""
    if isinstance(node, list):
        return [_localise(item) for item in node]
    if not isinstance(node, dict):
        return node
    localised = {key: _localise(value) for key, value in node.items() if key not in DROPPED}
    if isinstance(localised.get("$ref"), str):
        localised["$ref"] = localised["$ref"].replace(SCHEMAS, "#/$defs/")
    return localised
