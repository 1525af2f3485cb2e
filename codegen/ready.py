"""The ready client of one spec, sync and async: a method an operation, around the generated operations.

What a method takes and gives is read from the spec. A body or an answer that is a wrapper (`{"order": {…}}`: an object
of one required field that holds another model) stays inside; the answer to a deletion that is one text, a sentence for
people, is None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from .lint import types_of
from .spec import SCHEMAS, Operation, Spec, snake

TEMPLATES = Path(__file__).parent / "templates"


class Id(NamedTuple):
    """A path parameter; `once` is one that is given when the client is made."""

    name: str
    hint: str
    once: bool

    @property
    def text(self) -> str:
        """The expression of it as the operation takes it."""
        value = f"self._{self.name}" if self.once else self.name
        return value if self.hint == "str" else f"str({value})"


class Query(NamedTuple):
    """A query parameter; `default` is what the client sends where the caller says nothing."""

    name: str
    required: bool
    default: str | None


class Body(NamedTuple):
    """What a method takes as `body`: the model, and the wrapper and its field where there is one."""

    hint: str
    wrapper: str
    field: str
    key: str


class Result(NamedTuple):
    """What a method gives: a type, and how it is found in the answer: `field` of it, `as_list` of it, or the answer."""

    hint: str
    field: str
    as_list: bool


class Method(NamedTuple):
    """One operation as a method of the ready client."""

    name: str
    summary: str
    module: str
    ids: list[Id]
    queries: list[Query]
    body: Body | None
    result: Result


def write_ready(spec: Spec, package: Path) -> None:
    """Write ready.py of one API into `package`, beside the operations that it calls."""
    environment = jinja2.Environment(  # noqa: S701 - the template makes Python, not HTML
        loader=jinja2.FileSystemLoader(TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"model": _annotation, "python": repr, "doc": _docstring}
    methods = [_method(spec, operation, package) for operation in spec.operations() if _is_method(operation)]
    once = {parameter.name: parameter for method in methods for parameter in method.ids if parameter.once}
    text = environment.get_template("ready.py.jinja").render(
        api=spec.api,
        title=spec.document["info"]["title"],
        class_name="".join(part.capitalize() for part in spec.api.split("_")) + "Client",
        methods=methods,
        once=list(once.values()),
    )
    (package / "ready.py").write_text(text, encoding="utf-8")


def _is_method(operation: Operation) -> bool:
    """Whether the ready client has a method of it: the connection itself calls what hands out credentials."""
    return not operation.node.get("x-credentials", False)


def _method(spec: Spec, operation: Operation, package: Path) -> Method:
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
        ids=[_id(spec, parameter) for parameter in parameters],
        queries=[_query(parameter) for parameter in operation.parameters if parameter["in"] == "query"],
        body=_body(spec, operation),
        result=_result(spec, operation),
    )


def _id(spec: Spec, parameter: dict[str, Any]) -> Id:
    pattern = spec.resolve(parameter["schema"]).get("pattern")
    once = parameter.get("x-given-once", False)
    return Id(snake(parameter["name"]), "int | str" if pattern and not once and _is_of_digits(pattern) else "str", once)


def _is_of_digits(pattern: str) -> bool:
    """Whether a pattern takes whole numbers of any length, and nothing else."""
    takes = [re.search(pattern, text) is not None for text in ("7", "42", "1204")]
    refuses = [re.search(pattern, text) is None for text in ("", "a", "4a", "a4", "-4", "4.5", "4 2")]
    return all(takes + refuses)


def _query(parameter: dict[str, Any]) -> Query:
    return Query(snake(parameter["name"]), parameter.get("required", False), parameter.get("x-default"))


def _body(spec: Spec, operation: Operation) -> Body | None:
    for content in operation.node.get("requestBody", {}).get("content", {}).values():
        name = _component(content["schema"])
        inner = _wrapped(spec, name)
        if inner is not None and _component(inner[1]):
            return Body(_component(inner[1]), name, snake(inner[0]), "")
        properties = spec.schemas[name].get("properties", {})
        key = next((field for field, schema in properties.items() if schema.get("x-idempotency-key")), "")
        return Body(name, "", "", snake(key))
    return None


def _result(spec: Spec, operation: Operation) -> Result:
    name = next(_success_models(spec, operation))
    schema = spec.schemas[name]
    inner = _wrapped(spec, name)
    if inner is not None:
        return Result(_hint(inner[1]), snake(inner[0]), as_list=False)
    if "anyOf" in schema:
        hints = [_hint(branch) for branch in schema["anyOf"]]
        lists = [hint for hint in hints if hint.startswith("list[")]
        return Result(lists[0], "", as_list=True) if lists else Result(" | ".join(hints), "", as_list=False)
    fields = [types_of(field) for field in schema.get("properties", {}).values()]
    if operation.method == "DELETE" and fields == [["string"]]:
        return Result("None", "", as_list=False)
    return Result(name if "items" not in schema else _hint(schema), "", as_list=False)


def _success_models(spec: Spec, operation: Operation) -> Iterator[str]:
    for status, response in operation.node["responses"].items():
        for content in spec.resolve(response).get("content", {}).values():
            if status.startswith("2"):
                yield _component(content["schema"])


def _wrapped(spec: Spec, name: str) -> tuple[str, dict[str, Any]] | None:
    """The field and the schema inside of a wrapper: a component of one field, required, that holds other models."""
    schema = spec.schemas[name]
    properties = list(schema.get("properties", {}).items())
    if len(properties) != 1 or schema.get("required") != [properties[0][0]]:
        return None
    field, inner = properties[0]
    held = inner.get("items", inner)
    is_model = "properties" in spec.schemas.get(_component(held), {})
    return (field, inner) if is_model and types_of(inner) in ([], ["array"]) else None


def _hint(schema: dict[str, Any]) -> str:
    return f"list[{_component(schema['items'])}]" if "items" in schema else _component(schema)


def _component(schema: dict[str, Any]) -> str:
    """The name of the component that a schema refers to, or ""."""
    return str(schema.get("$ref", "")).removeprefix(SCHEMAS)


def _annotation(hint: str) -> str:
    """The hint with each component as a name of `models`."""
    return re.sub(r"\b(?!None\b|list\b)([A-Za-z_]\w*)", r"models.\1", hint)


def _docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "'")
