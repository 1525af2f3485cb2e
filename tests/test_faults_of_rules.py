"""What the rules of Walmart's two APIs and of the envelope missed, or refused though it was right."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import refundkit
from commands import AMOUNT, CA, GUID, SECRET, SHOP, US, Cli, Outcome, write
from refundkit.text import mask_numbers
from story import story, text

INPUTS = Path(__file__).parent / "fault_inputs"
CHARGE = AMOUNT.removesuffix("/chargeAmount/amount")
Document = dict[str, Any]


def findings(outcome: Outcome) -> list[tuple[str, str]]:
    """Return id and pointer of each finding, after checking the exit status."""
    listed = outcome.document["findings"]
    assert outcome.status == any(each["severity"] == "error" for each in listed)
    return [(each["code"], each["pointer"]) for each in listed]


def check(cli: Cli, file: str | Path | Document) -> Outcome:
    if isinstance(file, dict):
        file = write("r.json", text(file))
    return cli("check", "--isolated", "--output-format", "json", str(file))


def with_headers(**headers: str) -> Document:
    """Return the basic-placeholder request with other headers."""
    document: Document = json.loads((INPUTS / "basic-placeholder.json").read_bytes(), parse_float=Decimal)
    document["headers"] = {"WM_QOS.CORRELATION_ID": GUID, "WM_SVC.NAME": "Example Shop"} | headers
    return document


def first_charge(document: Document) -> Document:
    line = document["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    charge: Document = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"][0]
    return charge


def line_of(order: Document) -> Document:
    line: Document = order["order"]["orderLines"]["orderLine"][0]
    return line


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("basic-placeholder.json", [("RF504", "header:Authorization")]),
        ("charge-type-tax-without-order.json", [("RF322", f"{CHARGE}/chargeType")]),
        ("rf501-number.json", [("RF102", "/orderRefund/purchaseOrderId")]),
        ("accept-problem.json", []),
        ("us-xml-header.json", []),
    ],
)
def test_fault_input_has_just_its_own_finding(cli: Cli, name: str, expected: list[tuple[str, str]]) -> None:
    """A placeholder behind Basic and a charge type TAX are found; problem+json, XML and a numeric id add nothing."""
    assert findings(check(cli, INPUTS / name)) == expected


# The envelope.


@pytest.mark.parametrize("authorization", ["Basic b3duOm93bg==", f"Bearer {SECRET}", "OAuth x"])
@pytest.mark.parametrize("operation", [US, CA])
def test_authorization_header_does_not_stand_for_the_token(cli: Cli, operation: str, authorization: str) -> None:
    """A refund with an Authorization header and without WM_SEC.ACCESS_TOKEN lacks its credentials."""
    document = story(operation)
    del document["headers"]["WM_SEC.ACCESS_TOKEN"]
    scrubbed = check(cli, document)
    assert findings(scrubbed) == []
    assert "credentials" in {entry["missing"] for entry in scrubbed.document["not_run"]}
    document["headers"]["Authorization"] = authorization
    outcome = check(cli, document)
    assert findings(outcome) == [("RF502", "header:WM_SEC.ACCESS_TOKEN")]
    assert "credentials" not in {entry["missing"] for entry in outcome.document["not_run"]}


@pytest.mark.parametrize("value", ["", None])
def test_empty_credential_is_none(cli: Cli, value: str | None) -> None:
    """A credential that is empty counts as absent, as in a fixture that was scrubbed."""
    document = with_headers(**({} if value is None else {"WM_SEC.ACCESS_TOKEN": value}))
    outcome = check(cli, document)
    assert findings(outcome) == []
    assert ["RF502"] in [entry["codes"] for entry in outcome.document["not_run"] if entry["missing"] == "credentials"]


SAMPLES = [
    "string",
    "PURCHASE_ORDER_ID",
    "Get the Consumer ID from Developer Center after logging in",
    "<Correlation ID>",
    "<Base64EncodedClientID:ClientSecret>",
    "Walmart Service Name",
    "b3261d2d-028a-4ef7-8602-633c23200af6",
    "1443748249449",
    "9fg3TPeRt0WSGbXNGGj4kSQ9L6PMBX.....9Zj5aDyg=",
    "eyJraWQiOiIredacted.....",
    "consumer_key",
    "consumer_secret",
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_sample_of_a_page_is_found_as_a_whole_value_and_not_in_free_text(cli: Cli, sample: str) -> None:
    """A page's sample is RF504 in a path, a header and a body, but not in a comment, nor as part of a value."""
    document = with_headers(**{"WM_SEC.ACCESS_TOKEN": sample, "WM_SVC.NAME": f"{sample}s"})
    document["path"] = {"purchaseOrderId": sample}
    refund = document["body"]["orderRefund"]
    refund["purchaseOrderId"] = sample
    refund["orderLines"]["orderLine"][0]["refunds"]["refund"][0] |= {"refundComments": sample, "refundId": f"{sample}s"}
    places = {"path:purchaseOrderId", "header:WM_SEC.ACCESS_TOKEN", "/orderRefund/purchaseOrderId"}
    assert set(findings(check(cli, document))) == {("RF504", place) for place in places}


@pytest.mark.parametrize(
    ("value", "is_sample"),
    [
        ("Basic <Base64EncodedClientID:ClientSecret>", True),
        ("basic Q2xpZW50SUQ6Q2xpZW50U2VjcmV0", True),  # ClientID:ClientSecret
        ("Basic Y29uc3VtZXJfa2V5OmNvbnN1bWVyX3NlY3JldA==", True),  # consumer_key:consumer_secret
        ("Basic Y29uc3VtZXJfa2V5OmNzX293bg==", True),  # consumer_key:cs_own
        ("Bearer eyJraWQiOiIredacted.....", True),
        ("Basic Y2tfb3duOmNzX293bg==", False),  # ck_own:cs_own
        ("Basic not base64", False),
        ("Basic", False),
    ],
)
def test_sample_is_found_behind_its_scheme_and_in_base64(cli: Cli, value: str, is_sample: bool) -> None:
    """Credentials that are a page's sample, or the Base64 of one, are RF504."""
    document = with_headers(**{"WM_SEC.ACCESS_TOKEN": SECRET, "Authorization": value})
    assert findings(check(cli, document)) == ([("RF504", "header:Authorization")] if is_sample else [])


@pytest.mark.parametrize(
    ("headers", "currency", "expected"),
    [
        ({"WM_MARKET": "us"}, "USD", []),
        ({"WM_GLOBAL_VERSION": "3.1"}, "USD", []),
        ({}, "CAD", []),
        ({"WM_MARKET": "ca", "WM_GLOBAL_VERSION": "3.1"}, "CAD", []),
        ({"WM_MARKET": "ca"}, "CAD", [("RF510", "header:WM_GLOBAL_VERSION")]),
        ({"WM_MARKET": "us", "WM_GLOBAL_VERSION": "3.2"}, "USD", [("RF510", "header:WM_GLOBAL_VERSION")]),
        ({"WM_MARKET": "us"}, "CAD", [("RF205", f"{CHARGE}/chargeAmount/currency")]),
        ({"wm_market": "ca", "WM_GLOBAL_VERSION": "3.1"}, "USD", [("RF205", f"{CHARGE}/chargeAmount/currency")]),
        ({"WM_MARKET": "mx"}, "MXN", [("RF503", "header:WM_MARKET")]),
    ],
)
def test_market_says_the_currency_and_wants_no_version(
    cli: Cli, headers: dict[str, str], currency: str, expected: list[tuple[str, str]]
) -> None:
    """WM_MARKET us alone is fine, ca without a version is a warning, and the currency is the market's."""
    document = with_headers(**headers, **{"WM_SEC.ACCESS_TOKEN": SECRET})
    first_charge(document)["charge"]["chargeAmount"]["currency"] = currency
    assert findings(check(cli, document)) == expected


@pytest.mark.parametrize(
    ("host", "codes"),
    [
        ("shop:8080", {"RF512"}),
        ("shop.local", {"RF512"}),
        ("Shop.TEST", {"RF512"}),
        ("shop.internal.", {"RF512"}),
        ("shop.localhost", {"RF512"}),
        ("10.1.2.3", {"RF512"}),
        ("172.16.0.1", {"RF512"}),
        ("192.168.0.9:8080", {"RF512"}),
        ("[fd00::1]", {"RF512"}),
        ("shop.example", {"RF506"}),
        ("172.32.0.1", {"RF506"}),
        ("8.8.8.8", {"RF506"}),
        ("shop.local.example", {"RF506"}),
        ("localhost:8080", set()),
        ("127.0.0.1", set()),
        ("[::1]:8080", set()),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_plain_http_in_a_private_network_is_a_warning(cli: Cli, host: str, codes: set[str], scheme: str) -> None:
    """Credentials over plain http to a host of a private network are RF512, to any other but this machine RF506."""
    document = story(SHOP)
    document["url"] = f"{scheme}://{host}/wc-api/v3/orders/{document['path']['id']}/refunds"
    del document["path"]
    expected = [(code, "header:Authorization") for code in codes] if scheme == "http" else []
    assert findings(check(cli, document)) == expected


# What was charged and shipped.


def test_two_halves_of_a_tax_that_were_each_rounded_up_are_a_warning(cli: Cli) -> None:
    """One cent more tax than was charged is RF220, a warning; two cents are RF207."""
    document = story(US)
    line = line_of(document["order"])
    line["charges"]["charge"][0]["tax"]["taxAmount"]["amount"] = Decimal("3.31")
    half = deepcopy(first_charge(document))
    half["charge"]["tax"]["taxAmount"]["amount"] = Decimal("-1.66")
    line["refund"] = {"refundCharges": {"refundCharge": [half]}}
    for tax, expected in (("-1.65", []), ("-1.66", ["RF220"]), ("-1.67", ["RF207"])):
        first_charge(document)["charge"]["tax"]["taxAmount"]["amount"] = Decimal(tax)
        found = findings(check(cli, document))
        assert [code for code, _ in found if code in ("RF207", "RF220")] == expected


@pytest.mark.parametrize("operation", [US, CA])
def test_line_with_the_status_refund_was_shipped_once(cli: Cli, operation: str) -> None:
    """A line whose pieces have the status Refund may be refunded further."""
    document = story(operation)
    line_of(document["order"])["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Refund"
    assert findings(check(cli, document)) == []


@pytest.mark.parametrize("operation", [US, CA])
def test_price_of_the_shipped_piece_is_no_more_than_its_share_where_the_other_was_cancelled(
    cli: Cli, operation: str
) -> None:
    """Of two pieces one was shipped and one cancelled: the charge is for the shipped one alone."""
    document = story(operation)
    line, charge = line_of(document["order"]), first_charge(document)["charge"]
    charged = line["charges"]["charge"][0]["chargeAmount"]["amount"]
    charge["chargeAmount"]["amount"] = Decimal("0.01") - charged
    charge["tax"]["taxAmount"]["amount"] = -line["charges"]["charge"][0]["tax"]["taxAmount"]["amount"]
    shipped = line["orderLineStatuses"]["orderLineStatus"][0]
    shipped["statusQuantity"]["amount"] = "1"
    other = {"status": "Cancelled", "statusQuantity": {"unitOfMeasurement": "EACH", "amount": "1"}}
    line["orderLineStatuses"]["orderLineStatus"].append(other)
    assert findings(check(cli, document)) == []
    other["status"] = "Acknowledged"
    assert findings(check(cli, document)) == [("RF313", f"{CHARGE}/chargeAmount/amount")]


def test_tax_that_is_too_large_is_found_where_it_stands(cli: Cli) -> None:
    """Where a charge type stands twice and only the first has a tax, RF207 points at that tax."""
    document = story(US)
    line = document["body"]["orderRefund"]["orderLines"]["orderLine"][0]
    charges = line["refunds"]["refund"][0]["refundCharges"]["refundCharge"]
    charges[0]["charge"]["tax"]["taxAmount"]["amount"] = Decimal("-3.40")
    charges[1] = deepcopy(charges[0])
    del charges[1]["charge"]["tax"]
    charges[0]["charge"]["chargeAmount"]["amount"] = charges[1]["charge"]["chargeAmount"]["amount"] = Decimal(-1)
    assert findings(check(cli, document)) == [("RF207", f"{CHARGE}/tax/taxAmount/amount")]


# What is sent.

EMPTY: dict[str, Callable[[Document], object]] = {
    "/orderRefund/purchaseOrderId": lambda refund: refund.update(purchaseOrderId=""),
    "/orderRefund/orderLines/orderLine/0/lineNumber": lambda refund: refund["orderLines"]["orderLine"][0].update(
        lineNumber=""
    ),
}


@pytest.mark.parametrize("operation", [US, CA])
@pytest.mark.parametrize("pointer", EMPTY)
def test_empty_order_id_or_line_number_is_refused(cli: Cli, operation: str, pointer: str) -> None:
    """An empty purchaseOrderId or lineNumber is RF106."""
    document = story(operation)
    EMPTY[pointer](document["body"]["orderRefund"])
    assert ("RF106", pointer) in findings(check(cli, document))


@pytest.mark.parametrize(
    ("reason", "listed"),
    [
        ("INCORRECT_ITEM_RECEIVED", "IncorrectItemReceived"),
        ("Merchandisenotreceived", "Merchandise not received"),
        ("finance->goodwill", "Finance -> Goodwill"),
        ("damaged_item", "DamagedItem"),
        ("DamagedItme", "DamagedItem"),
    ],
)
def test_reason_that_is_written_otherwise_has_a_suggestion(cli: Cli, reason: str, listed: str) -> None:
    """A reason that differs from a listed one in case, blanks, underscores or a slip is suggested as it is listed."""
    document = story(US)
    first_charge(document)["refundReason"] = reason
    outcome = check(cli, document)
    assert [code for code, _ in findings(outcome)] == ["RF321"]
    assert outcome.only["help"] == f"did you mean {listed!r}?"


# What is shown.


def test_decimals_of_an_amount_are_no_card_number(cli: Cli) -> None:
    """An amount of 62.400000000000006 is shown as it is."""
    outcome = check(cli, INPUTS / "masked-amount.json")
    assert findings(outcome) == [("RF206", "/order_refund/amount")]
    assert "62.400000000000006" in outcome.only["message"]


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        ("62.400000000000006", "62.400000000000006"),
        ("-.4111111111111111", "-.4111111111111111"),
        ("94111111111111111", "94111111111111111"),
        ("card 4111111111111111.", "card ************1111."),
        ("no.4111111111111111", "no.************1111"),
    ],
)
def test_card_number_does_not_begin_within_a_number(shown: str, masked: str) -> None:
    """Digits right after a digit or a decimal point are no card number."""
    assert mask_numbers(shown) == masked


def test_a_line_that_walmart_ships_is_a_warning() -> None:
    """A refund of a line whose ship node is Walmart's own (WFS) is RF319."""
    document = story(US)
    line_of(document["order"])["shipNode"] = {"type": "WFSFulfilled", "name": "Example"}
    report = refundkit.check(US, document["body"], order=document["order"])
    assert [(each.code, each.severity) for each in report.findings] == [("RF319", "warning")]
