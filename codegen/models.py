"""A Spec -> models.py, by datamodel-code-generator, and scalars.py, our exact numbers.

The generator knows only float and int. So each number component becomes a scalar class of ours, and the generator gets
its name (`customTypePath`) instead of its keywords.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .lint import is_number, types_of
from .spec import SCHEMAS, Spec, SpecError, plain

TEMPLATES = Path(__file__).parent / "templates" / "datamodel_code_generator"
OPTIONS = (
    *("--input-file-type", "openapi", "--output-model-type", "msgspec.Struct", "--target-python-version", "3.11"),
    *("--openapi-scopes", "schemas", "--naming-strategy", "full-path", "--enum-field-as-literal", "all"),
    *("--use-annotated", "--strict-nullable", "--keyword-only", "--snake-case-field", "--use-msgspec-tagged-unions"),
    *("--use-msgspec-nullable-enum-alias", "--intersect-allof-keywords", "--use-schema-description"),
    *("--field-include-all-keys", "--strict-refs", "--disable-timestamp", "--formatters", "builtin"),
)
# Keywords that are not passed on as they are; the keys of `properties` are names and no keywords.
DROPPED = frozenset({"x-rule", "x-aliases", "x-page-differs", "x-idempotency-key", "x-free-text", "xml", "properties"})
# The argument of a scalar class for each JSON Schema keyword.
KEYWORDS = {"minimum": "minimum", "maximum": "maximum", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}


def write_models(spec: Spec, package: Path, scratch: Path) -> None:
    """Write models.py and scalars.py of one API into `package`. Raises SpecError on any warning of the generator."""
    (package / "scalars.py").write_text(make_scalars(spec), encoding="utf-8")
    source = scratch / f"{spec.api}.yaml"
    source.write_text(json.dumps(_prepare_document(spec)), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "datamodel_code_generator", *OPTIONS, "--custom-template-dir", str(TEMPLATES)),
        *("--input", str(source), "--output", str(package / "models.py")),
    ]
    environment = {**os.environ, "PYTHONWARNINGS": "error::UserWarning"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if run.returncode or run.stderr.strip():
        raise SpecError(f"{spec.path}: datamodel-code-generator: {run.stdout}{run.stderr}")


def number_components(spec: Spec) -> dict[str, dict[str, Any]]:
    """Return the components that become scalar classes, by name."""
    return {name: schema for name, schema in spec.schemas.items() if is_number(schema)}


def make_scalars(spec: Spec) -> str:
    """Make the text of scalars.py: type checkers see the type of the value, the runtime the class that checks it."""
    aliases, classes = [], []
    for name, schema in number_components(spec).items():
        aliases.append(f"    {name}: TypeAlias = {_type_hint(schema)}")
        doc = plain(schema.get("description", "A number of the API."))
        classes.append(f'    class {name}(Number{_class_arguments(schema)}):\n        """{doc}"""\n')
    return "\n".join(
        [
            f'"""The numbers of {spec.path.name}: exact, and bounded as the spec bounds them."""\n',
            "from __future__ import annotations\n",
            "from decimal import Decimal",
            "from typing import TYPE_CHECKING, TypeAlias\n",
            "from .._runtime.number import Number\n",
            f"__all__ = {sorted(number_components(spec))!r}\n",
            "if TYPE_CHECKING:",
            *aliases,
            "else:",
            *classes,
        ]
    )


def _type_hint(schema: dict[str, Any]) -> str:
    names = {"number": "Decimal | int", "integer": "int", "string": "str", "null": "None"}
    return " | ".join(names[kind] for kind in types_of(schema))


def _class_arguments(schema: dict[str, Any]) -> str:
    types = types_of(schema)
    arguments: dict[str, Any] = {ours: schema[theirs] for theirs, ours in KEYWORDS.items() if theirs in schema}
    if not {"number", "integer"} & set(types):
        arguments["literal"] = False
    elif "number" not in types:
        arguments["whole"] = True
    if "string" in types:
        arguments["text"] = True
    if "null" in types:
        arguments["null"] = True
    if "pattern" in schema:
        arguments["pattern"] = schema["pattern"]
    if "not" in schema:
        arguments["unlike"] = schema["not"]["pattern"]
    return "".join(f", {name}={value!r}" for name, value in arguments.items())


def _prepare_document(spec: Spec) -> dict[str, Any]:
    """Make the document that the generator gets: scalars by name, field descriptions as docstrings, secrets marked."""
    scalars = number_components(spec)
    others = {name: schema for name, schema in spec.schemas.items() if name not in scalars}
    schemas = {name: _prepare_node(schema, spec, scalars) for name, schema in others.items()}
    for schema in schemas.values():
        if "properties" not in schema:
            schema.pop("description", None)  # an alias would carry it into every annotation
    return {"openapi": "3.1.0", "info": spec.document["info"], "paths": {}, "components": {"schemas": schemas}}


def _prepare_node(node: Any, spec: Spec, scalars: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_prepare_node(item, spec, scalars) for item in node]
    if not isinstance(node, dict):
        return node
    name = node.get("$ref", "").removeprefix(SCHEMAS)
    if name in scalars:
        return {"type": "string", "customTypePath": f"refundkit_apis.{spec.api}.scalars.{name}"}
    if "integer" in types_of(node):
        return {"type": "string", "customTypePath": f"refundkit_apis._runtime.number.{_integer_class(node)}"}
    prepared = {key: _prepare_node(value, spec, scalars) for key, value in node.items() if key not in DROPPED}
    if "description" in node:
        prepared["description"] = plain(node["description"])
    if "properties" in node:
        prepared["properties"] = {
            key: _document_property(_prepare_node(value, spec, scalars), value.get("description"))
            for key, value in node["properties"].items()
        }
    return prepared


def _integer_class(schema: dict[str, Any]) -> str:
    """Return the runtime's class for an integer that is no component."""
    types = types_of(schema)
    return "Whole" + ("OrText" if "string" in types else "") + ("OrNull" if "null" in types else "")


def _document_property(schema: dict[str, Any], description: str | None) -> dict[str, Any]:
    """Return a property with its description as a docstring; formats are dropped, and a password is a secret."""
    prepared = {key: value for key, value in schema.items() if key not in ("description", "format")}
    if description:
        prepared["x-doc"] = plain(description)
    if schema.get("format") == "password":
        prepared["x-secret"] = True
    return prepared
