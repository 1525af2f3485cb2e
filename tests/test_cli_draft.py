"""`refundkit draft` and `refundkit balance`: what they print, and that a draft is clean to `refundkit check`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from commands import Cli, command, write
from refundkit import balance, operations, routes
from refundkit.reading.json import read_json
from story import ROOT, story, text

REASONS = {
    "walmart.refund_order_lines": "DamagedItem",
    "walmart_ca.refund_order_lines": "DamagedItem",
    "walmart.cancel_order_lines": "SELLER_CANCEL_OUT_OF_STOCK",
    "walmart_ca.cancel_order_lines": "CANCEL_BY_SELLER",
}


def drafted_of(request: Any) -> str:
    """Return the operation of an example that a draft can be made of, "" if there is none."""
    name: str = request.get("operation", "")
    if not name:
        match = routes.match(request["method"], request["url"])
        name = "" if match is None else match.operation.name
    return "" if name.endswith(("delete_refund", "update_refund")) or "order" not in request else name


EXAMPLES: dict[str, tuple[str, Any]] = {
    path.name: (drafted_of(request), request)
    for path in sorted((ROOT / "examples").glob("*.json"))
    if drafted_of(request := read_json(path.read_bytes()).value)
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_draft_of_all_that_is_left_is_clean(cli: Cli, name: str) -> None:
    """`draft --all` of the order of an example, piped into `check` with that order, has no finding."""
    operation, request = EXAMPLES[name]
    write("order.json", text(request["order"]))
    context = ["--order", "order.json"]
    if request.get("refunds") is not None:
        write("refunds.json", text(request["refunds"]))
        context += ["--refunds", "refunds.json"]
    reason = ["--reason", REASONS[operation]] if operation in REASONS else []
    drafted = cli("draft", "--as", operation, *context, "--all", *reason)
    assert drafted.status == 0, drafted.err
    assert operation in drafted.out
    checked = command("check", "-", *context, "--isolated", "--fail-on", "error", stdin=drafted.out.encode())
    assert checked.status == 0, checked.out + checked.err
    assert " error " not in checked.out


def test_a_draft_says_what_it_refunds(cli: Cli) -> None:
    """Standard output is the request, standard error what it refunds and what is left then."""
    write("order.json", text(story("walmart.refund_order_lines")["order"]))
    arguments = ["draft", "--as", "walmart.refund_order_lines", "--order", "order.json"]
    found = cli(*arguments, "--money", "1=5.00", "--tax", "added", "--reason", "DamagedItem")
    assert (found.status, found.err.splitlines()[0]) == (
        0,
        "refunds 5.00 + 0.41 tax = 5.41 USD of order 2961380412345; 34.98 + 2.89 tax left",
    )
    request = json.loads(found.out)
    assert (request["operation"], request["path"]) == (
        "walmart.refund_order_lines",
        {"purchaseOrderId": "2961380412345"},
    )
    body = cli(*arguments, "--money", "1=5.00", "--tax", "added", "--reason", "DamagedItem", "--body")
    assert json.loads(body.out) == request["body"]


def test_a_canadian_body_is_xml(cli: Cli) -> None:
    """`--body` prints what is sent, which is XML for walmart_ca."""
    write("order.json", text(story("walmart_ca.refund_order_lines")["order"]))
    found = cli(
        "draft", "--as", "walmart_ca.refund_order_lines", "--order", "order.json", "--line", "1", "--reason",
        "DamagedItem", "--body",
    )  # fmt: skip
    assert (found.status, found.out[:5]) == (0, "<?xml")


WRONG = [
    ((), 2, "nothing is wanted: say --all"),
    (("--money", "1=5.00", "--reason", "DamagedItem"), 1, "it is taxed"),
    (("--money", "1=five", "--tax", "none", "--reason", "DamagedItem"), 1, "no number"),
    (("--money", "1"), 2, "--money"),
    (("--pieces", "1=0", "--reason", "DamagedItem"), 1, "above zero"),
    (("--line", "1", "--money", "1=5.00"), 2, "named twice"),
    (("--all", "--line", "1"), 2, "--all and a line"),
    (("--line", "3", "--reason", "DamagedItem"), 1, "nothing is shipped"),
    (("--line", "1", "--tax", "some"), 2, "--tax"),
]


@pytest.mark.parametrize(("flags", "status", "words"), WRONG)
def test_what_cannot_be_drafted_is_said(cli: Cli, flags: tuple[str, ...], status: int, words: str) -> None:
    """What cannot be refunded is exit 1, a wrong flag exit 2; nothing is printed, and standard error says why."""
    write("order.json", text(story("walmart.refund_order_lines")["order"]))
    found = cli("draft", "--as", "walmart.refund_order_lines", "--order", "order.json", *flags)
    assert (found.status, found.out) == (status, "")
    assert words in found.err
    assert "Traceback" not in found.err


def test_nothing_wanted_shows_what_is_left(cli: Cli) -> None:
    """Without a wish the balance stands on standard error: nothing is refunded by omission."""
    write("order.json", text(story("walmart.refund_order_lines")["order"]))
    found = cli("draft", "--as", "walmart.refund_order_lines", "--order", "order.json")
    assert (found.status, found.out) == (2, "")
    assert "PRODUCT" in found.err
    assert "39.98" in found.err


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_the_balance_is_a_table_of_the_terminal(width: str) -> None:
    """`balance` prints a table no wider than the terminal, with each line and charge."""
    write("order.json", text(story("walmart.refund_order_lines")["order"]))
    arguments = ("balance", "--as", "walmart.refund_order_lines", "--order", "order.json")
    found = command(*arguments, COLUMNS=width)
    assert (found.status, found.err) == (0, "")
    assert "PRODUCT" in found.out
    assert "39.98" in found.out
    assert max(map(len, found.out.splitlines())) <= int(width)


def test_the_balance_for_a_program_is_that_of_the_library(cli: Cli) -> None:
    """`balance --output-format json` has the figures of `refundkit.balance`, exact."""
    order = story("walmart.refund_order_lines")["order"]
    write("order.json", text(order))
    found = cli("balance", "--as", "walmart.refund_order_lines", "--order", "order.json", "--output-format", "json")
    shown = json.loads(found.out, parse_float=Decimal)
    for line, expected in zip(shown["lines"], balance("walmart.refund_order_lines", order).lines, strict=True):
        assert line["line"] == expected.line
        for account, figures in zip(line["accounts"], expected.accounts, strict=True):
            assert Decimal(str(account["left"])) == figures.left


def test_every_operation_that_refunds_has_a_draft() -> None:
    """Each operation that makes a refund or a cancellation of an order can be drafted."""
    from refundkit import apis

    for name in operations.names():
        traits = apis.traits(name)
        if traits & {"refunds", "cancels"} and not name.endswith(("delete_refund", "update_refund")):
            module = apis.find_module(name.partition(".")[0], "draft")
            assert hasattr(module, name.partition(".")[2]), name
