"""The command line: --response, which checks answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import TAX, US, Cli, write
from refundkit import operations
from story import examples, text


def test_response_of_a_fixture(check: Cli) -> None:
    """--response holds a document to the response's schema, which is open and lenient."""
    good = examples(f"{US.partition('.')[0]}.get_order", "200")[0]
    write("good.json", text({**good, "news": True}))
    write("bad.json", '{"order": {"purchaseOrderId": 17, "orderLines": {"orderLine": []}}}')
    assert check("--as", "walmart.get_order", "--response", "200", "good.json").status == 0
    found = check("--as", "walmart.get_order", "--response", "200", "bad.json")
    assert found.status == 1
    assert (found.only["code"], found.only["pointer"], found.only["column"]) == ("RF102", "/order/purchaseOrderId", 31)


def test_response_that_is_an_array_is_one_document(check: Cli) -> None:
    """With --response an array in a .json file is one body, and only JSON Lines are a batch."""
    found = text(examples(TAX, "201")[1])
    write("one.json", found)
    write("two.jsonl", found + b"\n" + found + b"\n")
    assert check("--as", TAX, "--response", "201", "one.json").document["summary"]["checked"] == 1
    assert check("--as", TAX, "--response", "201", "two.jsonl").document["summary"]["checked"] == 2


@pytest.mark.parametrize(
    ("operation", "status"),
    [(name, status) for name in operations.names() for status in operations.get(name).described.responses],
)
def test_every_response_example_is_one(check: Cli, operation: str, status: str) -> None:
    """The spec's own examples of a response pass as such."""
    for index, example in enumerate(examples(operation, status)):
        write(f"{index}.jsonl", text(example))
    if Path("0.jsonl").exists():
        assert check("--as", operation, "--response", status, ".").status == 0
