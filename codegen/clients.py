"""openapi-python-client for one spec: the operations.

It gets an outline of the spec: operations with their ids, queries, bodies and success models. What it would drop or
misread is left out on purpose: headers (the connection sends them), the fields of objects (the models are structs.py's)
and error bodies (the runtime raises a typed error for any of them).
"""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from .spec import METHODS, Spec, SpecError, plain

HERE = Path(__file__).parent


def write_clients(spec: Spec, package: Path, scratch: Path) -> None:
    """Write api/, models/ and the re-exports of one API into `package`.

    Raises SpecError with the generator's own words when it warns, fails, or makes another number of operations.
    """
    source = scratch / f"{spec.api}.outline.json"
    source.write_text(json.dumps(outline(spec)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--overwrite"),
        *("--fail-on-warning", "--path", str(source), "--output-path", str(package)),
        *("--config", str(HERE / "openapi_python_client.yaml")),
        *("--custom-template-path", str(HERE / "templates" / "openapi_python_client")),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SpecError(f"{spec.path}: openapi-python-client: {run.stdout}{run.stderr}")
    modules = {path.stem for path in package.glob("api/*/*.py")} - {"__init__"}
    names = {operation.name for operation in spec.operations()}
    if modules != names:
        raise SpecError(f"{spec.path}: operations {sorted(names)}, but modules {sorted(modules)}")


def outline(spec: Spec) -> dict[str, Any]:
    """The part of the spec that makes operations."""
    document = copy.deepcopy(spec.document)
    for item in document["paths"].values():
        for method in METHODS:
            if method in item:
                _outline_operation(spec, item[method])
    schemas = {name: _outline_schema(schema) for name, schema in spec.schemas.items() if "anyOf" not in schema}
    unions = {name: schema for name, schema in spec.schemas.items() if name in _answers(spec) and "anyOf" in schema}
    objects = {name: schema for name, schema in schemas.items() if schema.get("type") == "object"}
    document["components"] = {"schemas": objects | unions}
    return document


def _outline_operation(spec: Spec, node: dict[str, Any]) -> None:
    kept = [spec.resolve(parameter) for parameter in node.get("parameters", [])]
    node["parameters"] = [
        {**parameter, "schema": {"type": "string", "description": plain(parameter["description"])}}
        for parameter in kept
        if parameter["in"] in ("path", "query")
    ]
    node["description"] = plain(node.get("description", ""))
    node["responses"] = {status: spec.resolve(r) for status, r in node["responses"].items() if status.startswith("2")}


def _outline_schema(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": schema.get("type"), "description": plain(schema.get("description", ""))}


def _answers(spec: Spec) -> set[str]:
    return {
        content["schema"]["$ref"].rpartition("/")[2]
        for operation in spec.operations()
        for response in operation.node["responses"].values()
        for content in spec.resolve(response).get("content", {}).values()
    }
