"""A Spec -> api/, a module for each operation, by openapi-python-client.

The generator gets an outline of the spec: operations with their ids, queries, bodies and success models. The outline
leaves out what the generator would drop or misread: headers (the connection sends them, the docstring names them), the
fields of objects (models.py has them) and error bodies (the runtime raises a typed error for any of them).
"""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .spec import METHODS, Spec, SpecError, plain

HERE = Path(__file__).parent


def write_clients(spec: Spec, package: Path, scratch: Path) -> None:
    """Write api/ and the re-exports of one API into `package`.

    Raises SpecError with the generator's own words when it warns, fails, or makes another number of operations.
    """
    source = scratch / f"{spec.api}.outline.json"
    source.write_text(json.dumps(make_outline(spec)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"),
        *("--fail-on-warning", "--path", str(source), "--output-path", str(package)),
        *("--config", str(HERE / "openapi_python_client.yaml")),
        *("--custom-template-path", str(HERE / "templates" / "openapi_python_client")),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SpecError(f"{spec.path}: openapi-python-client: {run.stdout}{run.stderr}")
    shutil.rmtree(package / "models")  # models.py replaces them
    modules = {path.stem for path in package.glob("api/*/*.py")} - {"__init__"}
    names = {operation.name for operation in spec.operations()}
    if modules != names:
        raise SpecError(f"{spec.path}: operations {sorted(names)}, but modules {sorted(modules)}")


def make_outline(spec: Spec) -> dict[str, Any]:
    """Make the OpenAPI document that the generator gets: what it needs for operations, and no more."""
    document = copy.deepcopy(spec.document)
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                _outline_operation(spec, item[method])
    schemas = {name: _outline_schema(schema) for name, schema in spec.schemas.items() if "anyOf" not in schema}
    answers = {name: spec.schemas[name] for name in _response_models(spec)}
    unions = {name: schema for name, schema in answers.items() if {"anyOf", "items"} & schema.keys()}
    objects = {name: schema for name, schema in schemas.items() if schema.get("type") == "object"}
    document["components"] = {"schemas": objects | unions}
    return document


def _outline_operation(spec: Spec, node: dict[str, Any]) -> None:
    parameters = [spec.resolve(parameter) for parameter in node.get("parameters", [])]
    node["parameters"] = [
        {**parameter, "schema": {"type": "string", "description": plain(parameter["description"])}}
        for parameter in parameters
        if parameter["in"] in ("path", "query")
    ]
    headers = "\n".join(_describe_headers(spec, node, parameters))
    node["description"] = plain(node.get("description", "")) + "\n\n" + headers
    node["responses"] = {status: spec.resolve(r) for status, r in node["responses"].items() if status.startswith("2")}


def _describe_headers(spec: Spec, node: dict[str, Any], parameters: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for each header that the operation sends, and for each credential in its query."""
    for parameter in parameters:
        if parameter["in"] == "header":
            optional = "" if parameter.get("required") else " (optional)"
            yield f"{parameter['name']}{optional}: {plain(parameter['description'])}"
    options = [[spec.document["components"]["securitySchemes"][name] for name in option] for option in node["security"]]
    lines = dict.fromkeys(_describe_credential(scheme) for option in options for scheme in option)
    yield from lines
    if len(options) > 1:
        yield "Of the credentials, one kind is enough."


def _describe_credential(scheme: dict[str, Any]) -> str:
    description = plain(scheme.get("description", ""))
    if scheme["type"] == "http":
        return f"Authorization: {scheme['scheme'].capitalize()}. {description}".strip()
    return f"{scheme['name']}{' (in the query)' if scheme['in'] == 'query' else ''}: {description}"


def _outline_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": schema.get("type"), "description": plain(schema.get("description", ""))}


def _response_models(spec: Spec) -> set[str]:
    return {
        content["schema"]["$ref"].rpartition("/")[2]
        for operation in spec.operations()
        for response in operation.node["responses"].values()
        for content in spec.resolve(response).get("content", {}).values()
    }
