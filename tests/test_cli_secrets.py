"""The command line: card numbers, IBANs, credentials and control characters stay out of every output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import CA, CARD, IBAN, SECRET, SHOP, TAX, US, Cli, digits, example_order, flat, refund, write
from refundkit.cli import FORMATS
from story import examples, story, text


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (CA, ("--header", f"WM_SEC.AUTH_SIGNATURE={SECRET}*", "--header", "WM_SEC.TIMESTAMP=1")),
        (CA, ("--header", f"WM_SEC.ACCESS_TOKEN={SECRET}\x07")),
        (CA, ("--header", f"WM_CONSUMER.ID={SECRET}")),
        (SHOP, ("--header", f"Authorization=Bearer {SECRET}")),
        (SHOP, ("--header", f"Authorization={SECRET}")),
        (SHOP, ("--query", f"consumer_secret={SECRET}", "--header", "Accept=text/csv")),
        (TAX, ("--header", f"Authorization=Basic {SECRET}")),
        (TAX, ("--header", f"X-API-KEY={SECRET}", "--header", "Accept=text/csv")),
        (TAX, ("--header", f"X-API-KEY: {SECRET}")),
        (TAX, ("--header", f"X-API-KEY: {SECRET}=")),
    ],
)
def test_credentials_are_never_printed(cli: Cli, operation: str, arguments: tuple[str, ...], output: str) -> None:
    """The value of a credential that a flag gives is in no output, whatever is wrong with it or with the flag."""
    write("r.json", text(examples(operation)[0]))
    found = cli("check", "--isolated", "--as", operation, "--output-format", output, *arguments, "r.json")
    assert found.status in (0, 1, 2)
    assert SECRET not in found.out + found.err


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize(
    "number", [CARD, CARD.replace(" ", "-"), CARD.replace(" ", ""), "378282246310005", IBAN, IBAN.replace(" ", "")]
)
@pytest.mark.parametrize("field", ["lineNumber", "refundReason", "currency", "purchaseOrderId", "comments"])
def test_card_numbers_and_ibans_are_masked(cli: Cli, number: str, field: str, output: str) -> None:
    """A card number or IBAN in a value is masked in every output, in messages and in the lines that are shown."""
    body = json.loads(refund("1.005", line="string"))
    line = body["orderRefund"]["orderLines"]["orderLine"][0]
    charge = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]
    if field == "lineNumber":
        line["lineNumber"] = number
    elif field == "refundReason":
        charge["refundReason"] = f"card {number}"
    elif field == "currency":
        charge["charge"]["chargeAmount"]["currency"] = number
    elif field == "purchaseOrderId":
        body["orderRefund"]["purchaseOrderId"] = number
    else:
        line["refunds"]["refund"][0]["refundComments"] = f"to {number}, please"
    write("r.json", json.dumps(body))
    write("order.json", example_order("walmart"))
    arguments = ("--isolated", "--as", US, "--order", "order.json", "--output-format", output)
    for amount in ("1.005", "-1.005"):
        write("r.json", json.dumps(body).replace("1.005", amount))
        found = cli("check", *arguments, "--path", "purchaseOrderId=17", "r.json")
        assert found.status in (0, 1)
        assert number not in found.out
        assert digits(number)[:-4] not in digits(found.out)


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize("padding", range(20, 100, 4))
def test_card_number_is_masked_at_a_cut(cli: Cli, padding: int, output: str) -> None:
    """Where a long value or a long line is cut off for showing, no half of a card number stays behind."""
    number = CARD.replace(" ", "")
    write("r.json", flat(refund("-1.00", reason="x" * padding + f" {number} ")))
    shown = cli("check", "--isolated", "--as", US, "--output-format", output, "r.json").out
    assert "RF321" in shown
    assert number[:8] not in shown
    write("r.json", flat(refund("1.00", reason="x" * padding + f" {number} " + "y" * 40)))
    shown = cli("check", "--isolated", "--as", US, "--output-format", output, "r.json").out
    assert "RF201" in shown
    assert number[:8] not in shown
    assert number[5:] not in shown
    write("r.json", flat(refund("-1.00")).replace("USD", "z" * padding + f" {number}"))
    shown = cli("check", "--isolated", "--as", US, "--output-format", output, "r.json").out
    assert "RF104" in shown
    assert number[:8] not in shown


def test_other_numbers_are_shown(cli: Cli) -> None:
    """A long number that is no card's, by its check digit, is shown as it is."""
    write("r.json", refund("4111111111111112"))
    assert "4111111111111112" in cli("check", "--isolated", "--as", US, "r.json").out


SNEAKY = "a\n::error::b\r\x1b[31mc\x00\x9b1m"


@pytest.mark.parametrize("output", ["concise", "full"])
def test_values_cannot_forge_lines_or_colours(cli: Cli, output: str) -> None:
    """A line break or escape sequence in a value, a key or a header makes no line and no colour of its own."""
    request = story(US)
    line = request["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    line["lineNumber"] = SNEAKY
    line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][1]["refundReason"] = SNEAKY
    line[SNEAKY] = 1
    request["body"]["orderRefund"]["orderLines"]["orderLine"].append(line)
    request["path"]["purchaseOrderId"] = SNEAKY
    request["headers"] |= {"Accept": SNEAKY, "WM_MARKET": SNEAKY, "WM_QOS.CORRELATION_ID": SNEAKY, SNEAKY: SNEAKY}
    write("r.json", text(request))
    found = cli("check", "--isolated", "--output-format", output, "r.json")
    assert found.status == 1
    assert {"RF103", "RF301", "RF303", "RF321", "RF501", "RF508", "RF509"} <= set(found.out.replace(":", " ").split())
    assert printable(found.out)
    starts = ("r.json", "Checked ") if output == "concise" else ("r.json", "Checked ", "  ")
    assert all(shown.startswith(starts) for shown in found.out.split("\n")[:-1])


def printable(shown: str) -> bool:
    """Whether a text has no control character but line ends."""
    return all(ord(character) >= 32 and not 127 <= ord(character) < 160 for character in shown.replace("\n", ""))


def test_source_line_with_a_control_character(cli: Cli) -> None:
    """A source line that is shown brings no escape sequence to the terminal, and the carets stay below the value."""
    write("r.json", b'{"order_refund": {"amount": "1\x1b[31m,5"}}')
    found = cli("check", "--isolated", "--as", SHOP, "--output-format", "full", "r.json")
    assert "RF001" in found.out
    assert printable(found.out)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("number", [CARD, CARD.replace(" ", ""), "378282246310005", IBAN, IBAN.replace(" ", "")])
def test_card_numbers_and_ibans_never_reach_a_log(cli: Cli, name: str, number: str) -> None:
    """A card number or IBAN in any value is masked in every format, on the terminal and in a file."""
    request = story(US)
    line = request["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    charge = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]
    line["lineNumber"] = number
    line["refunds"]["refund"][0]["refundComments"] = f"to {number}, please"
    charge["refundReason"] = f"card {number}"
    charge["charge"]["chargeAmount"]["currency"] = number
    request["path"]["purchaseOrderId"] = number
    request["headers"] |= {"WM_MARKET": number, "WM_QOS.CORRELATION_ID": number}
    write("r.json", text(request))
    request["body"]["orderRefund"]["orderLines"] = number
    write("s.json", text(request))
    arguments = ("check", "--isolated", "--output-format", name, "--statistics", "r.json", "s.json")
    found = cli(*arguments, "--output-file", "report")
    assert found.status == 1
    assert "RF104" in found.out
    for shown in (*found[1:], cli(*arguments).out, Path("report").read_text()):
        assert number not in shown
        assert digits(number)[:-4] not in digits(shown)
