"""write_xml: the JSON form of a walmart_ca body written as XML."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
import story
from hypothesis import given, settings
from payloads import valid, written
from refundkit import operations
from refundkit.reading.json import read_json
from refundkit.reading.xml import read_xml
from refundkit.xml_writer import write_xml
from walmart_xml import (
    DOCUMENT,
    ERRORS_SCHEMA,
    NAMES,
    NAMESPACE,
    ORDER_SCHEMA,
    REFUND_IN_REVERSE,
    REFUND_SCHEMA,
    SECRET,
)


def refund_with_comment(text: object) -> dict[str, Any]:
    """Return a refund body with the comment."""
    return {"orderRefund": {"orderLines": {"orderLine": [{"refunds": {"refund": [{"refundComments": text}]}}]}}}


def comment_of(data: bytes) -> Any:
    """Return the comment in the XML of such a refund."""
    value: Any = read_xml(data, REFUND_SCHEMA).value
    return value["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundComments"]


def order_with_charge(amount: object) -> dict[str, Any]:
    """Return an order with one charge of the amount."""
    charge = {"chargeType": "PRODUCT", "chargeAmount": {"currency": "CAD", "amount": amount}}
    return {"order": {"orderLines": {"orderLine": [{"charges": {"charge": [charge]}}]}}}


def amount_of(data: bytes) -> str:
    """Return the first amount in an XML document, as it is written."""
    return data.partition(b"<amount>")[2].partition(b"</amount>")[0].decode()


def test_document_equals_the_published_one() -> None:
    """A body is written with the declaration, namespace, element order, amounts and escapes of DOCUMENT."""
    lines = DOCUMENT.splitlines()
    expected = lines[0] + "\n" + "".join(line.strip() for line in lines[1:])
    assert write_xml(REFUND_IN_REVERSE, REFUND_SCHEMA).decode() == expected.replace(
        "<lineNumber></lineNumber>", "<lineNumber />"
    )


def test_field_order_does_not_matter() -> None:
    """An order with shuffled fields is written as the same bytes."""
    order = story.examples("walmart_ca.get_order", "200")[0]
    chance = random.Random(4)  # noqa: S311 - no secret

    def shuffled(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffled(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {name: shuffled(value[name]) for name in chance.sample(list(value), len(value))}

    assert {write_xml(shuffled(order), ORDER_SCHEMA) for _ in range(5)} == {write_xml(order, ORDER_SCHEMA)}


def test_errors_have_no_namespace() -> None:
    """Error documents are written without a namespace, and fields that the schema does not know come last."""
    value = {"errors": {"error": [{"new": ["1", "2"], "why": {"a": True}, "info": None, "code": "a"}]}}
    assert write_xml(value, ERRORS_SCHEMA).partition(b"\n")[2] == (
        b'<errors xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><error><code>a</code><info xsi:nil="true" />'
        b"<new>1</new><new>2</new><why><a>true</a></why></error></errors>"
    )


def test_xml_names_in_the_spec_are_the_property_names() -> None:
    """Each XML name in the spec equals its property name, which is the name that the codec uses."""
    for operation in operations.of_api("walmart_ca").values():
        parts = [*operation.described.responses, *(["body"] if operation.described.body else [])]
        for schema in map(operation.schema, parts):
            ((name, root),) = schema["properties"].items()
            hints = schema["$defs"][root["$ref"].removeprefix("#/$defs/")]["xml"]
            assert hints["name"] == name
            assert hints.get("namespace") == (None if name == "errors" else NAMESPACE)
            other_hints = [
                definition.get("xml")
                for key, definition in schema["$defs"].items()
                if not root["$ref"].endswith(f"/{key}")
            ]
            assert set(other_hints) == {None}


def is_writable(value: Any) -> bool:
    """Return whether XML can hold every character of the value."""
    if isinstance(value, dict):
        return all(map(is_writable, value.values()))
    if isinstance(value, list):
        return all(map(is_writable, value))
    return not isinstance(value, str) or not any((c < " " and c not in "\t\n\r") or c in "\ufffe\uffff" for c in value)


def without_empty_lists(value: Any) -> Any:
    """Return the value without empty lists, for which XML has no element."""
    if isinstance(value, dict):
        return {name: without_empty_lists(item) for name, item in value.items() if item != []}
    return [without_empty_lists(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("name", "part"),
    [(name, "body") for name in NAMES if operations.get(name).xml]
    + [("walmart_ca.get_order", "200"), ("walmart_ca.get_order", "400")],
)
def test_written_xml_reads_back_the_same(name: str, part: str) -> None:
    """A random valid value reads back from its XML unchanged, or is refused for a character outside XML."""
    schema = operations.get(name).schema(part)
    ((root, _),) = schema["properties"].items()

    @settings(database=None)
    @given(valid(schema, schema).map(written))
    def check_round_trip(text: str) -> None:
        value: Any = read_json(text.encode()).value
        if root not in value:
            return
        if not is_writable(value):
            with pytest.raises(ValueError, match=rf"^/{root}/.*: the character U\+[0-9A-F]{{4}} cannot stand in XML$"):
                write_xml(value, schema)
            return
        document = read_xml(write_xml(value, schema), schema)
        assert document.problems == ()
        assert document.value == without_empty_lists(value)

    check_round_trip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " both ends ",
        "a\nb\tc",
        "\r\n\r",
        "a & b &amp; <c> 'd' \"e\"",
        "<![CDATA[x]]>",
        "]]>",
        "Finance -> Goodwill",
        "<!-- x -->",
        "é☃𐀀\x7f\x85\u2028\ufffd",
        "true",
        "-1.50",
    ],
)
def test_text_reads_back_the_same(text: str) -> None:
    """A text reads back with every character, line ends and spaces included."""
    data = write_xml(refund_with_comment(text), REFUND_SCHEMA)
    assert b"\r" not in data
    assert comment_of(data) == text


@pytest.mark.parametrize("character", ["\0", "\x01", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_character_outside_xml_is_refused(character: str) -> None:
    """A character outside XML 1.0 raises ValueError with its pointer and code point, and hides the text."""
    with pytest.raises(ValueError, match="cannot stand in XML") as caught:
        write_xml(refund_with_comment(f"{SECRET}{character}"), REFUND_SCHEMA)
    place = "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundComments"
    assert str(caught.value) == f"{place}: the character U+{ord(character):04X} cannot stand in XML"


@pytest.mark.parametrize(
    ("number", "literal"),
    [
        (Decimal("-19.99"), "-19.99"),
        (Decimal("-2.60"), "-2.60"),
        (Decimal("1E+2"), "100"),
        (Decimal("-1E-7"), "-0.0000001"),
        (Decimal("0E+2"), "0"),
        (Decimal("-0.00"), "-0.00"),
        (5, "5"),
        (-(10**25), "-1" + "0" * 25),
        (Decimal("1E+308"), "1" + "0" * 308),
        (Decimal("12345678901234567890.123456789012345678901234567890"),) * 2,
    ],
)
def test_numbers_are_exact(number: Decimal | int, literal: str) -> None:
    """A number is written with all its digits and no exponent."""
    assert amount_of(write_xml(order_with_charge(number), ORDER_SCHEMA)) == str(literal)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (Decimal("NaN"), "out of range"),
        (Decimal("-Infinity"), "out of range"),
        (Decimal("1E+999999999"), "out of range"),
        (Decimal("1E-999999999"), "out of range"),
        (Decimal("0E-999999"), "out of range"),
        (10**5000, "out of range"),
        (10**400, "401 characters"),
        (Decimal("1E-400"), "402 characters"),
    ],
    ids=["nan", "infinity", "large", "small", "zero", "digits", "too many", "too fine"],
)
def test_number_that_cannot_be_read_back_is_refused(number: Decimal | int, words: str) -> None:
    """A number that read_xml would refuse raises ValueError with its pointer."""
    place = "^/order/orderLines/orderLine/0/charges/charge/0/chargeAmount/amount: "
    with pytest.raises(ValueError, match=place + f".*{words}"):
        write_xml(order_with_charge(number), ORDER_SCHEMA)


LINE = "/orderRefund/orderLines/orderLine"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the body must be an object with one field, the root element orderRefund"),
        ({}, "the body must be an object with one field, the root element orderRefund"),
        ({"orderCancellation": {}}, "the body must be an object with one field, the root element orderRefund"),
        ({"orderRefund": {}, "x": 1}, "the body must be an object with one field, the root element orderRefund"),
        ({"orderRefund": None}, "/orderRefund: the schema has object here, not null"),
        ({"orderRefund": [{}]}, "/orderRefund: the schema has object here, not array"),
        (
            {"orderRefund": {"purchaseOrderId": 1}},
            "/orderRefund/purchaseOrderId: the schema has string here, not number",
        ),
        ({"orderRefund": {"orderLines": {"orderLine": {}}}}, f"{LINE}: the schema has array here, not object"),
        ({"orderRefund": {"orderLines": [{}]}}, "/orderRefund/orderLines: the schema has object here, not array"),
        (
            {"orderRefund": {"orderLines": {"orderLine": [{"lineNumber": True}]}}},
            f"{LINE}/0/lineNumber: the schema has string here, not boolean",
        ),
        ({"orderRefund": {"a": [[1]]}}, "/orderRefund/a/0: XML has no list in a list"),
        ({"orderRefund": {"a": 1.5}}, "/orderRefund/a: a float is no value of the JSON form"),
        ({"orderRefund": {"a": [1.5]}}, "/orderRefund/a/0: a float is no value of the JSON form"),
        ({"orderRefund": {"a><b": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
        ({"orderRefund": {"": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
        ({"orderRefund": {"@a": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
        ({"orderRefund": {"x:a": "1"}}, "/orderRefund: a field whose name cannot be that of an XML element"),
    ],
)  # fmt: skip
def test_value_without_an_xml_form_is_refused(value: Any, message: str) -> None:
    """A value that XML cannot express raises ValueError with its pointer and the reason."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        write_xml(value, REFUND_SCHEMA)


def test_xml_depth() -> None:
    """64 levels are written and read back; 65 and 1,065 levels raise ValueError."""

    def nested(levels: int) -> dict[str, Any]:
        value: Any = {}
        for _ in range(levels - 1):
            value = {"a": value}
        return {"orderRefund": value}

    assert read_xml(write_xml(nested(64), REFUND_SCHEMA), REFUND_SCHEMA).problems == ()
    for levels in (65, 1065):
        with pytest.raises(ValueError, match="nested more than 64 levels deep"):
            write_xml(nested(levels), REFUND_SCHEMA)


def test_import_is_light() -> None:
    """Importing the XML reader imports neither httpx nor an XML library."""
    code = (
        "import sys, refundkit.reading.xml; print({'httpx', 'defusedxml', 'xml.etree.ElementTree'} & set(sys.modules))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "set()"
