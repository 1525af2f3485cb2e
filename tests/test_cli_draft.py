"""`refundkit balance` and `refundkit draft`, as a user runs them."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from commands import Cli, write
from refundkit import balance, routes
from refundkit_apis._runtime.codec import decode, encode
from story import ROOT, story, text

US, CA = "walmart.refund_order_lines", "walmart_ca.refund_order_lines"
CANCEL, RETURN, TAXCLOUD = "walmart.cancel_order_lines", "walmart.refund_return", "taxcloud.refund_order"
SHOP, LEGACY = "woocommerce.create_refund", "woocommerce_legacy.create_refund"
REASONS = {
    US: "DamagedItem",
    CA: "DamagedItem",
    CANCEL: "SELLER_CANCEL_OUT_OF_STOCK",
    "walmart_ca.cancel_order_lines": "CANCEL_BY_SELLER",
}
# The examples that bring their order along.
EXAMPLES = [
    file for file in sorted((ROOT / "examples").glob("*.json")) if "order" in decode(file.read_bytes(), dict[str, Any])
]


def context(operation: str) -> list[str]:
    """Write the example order of an operation, and its refunds where it has some; the flags that name them."""
    parts = story(operation)
    flags = ["--as", operation, "--order", write("order.json", text(parts["order"]))]
    return [*flags, "--refunds", write("refunds.json", text(parts["refunds"]))] if parts.get("refunds") else flags


def operation_of(example: dict[str, Any]) -> str:
    """The refunding operation of an example's order."""
    if "operation" in example:
        return str(example["operation"])
    match = routes.match(example["method"], example["url"])
    assert match is not None
    return f"{match.operation.name.partition('.')[0]}.create_refund"


@pytest.mark.parametrize("file", EXAMPLES, ids=[file.stem for file in EXAMPLES])
def test_a_draft_of_each_example_order_is_clean(cli: Cli, file: Path) -> None:
    """All that is left of every order in examples/, drafted and checked in a pipe, has no finding."""
    example = decode(file.read_bytes(), dict[str, Any])
    operation = operation_of(example)
    flags = ["--order", write("order.json", encode(example["order"]))]
    if "refunds" in example:
        flags += ["--refunds", write("refunds.json", encode(example["refunds"]))]
    reason = ["--reason", REASONS[operation]] if operation in REASONS else []
    drafted = cli("draft", "--as", operation, *flags, "--all", *reason)
    assert drafted.status == 0, drafted.err
    assert drafted.err.count("\n") == 1
    checked = cli("check", "-", *flags, "--isolated", "--output-format", "json", stdin=drafted.out.encode())
    assert checked.status == 0, checked.out
    assert checked.document["findings"] == []
    assert checked.document["summary"]["checked"] == 1


@pytest.mark.parametrize(
    ("operation", "flags", "said"),
    [
        (
            US,
            ["--money", "1=5.00", "--tax", "added", "--reason", "DamagedItem"],
            "refunds 5.00 + 0.41 tax = 5.41 USD of order 2961380412345; 34.98 + 2.89 tax left",
        ),
        (
            US,
            ["--money", "1=5.00", "--tax", "included", "--reason", "DamagedItem"],
            "refunds 4.62 + 0.38 tax = 5.00 USD of order 2961380412345; 35.36 + 2.92 tax left",
        ),
        (
            US,
            ["--pieces", "1=1", "--reason", "DamagedItem"],
            "refunds 19.99 + 1.65 tax = 21.64 USD of order 2961380412345; 19.99 + 1.65 tax left",
        ),
        (
            US,
            ["--line", "1", "--reason", "DamagedItem"],
            "refunds 44.98 + 3.30 tax = 48.28 USD of order 2961380412345; 0.00 left",
        ),
        (
            US,
            ["--shipping", "2.50", "--reason", "DamagedItem"],
            "refunds 2.50 USD of order 2961380412345; 2.50 left",
        ),
        (CANCEL, ["--pieces", "2=1"], "a reason is missing: give one of Walmart's list"),
        (RETURN, ["--pieces", "1=1"], "refunds 1 of line 1, of order 108500000000001; 1 left"),
        (TAXCLOUD, ["--pieces", "OIL-LITRE=0.5"], "refunds 0.5 of OIL-LITRE, of order SO-1077; 1.0 left"),
        (SHOP, ["--amount", "5.80"], "refunds 5.80 USD of order 1204; 80.00 left"),
        (SHOP, ["--pieces", "71=1"], "refunds 20.00 + 2.00 tax = 22.00 USD of order 1204; 63.80 left"),
        (SHOP, ["--all", "--reason", "Lid missing"], "refunds 78.00 + 7.80 tax = 85.80 USD of order 1204; 0.00 left"),
        (LEGACY, ["--shipping"], "refunds 8.00 + 0.80 tax = 8.80 USD of order 1204; 77.00 left"),
    ],
)
def test_what_a_draft_says_on_standard_error(cli: Cli, operation: str, flags: list[str], said: str) -> None:
    """Each wish says on standard error what it refunds and what is left then; standard output is the request alone."""
    ran = cli("draft", *context(operation), *flags)
    assert said in ran.err
    if ran.status == 0:
        assert json.loads(ran.out)["operation"] == operation
    else:
        assert (ran.status, ran.out) == (1, "")


def test_a_draft_is_as_the_order_writes_it(cli: Cli) -> None:
    """The amounts are exact decimals, negative for Walmart, with the order's own names."""
    flags = [*context(US), "--money", "1=5.00", "--tax", "added", "--reason", "DamagedItem"]
    request = decode(cli("draft", *flags).out.encode(), dict[str, Any])
    assert request["path"] == {"purchaseOrderId": "2961380412345"}
    (line,) = request["body"]["orderRefund"]["orderLines"]["orderLine"]
    (charge,) = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"]
    assert charge == {
        "refundReason": "DamagedItem",
        "charge": {
            "chargeType": "PRODUCT",
            "chargeName": "ItemPrice",
            "chargeAmount": {"currency": "USD", "amount": Decimal("-5.00")},
            "tax": {"taxName": "ItemPriceTax", "taxAmount": {"currency": "USD", "amount": Decimal("-0.41")}},
        },
    }
    assert decode(cli("draft", *flags, "--body").out.encode(), dict[str, Any]) == request["body"]


@pytest.mark.parametrize("operation", [CA, "walmart_ca.cancel_order_lines"])
def test_the_body_alone_is_xml_for_the_older_walmart(cli: Cli, operation: str) -> None:
    """The body is the XML that is sent, and the check reads it as it is."""
    flags = context(operation)
    drafted = cli("draft", *flags, "--all", "--reason", REASONS[operation], "--body")
    assert drafted.status == 0, drafted.err
    assert drafted.out.startswith("<?xml")
    file = write("refund.xml", drafted.out)
    checked = cli("check", file, *flags, "--output-format", "json", "--isolated")
    assert (checked.status, checked.codes) == (0, [])


@pytest.mark.parametrize("operation", [US, CANCEL, RETURN, SHOP, LEGACY, TAXCLOUD])
def test_without_a_wish_it_says_what_is_left_and_drafts_nothing(cli: Cli, operation: str) -> None:
    """None of the wishes prints the balance on standard error, and is exit 2."""
    flags = context(operation)
    ran = cli("draft", *flags)
    assert (ran.status, ran.out) == (2, "")
    assert "refundable" in ran.err
    last = ran.err.strip().splitlines()[-1]
    assert last == "refundkit: nothing is wanted: say --all, --amount, --line, --money, --pieces or --shipping"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--money", "1"], "--money"),
        (["--money", "1=5", "--line", "1"], "a line is named twice"),
        (["--all", "--line", "1"], "--all and a line: use one"),
        (["--pieces", "1=none"], "--pieces is 'none', which is no number"),
        (["--money", "1=0"], "--money is 0: it must be above zero"),
        (["--money", "1=5", "--tax", "gross"], "invalid choice: 'gross'"),
        (["--order", "missing.json", "--all"], "missing.json"),
        (["--refunds", "missing.json", "--all"], "missing.json"),
        (["--as", "walmart.refund_orders", "--all"], "walmart.refund_orders"),
        (["--every"], "unknown flag --every"),
    ],
)
def test_a_bad_flag_is_exit_2(cli: Cli, flags: list[str], words: str) -> None:
    """A flag that cannot be read, or a file that is missing, is named, and nothing is drafted."""
    ran = cli("draft", *context(US), *flags)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert ran.err.count("\n") == 1


def test_what_cannot_be_refunded_is_exit_1(cli: Cli) -> None:
    """What cannot be drafted says what is left."""
    ran = cli("draft", *context(US), "--money", "1=50.00", "--tax", "none", "--reason", "DamagedItem")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "refundkit: line 1: 50.00 is wanted of PRODUCT, and 39.98 + 3.30 tax is left\n"


def test_a_missing_tax_shows_the_three_results(cli: Cli) -> None:
    """Money of a taxed line without --tax is refused with what each of its values would refund."""
    ran = cli("draft", *context(US), "--money", "1=5.00", "--reason", "DamagedItem")
    assert ran.status == 1
    assert '"added" refunds 5.00 + 0.41, "included" 4.62 + 0.38, "none" 5.00 + 0' in ran.err


@pytest.mark.parametrize("command", ["balance", "draft"])
def test_what_is_no_order_is_exit_2_or_refused(cli: Cli, command: str) -> None:
    """A file that is no order is named with what it is; no traceback."""
    for content in ("{}", "[]", "", "{", '{"order": {"\x1b[31m": 1}}'):
        wish = ["--all"] if command == "draft" else []
        ran = cli(command, "--as", US, "--order", write("order.json", content), *wish)
        assert ran.status in (1, 2)
        assert ran.out == ""
        assert ran.err.startswith("refundkit: ")
        assert "\x1b" not in ran.err


BALANCE = """\
purchaseOrderId 3481057723190, USD
             charged  refunded   left  refundable
1
  PRODUCT      64.90      0.00  64.90       64.90
    its tax     5.19      0.00   5.19        5.19
  SHIPPING      6.00      0.00   6.00        6.00
2
  PRODUCT       9.45      0.00   9.45        9.45
    its tax     0.76      0.00   0.76        0.76
"""
NARROW = """\
purchaseOrderId 3481057723190, USD
1
  PRODUCT
    charged     64.90
    refunded     0.00
    left        64.90
    refundable  64.90
    its tax
    charged      5.19
    refunded     0.00
    left         5.19
    refundable   5.19
"""


def balance_flags() -> list[str]:
    """Write the order of an example; the flags that name it."""
    example = decode((ROOT / "examples" / "walmart-part-of-a-line.json").read_bytes(), dict[str, Any])
    return ["--as", US, "--order", write("order.json", encode(example["order"]))]


@pytest.mark.parametrize(("columns", "printed"), [("120", BALANCE), ("80", BALANCE), ("50", BALANCE), ("40", NARROW)])
def test_a_balance_is_an_aligned_table(cli: Cli, monkeypatch: pytest.MonkeyPatch, columns: str, printed: str) -> None:
    """The table is aligned; on a narrow terminal each figure has a line, and none is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", columns)
    ran = cli("balance", *balance_flags())
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(printed)
    assert max(map(len, ran.out.splitlines())) <= int(columns)


@pytest.mark.parametrize("operation", [US, CA, CANCEL, RETURN, SHOP, LEGACY, TAXCLOUD])
def test_a_balance_for_programs_is_what_the_library_returns(cli: Cli, operation: Any) -> None:
    """The JSON of the command is that of `refundkit.balance`."""
    ran = cli("balance", *context(operation), "--output-format", "json")
    assert (ran.status, ran.err) == (0, "")
    parts = story(operation)
    assert json.loads(ran.out) == json.loads(encode(balance(operation, parts["order"], parts.get("refunds"))))


def test_an_order_on_standard_input(cli: Cli) -> None:
    """`--order -` reads the order from standard input."""
    flags = balance_flags()
    ran = cli("balance", "--as", US, "--order", "-", stdin=Path(flags[-1]).read_bytes())
    assert (ran.status, ran.out) == (0, BALANCE)


@pytest.mark.parametrize("command", ["balance", "draft"])
def test_help_ends_with_examples_and_exit_statuses(cli: Cli, command: str) -> None:
    """The help names every flag, and ends with two examples and the exit statuses."""
    ran = cli(command, "--help")
    assert ran.status == 0
    assert ran.out.count(f"\n  refundkit {command} --as ") == 2
    assert re.search(r"exit status.*\n +0  .*\n", ran.out, re.IGNORECASE)
