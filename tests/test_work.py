"""How much work a check does, counted instead of timed, where nothing is proven fine."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import Any, Final

import msgspec
import pytest
import refundkit
from refundkit import operations
from refundkit.checking.proof import Proof
from story import story, text
from work import calls_made

OPERATION: Final = "walmart.refund_order_lines"


@pytest.fixture(autouse=True)
def lane_alone(compared_proof: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves every request to the lane, whose work is counted."""
    monkeypatch.setattr(Proof, "parts_if_fine", lambda *_: 0)


class Counting:
    """A decoder that counts its calls."""

    def __init__(self, decoder: Any, calls: Counter[str], name: str) -> None:
        self.decoder, self.calls, self.name = decoder, calls, name

    def decode(self, data: bytes) -> Any:
        self.calls[self.name] += 1
        return self.decoder.decode(data)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the calls of decoders, the careful reader and the schema validators."""
    counted: Counter[str] = Counter()
    quick, patient = operations.quick_decoder, operations.lenient_decoder
    monkeypatch.setattr(operations, "quick_decoder", lambda *a: Counting(quick(*a), counted, "quick"))
    monkeypatch.setattr(operations, "lenient_decoder", lambda *a: Counting(patient(*a), counted, "patient"))
    for module, name in (("reading.json", "read_json"), ("checking.schema", "flaws")):
        home = import_module(f"refundkit.{module}")
        original = getattr(home, name)

        def spy(*arguments: Any, _original: Any = original, _name: str = name, **options: Any) -> Any:
            counted[_name] += 1
            return _original(*arguments, **options)

        monkeypatch.setattr(home, name, spy)
    return counted


def test_a_good_body_is_decoded_once_and_read_no_further(calls: Counter[str]) -> None:
    """A valid body costs one typed decode, no careful reading and no schema validation."""
    assert refundkit.check(OPERATION, text(story(OPERATION)["body"])).ok
    assert calls == {"quick": 1}


def test_a_good_body_with_its_order_is_two_decodes(calls: Counter[str]) -> None:
    """A valid body with its order costs two decodes."""
    request = story(OPERATION)
    assert refundkit.check(OPERATION, text(request["body"]), order=text(request["order"])).ok
    assert calls == {"quick": 2}


def test_a_bad_body_is_read_once_more_and_diagnosed_once(calls: Counter[str]) -> None:
    """A refused body is read carefully once and validated by its schema once."""
    body = text(story(OPERATION)["body"]).replace(b"-19.99", b"19.99")
    assert not refundkit.check(OPERATION, body).ok
    assert calls == {"quick": 1, "read_json": 1, "flaws": 1, "patient": 1}


def refund_of(lines: int) -> tuple[bytes, bytes]:
    """Return a valid refund with this many lines, and its order."""
    request = story(OPERATION)
    line = request["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    own = request["order"]["order"]["orderLines"]["orderLine"][0]
    numbers = [str(number) for number in range(1, lines + 1)]
    request["body"]["orderRefund"]["orderLines"]["orderLine"] = [{**line, "lineNumber": one} for one in numbers]
    request["order"]["order"]["orderLines"]["orderLine"] = [{**own, "lineNumber": one} for one in numbers]
    return text(request["body"]), text(request["order"])


def function_calls(body: bytes, **parts: Any) -> int:
    """Return how many Python functions a repeated check calls."""
    assert refundkit.check(OPERATION, body, **parts).ok
    return calls_made(lambda: refundkit.check(OPERATION, body, **parts))


def test_work_grows_as_the_lines_do() -> None:
    """Ten times the lines cost at most eleven times the function calls."""
    (many, its_order), (few, other) = refund_of(2000), refund_of(200)
    assert function_calls(many, order=its_order) <= 11 * function_calls(few, order=other)


@pytest.mark.parametrize("part", ["header", "query"])
def test_a_header_more_costs_no_function_call(part: str) -> None:
    """An additional header costs no function call."""
    request = story(OPERATION)
    key = "headers" if part == "header" else "query"
    given = {"path": request["path"], "headers": request["headers"], "query": {"a": "1"}}
    more = {**given, key: {**given[key], **{f"X-{number}": "1" for number in range(100)}}}
    body = text(request["body"])
    assert function_calls(body, **more) == function_calls(body, **given)


def test_path_and_headers_cost_little_beside_the_body() -> None:
    """Path and headers add few function calls to those of the body."""
    request = story(OPERATION)
    body = text(request["body"])
    parts = {"path": request["path"], "headers": request["headers"]}
    assert function_calls(body, **parts) - function_calls(body) <= 100


def test_the_models_of_a_body_are_no_burden_for_the_garbage_collector() -> None:
    """The garbage collector does not track decoded models."""
    body = operations.quick_decoder(operations.get(OPERATION)).decode(text(story(OPERATION)["body"]))
    assert isinstance(body, msgspec.Struct)
    assert not body.__struct_config__.gc
