"""generated/: its modules, clients, examples, rules and bundled schemas are those of the specs."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest
from codegen_specs import (
    APIS,
    EACH_SPEC,
    PARTS,
    SPECS,
    SUCCESSES,
)
from refundkit import apis, operations
from refundkit.rule import REGISTRY
from refundkit_apis._runtime.codec import decode
from story import ROOT

from codegen.lint import schema_nodes
from codegen.spec import Spec, SpecOperation, snake


def rule_covers(code: str, operation: str) -> bool:
    return REGISTRY[code].covers(operation, apis.traits(operation))


@EACH_SPEC
def test_every_operation_has_its_module(spec: Spec) -> None:
    """Each operation has one module of its name, with the four functions that call it."""
    package = ROOT / "generated" / "refundkit_apis" / spec.api / "api"
    modules = [path for path in package.glob("*/*.py") if path.stem != "__init__"]
    assert sorted(path.stem for path in modules) == sorted(operation.name for operation in spec.operations())
    for path in modules:
        module = importlib.import_module(f"refundkit_apis.{spec.api}.api.{path.parent.name}.{path.stem}")
        assert all(
            callable(getattr(module, function)) for function in ("sync", "sync_detailed", "asyncio", "asyncio_detailed")
        )


@EACH_SPEC
def test_models_module_has_every_model(spec: Spec) -> None:
    """Every object schema of the spec is a msgspec Struct in the module `models`."""
    models = importlib.import_module(f"refundkit_apis.{spec.api}.models")
    objects = [name for name, schema in spec.schemas.items() if schema.get("properties")]
    assert len(objects) > 10
    assert all(issubclass(getattr(models, name), msgspec.Struct) for name in objects)
    assert not list((ROOT / "generated" / "refundkit_apis" / spec.api).glob("structs.py"))


@EACH_SPEC
def test_ready_client_has_a_method_for_each_operation(spec: Spec) -> None:
    """Both ready clients have a method per operation and one call, ids first, except for what issues credentials."""
    ready = importlib.import_module(f"refundkit_apis.{spec.api}.ready")
    names = {operation.name for operation in spec.operations() if not operation.node.get("x-credentials")}
    for client in (ready.SYNC, ready.ASYNC):
        methods = {name: value for name, value in vars(client).items() if inspect.isfunction(value) and name[0] != "_"}
        one_calls = {operation.name: operation.node.get("x-one-call") for operation in spec.operations()}
        assert set(methods) == names | set(filter(None, one_calls.values()))
        for operation in spec.operations():
            if one_calls[operation.name]:
                named = list(inspect.signature(methods[one_calls[operation.name]]).parameters)
                assert named == [*expected_parameters(operation)[:2], "wanted", "dry_run", "timeout", "options"]
            if operation.name in names:
                assert list(inspect.signature(methods[operation.name]).parameters) == expected_parameters(operation)


def expected_parameters(operation: SpecOperation) -> list[str]:
    """Return the parameter names that the spec asks of an operation's method."""
    parameters = {
        place: [parameter for parameter in operation.parameters if parameter["in"] == place]
        for place in ("path", "query")
    }
    ids = [snake(parameter["name"]) for parameter in parameters["path"] if not parameter.get("x-given-once")]
    body = ["body"] if "requestBody" in operation.node else []
    queries = [re.sub(r"\W", "", snake(parameter["name"])) for parameter in parameters["query"]]
    return ["self", *ids, *body, *queries, "timeout"]


def test_ids_of_digits_may_be_numbers() -> None:
    """An id whose pattern accepts only digits is typed int | str; any other id is typed str."""
    shop, seller = (
        importlib.import_module(f"refundkit_apis.{api}.ready").SYNC for api in ("woocommerce_legacy", "walmart")
    )
    assert inspect.signature(shop.get_refund).parameters["refund_id"].annotation == "int | str"
    assert inspect.signature(seller.get_order).parameters["purchase_order_id"].annotation == "str"


@EACH_SPEC
def test_examples_json_has_the_first_example_of_each_part(spec: Spec) -> None:
    """examples.json has an example of each body and success response, and their models accept it."""
    path = ROOT / "generated" / "refundkit_apis" / spec.api / "examples.json"
    written = msgspec.json.decode(path.read_bytes())
    expected = {
        operation.name: [part for name, part in SUCCESSES if name == f"{spec.api}.{operation.name}"]
        for operation in spec.operations()
    }
    assert {name: sorted(parts) for name, parts in written.items()} == {
        name: sorted(parts) for name, parts in expected.items()
    }
    for name, parts in written.items():
        for part, value in parts.items():
            decode(json.dumps(value).encode(), operations.get(f"{spec.api}.{name}").struct(part))


# ---- rules and schemas


@EACH_SPEC
def test_every_x_rule_is_a_registered_rule(spec: Spec) -> None:
    """Each x-rule of a spec names a registered rule that covers an operation of that API."""
    rule_ids = {rule for _, node in schema_nodes(spec) for rule in node.get("x-rule", {}).values()}
    shipped = set(
        re.findall(r'"(RF[0-9]{3})"', (ROOT / f"generated/refundkit_apis/{spec.api}/schemas.json").read_text())
    )
    assert rule_ids >= shipped > set()
    for code in sorted(rule_ids):
        assert code in REGISTRY
        assert any(rule_covers(code, f"{spec.api}.{operation.name}") for operation in spec.operations()), code


def objects_in(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in plain data."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects_in(inner)


@pytest.mark.parametrize("api", APIS)
def test_schemas_json_has_every_part_of_every_operation(api: str) -> None:
    """schemas.json holds one schema for each body and response of the API's operations, and no other."""
    bundle = operations.bundle(api)
    expected = {f"{name.partition('.')[2]}.{part}" for name, part in PARTS if name.partition(".")[0] == api}
    assert set(bundle.schemas) == expected
    assert set(bundle.operations) == {
        operation.name for spec in SPECS if spec.api == api for operation in spec.operations()
    }


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_every_schema_stands_alone(name: str, part: str) -> None:
    """A bundled schema is valid Draft 2020-12 and refers to exactly its own definitions."""
    schema = operations.get(name).schema(part)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    references = {node["$ref"] for node in objects_in(schema) if "$ref" in node}
    assert references == {f"#/$defs/{definition}" for definition in schema.get("$defs", {})}
