"""A Spec -> ready.py, the ready client: a sync and an async class with a method for each operation.

Parameters and results of a method come from the spec. A wrapper around a body or a response (`{"order": {…}}`: an
object of one required field that holds another model) is added and removed by the method; a deletion that answers with
a sentence for people returns None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from .lint import types_of
from .spec import Spec, SpecOperation, referenced_name, snake

TEMPLATES = Path(__file__).parent / "templates"


class PathParameter(NamedTuple):
    """A path parameter; `once`: it is given when the client is made."""

    name: str
    hint: str
    once: bool

    @property
    def text(self) -> str:
        """The expression that passes it to the operation."""
        value = f"self._{self.name}" if self.once else self.name
        return value if self.hint == "str" else f'as_id("{self.name}", {value})'


class QueryParameter(NamedTuple):
    """A query parameter; `default` is sent if the caller passes nothing."""

    name: str
    required: bool
    default: str | None


class MethodBody(NamedTuple):
    """The parameter `body` of a method: its model, the wrapper and its field, and the field of the idempotency key."""

    hint: str
    wrapper: str
    field: str
    key: str


class MethodResult(NamedTuple):
    """The result of a method: its type, and how it is made of the response: its `field`, `as_list` of it, or all."""

    hint: str
    field: str
    as_list: bool


class Method(NamedTuple):
    """A method of the ready client, which calls one operation."""

    name: str
    summary: str
    module: str
    ids: list[PathParameter]
    queries: list[QueryParameter]
    body: MethodBody | None
    result: MethodResult
    one_call: str
    """The name of the method that drafts the body, "" if there is none."""


def write_ready(spec: Spec, package: Path) -> None:
    """Write ready.py of one API into `package`, beside the operations that it calls."""
    environment = jinja2.Environment(  # noqa: S701 - the template makes Python, not HTML
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"model": _annotate, "python": repr, "doc": _escape_docstring}
    methods = [_make_method(spec, operation, package) for operation in spec.operations() if _is_method(operation)]
    once = {parameter.name: parameter for method in methods for parameter in method.ids if parameter.once}
    text = environment.get_template("ready.py.jinja").render(
        api=spec.api,
        title=spec.document["info"]["title"],
        class_name="".join(part.capitalize() for part in spec.api.split("_")) + "Client",
        methods=methods,
        once=list(once.values()),
    )
    (package / "ready.py").write_text(text, encoding="utf-8")


def _is_method(operation: SpecOperation) -> bool:
    """True unless the operation hands out credentials: the connection itself calls those."""
    return not operation.node.get("x-credentials", False)


def _make_method(spec: Spec, operation: SpecOperation, package: Path) -> Method:
    module = min(package.glob(f"api/*/{operation.name}.py"))
    in_path = re.findall(r"\{([^}]*)\}", operation.path)
    parameters = sorted(
        (parameter for parameter in operation.parameters if parameter["in"] == "path"),
        key=lambda parameter: in_path.index(parameter["name"]),
    )
    return Method(
        name=operation.name,
        summary=" ".join(operation.node["summary"].split()),
        module=module.parent.name,
        ids=[_make_path_parameter(spec, parameter) for parameter in parameters],
        queries=[_make_query_parameter(parameter) for parameter in operation.parameters if parameter["in"] == "query"],
        body=_make_body(spec, operation),
        result=_make_result(spec, operation),
        one_call=operation.node.get("x-one-call", ""),
    )


def _make_path_parameter(spec: Spec, parameter: dict[str, Any]) -> PathParameter:
    pattern = spec.resolve(parameter["schema"]).get("pattern")
    once = parameter.get("x-given-once", False)
    takes_int = pattern and not once and _takes_digits_only(pattern)
    return PathParameter(snake(parameter["name"]), "int | str" if takes_int else "str", once)


def _takes_digits_only(pattern: str) -> bool:
    """True if a pattern accepts whole numbers of any length, and nothing else."""
    takes = [re.search(pattern, text) is not None for text in ("7", "42", "1204")]
    refuses = [re.search(pattern, text) is None for text in ("", "a", "4a", "a4", "-4", "4.5", "4 2")]
    return all(takes + refuses)


def _make_query_parameter(parameter: dict[str, Any]) -> QueryParameter:
    # The client's generator names `filter[dp]` filterdp.
    name = snake(re.sub(r"\W+", "", parameter["name"]))
    return QueryParameter(name, parameter.get("required", False), parameter.get("x-default"))


def _make_body(spec: Spec, operation: SpecOperation) -> MethodBody | None:
    for content in operation.node.get("requestBody", {}).get("content", {}).values():
        name = referenced_name(content["schema"])
        wrapped = _unwrap(spec, name)
        if wrapped is not None and referenced_name(wrapped[1]):
            return MethodBody(referenced_name(wrapped[1]), name, snake(wrapped[0]), "")
        properties = spec.schemas[name].get("properties", {})
        key = next((field for field, schema in properties.items() if schema.get("x-idempotency-key")), "")
        return MethodBody(name, "", "", snake(key))
    return None


def _make_result(spec: Spec, operation: SpecOperation) -> MethodResult:
    name = next(_success_models(spec, operation))
    schema = spec.schemas[name]
    wrapped = _unwrap(spec, name)
    if wrapped is not None:
        return MethodResult(_type_hint(wrapped[1]), snake(wrapped[0]), as_list=False)
    if "anyOf" in schema:
        hints = [_type_hint(branch) for branch in schema["anyOf"]]
        lists = [hint for hint in hints if hint.startswith("list[")]
        return MethodResult(lists[0], "", as_list=True) if lists else MethodResult(" | ".join(hints), "", as_list=False)
    fields = [types_of(field) for field in schema.get("properties", {}).values()]
    if operation.method == "DELETE" and fields == [["string"]]:
        return MethodResult("None", "", as_list=False)
    return MethodResult(name if "items" not in schema else _type_hint(schema), "", as_list=False)


def _success_models(spec: Spec, operation: SpecOperation) -> Iterator[str]:
    for status, response in operation.node["responses"].items():
        for content in spec.resolve(response).get("content", {}).values():
            if status.startswith("2"):
                yield referenced_name(content["schema"])


def _unwrap(spec: Spec, name: str) -> tuple[str, dict[str, Any]] | None:
    """Return the field of a wrapper and the schema in it; None if the component is no wrapper.

    A wrapper has one field, which is required and holds a model or a list of models.
    """
    schema = spec.schemas[name]
    properties = list(schema.get("properties", {}).items())
    if len(properties) != 1 or schema.get("required") != [properties[0][0]]:
        return None
    field, schema_inside = properties[0]
    model_schema = schema_inside.get("items", schema_inside)
    is_model = "properties" in spec.schemas.get(referenced_name(model_schema), {})
    return (field, schema_inside) if is_model and types_of(schema_inside) in ([], ["array"]) else None


def _type_hint(schema: dict[str, Any]) -> str:
    return f"list[{referenced_name(schema['items'])}]" if "items" in schema else referenced_name(schema)


def _annotate(hint: str) -> str:
    """Return the type hint with each component as a name of `models`."""
    return re.sub(r"\b(?!None\b|list\b)([A-Za-z_]\w*)", r"models.\1", hint)


def _escape_docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")
