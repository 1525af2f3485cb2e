"""Generated models and their JSON Schemas accept and refuse the same bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema
import msgspec
import pytest
import story
from codegen_specs import (
    PARTS,
    SUCCESSES,
)
from refundkit import operations
from refundkit_apis._runtime.codec import decode, encode


def is_whole_number(_: Any, value: object) -> bool:
    """Return whether JSON Schema counts a value as an integer: 1.0 is one."""
    if isinstance(value, Decimal):
        return value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


ExactValidator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", is_whole_number),
)


@cache
def validator(name: str, part: str) -> Any:
    """Return the jsonschema validator of a body or a response."""
    return ExactValidator(operations.get(name).schema(part))


def schema_accepts(name: str, part: str, text: str) -> bool:
    """Return whether the schema accepts the JSON text, read with exact numbers."""
    return bool(validator(name, part).is_valid(json.loads(text, parse_float=Decimal)))


def model_accepts(name: str, part: str, text: str) -> bool:
    """Return whether the model accepts the JSON text."""
    try:
        decode(text.encode(), operations.get(name).struct(part))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize(("name", "part"), SUCCESSES)
def test_every_example_is_valid(name: str, part: str) -> None:
    """Schema and model accept every example of a spec, and the model loses nothing of it."""
    examples = story.examples(name, part)
    assert examples
    for example in examples:
        text = story.text(example).decode()
        assert list(validator(name, part).iter_errors(json.loads(text, parse_float=Decimal))) == []
        model = decode(text.encode(), operations.get(name).struct(part))
        assert json.loads(encode(model), parse_float=Decimal) == json.loads(text, parse_float=Decimal)


# ---- models and schemas


def json_with(value: Any, pointer: str, literal: str | None) -> str:
    """Return the JSON text of a value with the literal at the pointer, or without that field if it is None."""
    root = json.loads(story.text(value), parse_float=Decimal)
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]] or [""]
    if not pointer:
        return literal or ""
    node = root
    for key in parents:
        node = node[int(key)] if isinstance(node, list) else node[key]
    key_or_index: Any = int(last) if isinstance(node, list) else last
    if literal is None:
        del node[key_or_index]
        return encode(root).decode()
    node[key_or_index] = "\ue000"
    return encode(root).decode().replace('"\ue000"', literal)


WALMART, CANCEL = "walmart.refund_order_lines", "walmart_ca.cancel_order_lines"
SHOP, TAX, TOKEN = "woocommerce_legacy.create_refund", "taxcloud.refund_order", "walmart.create_token"
LINE = "/orderRefund/orderLines/orderLine/0"
CHARGE = f"{LINE}/refunds/refund/0/refundCharges/refundCharge/0"
AMOUNT = f"{CHARGE}/charge/chargeAmount/amount"
CANCELLED = "/orderCancellation/orderLines/orderLine/0/orderLineStatuses/orderLineStatus/0"
DIGITS = "1234567890123456789012345"

# keyword -> (operation, pointer, accepted literals, refused literals); None removes the field.
PROBES: dict[str, list[tuple[str, str, list[str | None], list[str | None]]]] = {
    "exclusiveMaximum": [
        (
            WALMART,
            AMOUNT,
            ["-0.01", "-1", "-1e2", f"-{DIGITS}", f"-{DIGITS}.{DIGITS}", f"-0.{'0' * 24}1"],
            ["0", "-0.0", "0.00", "0.01", "19.99", DIGITS, f"0.{'0' * 24}1"],
        )
    ],
    "maximum": [
        (
            WALMART,
            f"{CHARGE}/charge/tax/taxAmount/amount",
            ["0", "-0.0", "-1.65", f"-{DIGITS}"],
            ["0.01", "1", f"0.{'0' * 24}1", DIGITS],
        ),
        (TAX, "/items/0/cartItemIndex", ["500", "500.0", "5e2", None], ["501", "500.5", DIGITS, f"500.{'0' * 24}1"]),
    ],
    "minimum": [
        (SHOP, "/order_refund/amount", ["0", "-0.0", "4.95", DIGITS], ["-0.01", "-1", f"-{DIGITS}", "-1e-30"]),
        (SHOP, "/order_refund/line_items/71/qty", ["0", "1", "0.5"], ["-1", "-0.5"]),
        (TAX, "/items/0/cartItemIndex", ["0", "-0.0"], ["-1", "-1.0"]),
    ],
    "exclusiveMinimum": [
        (TAX, "/items/0/quantity", ["1", "0.5", f"0.{'0' * 24}1", DIGITS], ["0", "0.0", "-0.0", "-1", f"-{DIGITS}"])
    ],
    "pattern": [
        (SHOP, "/order_refund/amount", ['"30.80"', '"0"', '"007"', f'"{DIGITS}.{DIGITS}"'], ['"5\\n"', '"5,0"', '""']),
        (SHOP, "/order_refund/amount", ['"5"'], ['" 5"', '"5 "', '"1e1"', '"NaN"', '"+5"', '"\u0663"', '".5"', '"5."']),
        (SHOP, "/order_refund/line_items/71/refund_total", ['"-5.00"', "-5.00"], ['"-5.00\\n"', '"five"']),
        (
            CANCEL,
            f"{CANCELLED}/statusQuantity/amount",
            ['"1"', '"010"'],
            ['"0"', '"1\\n"', '"1.0"', '"-1"', '"\u0661"'],
        ),
        (
            TAX,
            "/returnedDate",
            ['"2026-03-09T08:15:40Z"', '"2026-03-09T08:15:40.5+01:00"', "null"],
            ['"2026-03-09T08:15:40Z\\n"', '"2026-03-09"', '"2026-13-09T08:15:40Z"', '"\u0662026-03-09T08:15:40Z"', "5"],
        ),
        (
            TAX,
            "/returnedDate",
            ['"2026-02-29t23:59:60z"', '"2026-04-30T00:00:00Z"', '"2026-12-31T00:00:00-23:59"'],
            ['"2026-02-30T08:15:40Z"', '"2026-04-31T08:15:40Z"', '"2026-01-00T00:00:00Z"', '"2026-01-01T00:00:61Z"'],
        ),
        (
            SHOP,
            "/order_refund/date_created",
            ['"2026-03-09"', '"2026-03-09 08:15"', '"2026-03-09t08:15:60.5z"', '"2026-02-29T08:15:40+01:00"'],
            ['"soon"', '""', '"2026-02-30"', '"2026-03-09\\n"', '"2026-03-09T8:15"', '"1773044140"', "1773044140"],
        ),
    ],
    "not": [
        (SHOP, "/order_refund/amount", ['"-0.00"', '"-0"'], ['"-0.01"', '"-1"', '"-10"', f'"-{DIGITS}"']),
        (SHOP, "/order_refund/line_items/71/qty", ['"-0"', '"1"'], ['"-1"', '"-0.5"']),
    ],
    "enum": [
        (
            WALMART,
            f"{CHARGE}/charge/chargeAmount/currency",
            ['"USD"'],
            ['"usd"', '"USD\\n"', '""', "null", "840", "[]"],
        ),
        (CANCEL, f"{CANCELLED}/cancellationReason", ['"CANCEL_BY_SELLER"'], ['"CANCEL"', "null", None]),
        (CANCEL, f"{CANCELLED}/statusQuantity/unitOfMeasurement", ['"EACH"', '"EA"'], ['"each"', '"EACH "', "1"]),
        (TOKEN, "/grant_type", ['"client_credentials"'], ['"password"', "null", None]),
    ],
    "anyOf": [
        (
            WALMART,
            f"{CHARGE}/refundReason",
            ['"DamagedItem"', '"Of tomorrow"', '""'],
            ["null", "5", "[]", "true", None],
        ),
        (
            SHOP,
            "/order_refund/line_items",
            ["{}", "[]", "[{}]", '[{"a": 1}]', None],
            ["[1]", "null", '"71"', "1", "[[]]"],
        ),
    ],
    "minLength": [
        (WALMART, "/orderRefund/purchaseOrderId", ['"9"', '"\u20ac"'], ['""', "null", None]),
        (CANCEL, "/orderCancellation/orderLines/orderLine/0/lineNumber", ['"3"', '" "'], ['""']),
    ],
    "minItems": [
        (WALMART, "/orderRefund/orderLines/orderLine", [], ["[]", "{}", "null", None]),
        (CANCEL, "/orderCancellation/orderLines/orderLine", [], ["[]", '""', None]),
        (TAX, "/items", ["[]", None], ["null", "{}", "[[]]"]),
    ],
    "maxItems": [(SHOP, "/order_refund/line_items/71/refund_tax", ["[]", None], ["[{}]", '[{"3": "2.00"}]', "[5]"])],
    "items": [(TAX, "/items/0", ['{"itemId": "a", "quantity": 1}'], ["{}", "[]", "null", '"a"', '{"itemId": "a"}'])],
    "additionalProperties": [
        (WALMART, "/x_new", [], ["1", "null"]),
        (WALMART, f"{CHARGE}/x_new", [], ["1", '{"a": 1}']),
        (SHOP, "/order_refund/api_refund", [], ["false"]),
        (SHOP, "/order_refund/line_items/71", ["{}", '{"qty": 1}'], ['{"total": 1}', "1", "null", "[]"]),
        (SHOP, "/order_refund/line_items/71/refund_tax", ["{}", '{"3": "2.00", "": 2}'], ['{"3": null}', "2"]),
        ("woocommerce_legacy.update_refund", "/order_refund/x_new", ["1", "null", "{}"], []),
        ("woocommerce_legacy.update_refund", "/x_new", [], ["1"]),
        (TOKEN, "/scope", [], ['"all"']),
    ],
    "required": [
        (WALMART, "/orderRefund", [], [None, "null", "{}"]),
        (WALMART, f"{LINE}/lineNumber", [], [None, "null"]),
        (WALMART, f"{LINE}/isFullRefund", [None], ["null"]),
        (WALMART, f"{CHARGE}/charge/tax", [None], ["null", "{}"]),
        (SHOP, "/order_refund/amount", [], [None]),
        ("woocommerce_legacy.update_refund", "/order_refund/amount", [None], ["null"]),
    ],
    "properties": [
        (WALMART, LINE, [], ["{}", '{"linenumber": "1"}']),
        (TAX, "", ["{}", '{"batchId": ""}'], ['{"batchid": ""}', "[]", "null", '"a"', "1"]),
    ],
    "type": [
        (WALMART, AMOUNT, [], ['"-19.99"', "null", "true", "false", "[]", "{}", "[-1]", '""']),
        (WALMART, f"{LINE}/lineNumber", ['"1"', '"\\u0000\u20ac"'], ["1", "1.0", "true", "[]"]),
        (WALMART, f"{LINE}/isFullRefund", ["true", "false"], ['"true"', "1", "0", "1.0", "null", "[]"]),
        (SHOP, "/order_refund/amount", [], ["null", "true", "[]", "{}", '["5"]']),
        (SHOP, "/order_refund/reason", ['"a"', "null", '""', None], ["5", "true", "[]", "{}"]),
        (TAX, "/items/0/quantity", ["1.0"], ['"1"', "null", "true", "[]"]),
        (TAX, "/items/0/cartItemIndex", ["1", "1.0", "1.000000000000000000000000"], ['"1"', "1.5", "null", "true"]),
    ],
}
CASES = [
    (keyword, name, pointer, literal, accepted)
    for keyword, rows in PROBES.items()
    for name, pointer, good, bad in rows
    for accepted, literals in ((True, good), (False, bad))
    for literal in literals
]


def test_every_keyword_of_a_body_is_probed() -> None:
    """PROBES has rows for each keyword that the schema of a request body uses."""
    annotations = set("$schema $defs $ref title description format xml x-rule x-aliases x-free-text".split())
    schemas = [node for name, part in PARTS if part == "body" for node in schema_objects(operations.get(name).schema())]
    assert {keyword for node in schemas for keyword in node} - annotations == set(PROBES)


def schema_objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a schema and every schema inside it."""
    yield schema
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from schema_objects(inner)
    for inner in [schema.get("items"), schema.get("additionalProperties"), schema.get("not"), *schema.get("anyOf", [])]:
        if isinstance(inner, dict):
            yield from schema_objects(inner)


@pytest.mark.parametrize(
    ("keyword", "name", "pointer", "literal", "accepted"),
    CASES,
    ids=[
        f"{keyword}-{'accepts' if accepted else 'refuses'}-{str(literal)[:30]}"
        for keyword, _, _, literal, accepted in CASES
    ],
)
def test_model_and_schema_of_a_body_agree(
    keyword: str, name: str, pointer: str, literal: str | None, accepted: bool
) -> None:
    """For every keyword, the model of a body accepts and refuses the same values as its JSON Schema."""
    text = json_with(story.examples(name)[0], pointer, literal)
    assert (schema_accepts(name, "body", text), model_accepts(name, "body", text)) == (accepted, accepted)


SUCCESS_RESPONSES = {operations.get(name).struct(part): (name, part) for name, part in SUCCESSES if part != "body"}
LITERALS = [None, "null", "true", '""', '"1"', "0", "1.0", "-0.5", f"-{DIGITS}", f"{DIGITS}.5", "[]", "{}", "[1]"]


def pointers_of(value: Any, pointer: str = "") -> Iterator[str]:
    """Yield the pointer of every value in plain data; of a list, only the first item."""
    yield pointer
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from pointers_of(inner, f"{pointer}/{key}")
    elif isinstance(value, list) and value:
        yield from pointers_of(value[0], f"{pointer}/0")


@pytest.mark.parametrize(("name", "part"), sorted(SUCCESS_RESPONSES.values()))
def test_model_and_schema_of_a_response_agree(name: str, part: str) -> None:
    """With any literal, or none, at any place of a response, model and schema accept or refuse alike."""
    example = story.examples(name, part)[0]
    texts = [
        json_with(example, pointer, literal)
        for pointer in pointers_of(json.loads(story.text(example), parse_float=Decimal))
        for literal in LITERALS
        if pointer or literal is not None
    ]
    if isinstance(example, dict):
        texts.append(json_with(example, "/x_new", "[]"))
    assert [text for text in texts if schema_accepts(name, part, text) != model_accepts(name, part, text)] == []
    assert {model_accepts(name, part, text) for text in texts} == {True, False}
