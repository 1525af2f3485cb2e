"""Random schemas: whatever was accepted and is refused now breaks senders, and what is accepted anew breaks readers."""

from __future__ import annotations

import copy
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent
WORDS = ["", "a", "b", "cc", "ddd"]
NUMBERS = [-1, 0, 0.5, 1, 1.5, 2, 3]
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
OPEN_LIST = {"anyOf": [{"type": "string", "enum": ["a", "b"]}, {"type": "string"}]}


def make_schema(random: Random, depth: int = 0) -> dict[str, Any]:
    """Make a schema of the kinds that our specs have; objects are closed, as requests are."""
    kind = random.choice(["text", "number", "types", "open", "either", *(["array", "object"] * 2 if depth < 3 else [])])
    if kind == "array":
        return {"type": "array", "items": make_schema(random, depth + 1), **draw(random, ("minItems", "maxItems"), 2)}
    if kind == "object":
        properties = {name: make_schema(random, depth + 1) for name in random.sample("pqr", random.randint(1, 3))}
        required = [name for name in properties if random.random() < 0.4]
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    if kind == "either":
        branches = [{"type": "null"}, {"type": "array", "items": make_schema(random, 3)}, {"type": "boolean"}]
        return {"anyOf": random.sample(branches, random.randint(1, 3))}
    if kind == "number":
        return {"type": random.choice(["number", "integer"]), **draw(random, BOUNDS, 3)}
    if kind == "types":
        types = random.sample(["string", "number", "integer", "null", "boolean"], 2)
        return {"type": types, **draw(random, BOUNDS, 3), **draw(random, ("minLength", "maxLength"), 3)}
    if kind == "open":
        return copy.deepcopy(OPEN_LIST)
    words = {"enum": random.sample(WORDS, 3)} if random.random() < 0.5 else {}
    return {"type": "string", **words, **draw(random, ("minLength", "maxLength"), 3)}


def draw(random: Random, keywords: tuple[str, ...], most: int) -> dict[str, int]:
    return {keyword: random.randint(0, most) for keyword in keywords if random.random() < 0.3}


def edit(random: Random, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with one of its parts made anew."""
    edited = copy.deepcopy(schema)
    part = edited
    while random.random() < 0.7:
        below = [*part.get("properties", {}).values(), *([part["items"]] if "items" in part else [])]
        if not below:
            break
        part = random.choice(below)
    made = make_schema(random, 2)
    part.clear()
    part.update(made)
    return edited


def make_value(random: Random, schema: dict[str, Any]) -> Any:
    """Make a value that the schema may accept."""
    if "anyOf" in schema:
        return make_value(random, random.choice(schema["anyOf"]))
    kind = random.choice(schema["type"]) if isinstance(schema["type"], list) else schema["type"]
    if kind == "object":
        return {
            name: make_value(random, part)
            for name, part in schema["properties"].items()
            if name in schema["required"] or random.random() < 0.7
        }
    if kind == "array":
        return [make_value(random, schema["items"]) for _ in range(random.randint(0, 3))]
    return {"string": random.choice(schema.get("enum", WORDS)), "boolean": True, "null": None}.get(
        kind, random.choice(NUMBERS)
    )


def make_spec(schema: dict[str, Any], *, is_sent: bool) -> Any:
    """Make a spec whose only operation sends the schema, or answers with it."""
    from codegen.spec import Spec

    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Body"}}}
    answer = {"200": {"description": "Done."} if is_sent else {"description": "Done.", "content": content}}
    operation = {
        "operationId": "act",
        "responses": answer,
        **({"requestBody": {"content": content}} if is_sent else {}),
    }
    document = {
        "info": {},
        "servers": [],
        "paths": {"/a": {"post": operation}},
        "components": {"schemas": {"Body": schema}},
    }
    return Spec(Path("a.yaml"), document, {})


@given(random=st.randoms(use_true_random=False))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_value_that_shows_the_difference_has_a_change_that_breaks(
    random: Random, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No validator knows a value that a change lets through or keeps out and the comparison overlooks."""
    monkeypatch.syspath_prepend(str(ROOT))
    from codegen.spec_changes import compare_specs

    old = make_schema(random)
    new = edit(random, old)
    before, after = (jsonschema_rs.Draft202012Validator(schema) for schema in (old, new))
    values = [make_value(random, random.choice([old, new])) for _ in range(60)]
    refused = [value for value in values if before.is_valid(value) and not after.is_valid(value)]
    accepted = [value for value in values if after.is_valid(value) and not before.is_valid(value)]
    sent = compare_specs(make_spec(old, is_sent=True), make_spec(new, is_sent=True))
    read = compare_specs(make_spec(old, is_sent=False), make_spec(new, is_sent=False))
    assert not refused or any(change.breaks_sender for change in sent), (old, new, refused[0])
    is_new = any(" is new and " in change.message for change in read)  # a field that a reader does not know
    assert not accepted or is_new or any(change.breaks_reader for change in read), (old, new, accepted[0])
