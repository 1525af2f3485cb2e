"""The fast check, the slow check and jsonschema give the same verdicts."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from typing import Any

import msgspec
import pytest
import refundkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from payloads import near_misses, noise, valid, written
from refundkit import operations
from refundkit.checking.body import read_body
from refundkit.reading.json import read_json
from refundkit.request import Request

WITH_BODY = [name for name in operations.names() if operations.get(name).described.body is not None]
COUNTS: dict[str, int] = {}


def plain(name: Any) -> Any:
    """Return the reference validator."""
    return refundkit.reference(name)


def pointer(path: Any) -> str:
    """Return the RFC 6901 pointer of a jsonschema error."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def held(name: str, text: str) -> None:
    """Compare the verdict on a text with jsonschema's."""
    COUNTS[name] = COUNTS.get(name, 0) + 1
    operation = operations.get(name)
    data = text.encode()
    document = read_json(data)
    model, problems = read_body(operation, Request(body=data))
    codes = {code for code, _ in problems}
    if not document.readable:
        assert model is None
        assert codes & {"RF001", "RF004"}
        return
    assert {one.code for one in document.problems} == codes & {"RF001", "RF002", "RF004"}
    errors = list(plain(name).iter_errors(document.value))
    # RF112 warns of what the schema lets pass; in an object that takes any field, wrong names are ours to find.
    is_open = operation.schema().get("additionalProperties") is not False
    schema_codes = codes - {"RF001", "RF002", "RF004", "RF112", *(("RF103", "RF108") if is_open else ())}
    assert bool(errors) == bool(schema_codes), (text, [error.message for error in errors], problems)
    if model is None:
        assert errors
    found = [one.pointer for code, one in problems if code in schema_codes]
    for error in errors:
        where = pointer(error.absolute_path)
        assert any(one == where or one.startswith(where + "/") for one in found), (text, error.message, found)


def quick_accepts(name: str, text: str) -> bool:
    """Return whether the fast check accepts the text."""
    try:
        operations.quick_decoder(operations.get(name)).decode(text.encode())
    except (msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError):
        return False
    return True


def payloads(name: str) -> st.SearchStrategy[str]:
    """Return a strategy of valid payloads, near misses and noise, as text."""
    schema = operations.get(name).schema()
    return st.one_of(valid(schema, schema).map(written), near_misses(schema), near_misses(schema), noise.map(written))


@pytest.mark.parametrize("name", WITH_BODY)
def test_fast_slow_and_jsonschema_agree(name: str) -> None:
    """Each payload has jsonschema's verdict, and each of jsonschema's errors has a finding."""

    @settings(database=None, suppress_health_check=list(HealthCheck))
    @given(payloads(name))
    def agree(text: str) -> None:
        held(name, text)
        if quick_accepts(name, text):
            assert plain(name).is_valid(read_json(text.encode()).value)

    agree()
    assert COUNTS[name] >= settings().max_examples


def test_a_body_that_only_the_model_refuses_raises_here() -> None:
    """In tests, a body that only its model refuses fails the test."""
    body = import_module("refundkit.checking.body")
    with pytest.raises(pytest.fail.Exception, match="refuses what its schema accepts"):
        body.disagreement(operations.get("taxcloud.refund_order"), ValueError("made up"))


def test_reference_takes_exact_numbers() -> None:
    """The reference validator accepts Decimals as numbers, and a whole Decimal as an integer."""
    exact = plain("taxcloud.refund_order")
    assert exact.is_valid({"items": [{"itemId": "a", "quantity": Decimal("0.5"), "cartItemIndex": Decimal("1.0")}]})
    assert not exact.is_valid({"items": [{"itemId": "a", "quantity": Decimal(1), "cartItemIndex": Decimal("1.5")}]})


def test_reference_names_what_is_wrong() -> None:
    """An operation without a body raises an error, and an unknown one gets a suggestion."""
    with pytest.raises(ValueError, match="takes no body"):
        refundkit.reference("walmart.get_order")
    with pytest.raises(ValueError, match=r"did you mean 'taxcloud\.refund_order'"):
        plain("taxcloud.refund_orders")


@pytest.mark.parametrize("part", ["body", "order", "refunds"])
@pytest.mark.parametrize("config", [refundkit.Config(), refundkit.Config(ignore=("RF001",))])
def test_what_cannot_be_written_is_said(part: str, config: refundkit.Config) -> None:
    """A part that is no JSON data is RF001 with the reason, even if RF001 is ignored."""
    parts: dict[str, Any] = {"body": {}, part: {"a": {1, 2}, "b": object()}}
    report = refundkit.check("woocommerce_legacy.create_refund", parts.pop("body"), config=config, **parts)
    said = [one.message for one in report.findings if one.code == "RF001"]
    assert [message for message in said if "cannot be written as JSON" in message] == said
    assert len(said) == (0 if config.ignore and part != "body" else 1)
    assert not report.ok
