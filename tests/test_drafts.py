"""Drafts: any sequence of them gives back exactly what may be refunded; check and server accept each one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import refundkit
from hypothesis import given, note
from hypothesis import strategies as st
from refundkit import ALL, balance, draft, operations, pieces, testing
from refundkit.balances import BalanceAccount
from refundkit.errors import DraftError
from refundkit.money import decimals
from refundkit.xml_writer import write_xml
from refundkit_apis._runtime.codec import decode, encode
from story import story

REASON = "DamagedItem"
# Warnings that the order's state or the caller's own words cause.
EXPECTED = {"RF318", "RF319", "RF320", "RF321", "RF326", "RF328", "RF329", "RF330"}
CURRENCIES = ("USD", "CAD", "JPY", "KWD")


def money(amount: Decimal, currency: str) -> dict[str, Any]:
    return {"currency": currency, "amount": amount}


@st.composite
def walmart_orders(draw: st.DrawFn, api: str) -> dict[str, Any]:
    """An order of one to three lines with taxes, discounts and fees; some are partly shipped, some partly cancelled."""
    currency = draw(st.sampled_from(CURRENCIES))
    unit = Decimal(1).scaleb(-(decimals(currency) or 0))

    def charge(kind: str, *, most: int = 9_999) -> dict[str, Any]:
        amount = draw(st.integers(1, most))
        drawn: dict[str, Any] = {
            "chargeType": kind,
            "chargeName": kind.title(),
            "chargeAmount": money(amount * unit, currency),
        }
        if draw(st.booleans()):
            tax = draw(st.integers(0, amount // 2))
            drawn["tax"] = {"taxName": "Tax1", "taxAmount": money(tax * unit, currency)}
        return drawn

    lines = []
    for number in range(draw(st.integers(1, 3))):
        charges = [charge("PRODUCT")]
        if draw(st.booleans()):
            charges.append(charge("SHIPPING", most=999))
        if draw(st.booleans()):
            charges.append(charge("FEE", most=99))
        if draw(st.booleans()):
            most = int(charges[0]["chargeAmount"]["amount"] / unit) - 1
            if most:
                amount = draw(st.integers(1, most)) * unit
                discount = {"chargeType": "PRODUCT", "chargeName": "Discount", "chargeAmount": money(amount, currency)}
                charges.append({**discount, "isDiscount": True})
        shipped, open_, cancelled = draw(st.tuples(*[st.integers(0, 3)] * 3).filter(any))
        counted = (("Shipped", shipped), ("Acknowledged", open_), ("Cancelled", cancelled))
        statuses = [
            {"status": status, "statusQuantity": {"unitOfMeasurement": "EACH", "amount": str(count)}}
            for status, count in counted
            if count
        ]
        ordered = {"unitOfMeasurement": "EACH", "amount": str(shipped + open_ + cancelled)}
        lines.append(
            {
                "lineNumber": str(number + 1),
                "item": {"productName": "Tent", "sku": f"SKU-{number}"},
                "charges": {"charge": charges},
                "orderLineQuantity": ordered,
                "orderLineStatuses": {"orderLineStatus": statuses},
            }
        )
    return {"order": {"purchaseOrderId": "1", "orderLines": {"orderLine": lines}}}


@st.composite
def taxcloud_orders(draw: st.DrawFn) -> dict[str, Any]:
    """A completed order of one to four lines, some of them of the same item; quantities may be fractions."""
    items = draw(st.lists(st.sampled_from(["CHAIR", "OIL", "TABLE"]), min_size=1, max_size=4))
    quantities = st.sampled_from(["1", "2", "5", "1.5", "0.25"])
    lines = [
        {"index": index, "itemId": item, "price": Decimal("9.99"), "quantity": Decimal(draw(quantities))}
        for index, item in enumerate(items)
    ]
    order = story("taxcloud.refund_order")["order"]
    return {**order, "orderId": "SO-1", "lineItems": lines, "refunds": []}


class Shop:
    """A test server with one order, to which drafts are sent."""

    def __init__(self, operation: str, order: dict[str, Any]) -> None:
        self.operation, self.api = operation, operation.partition(".")[0]
        self.server = testing.server(self.api)
        self.order_id = self.server.add_order(order)
        self.headers = dict(story(operation)["headers"])
        if self.api.startswith("walmart"):
            token = self.server.answer(
                "POST", "/v3/token", story("walmart.create_token")["headers"], b"grant_type=client_credentials"
            )
            self.headers["WM_SEC.ACCESS_TOKEN"] = decode(token.body, dict)["access_token"]

    @property
    def order(self) -> dict[str, Any]:
        order: dict[str, Any] = self.server.orders[self.order_id]
        if self.api == "taxcloud":
            order["refunds"] = self.server.refunds(self.order_id)
        return order

    def send(self, drafted: refundkit.Draft) -> None:
        """Send a draft; the server accepts it."""
        described = operations.get(self.operation)
        path = described.described.path
        for name, value in drafted.request["path"].items():
            path = path.replace(f"{{{name}}}", value)
        body = encode(drafted.body)
        if described.xml:
            body = write_xml(drafted.request["body"], described.schema())
        answer = self.server.answer("POST", path, self.headers, body)
        assert answer.status in (200, 201), answer.body


def refundable(shop: Shop) -> list[tuple[str, BalanceAccount]]:
    """Return the accounts of which something can be refunded, with their lines."""
    found = balance(shop.operation, shop.order)
    return [(line.line, account) for line in found.lines for account in line.accounts if account.refundable > 0]


def give_back(data: st.DataObject, shop: Shop) -> None:
    """Draft and send until nothing can be refunded; no draft has a finding that another one would avoid."""
    for _ in range(30):
        left = refundable(shop)
        if not left:
            return
        wish = data.draw(wishes(shop, left))
        note(f"{wish}")
        wanted, options = wish
        try:
            drafted = draft(shop.operation, shop.order, wanted, reason=reason_of(shop), **options)
        except DraftError as error:
            note(f"{error}")
            drafted = draft(shop.operation, shop.order, ALL, reason=reason_of(shop))
        allowed = EXPECTED | ({"RF214"} if options.get("tax") == "none" else set())
        assert {finding.code for finding in drafted.report.findings} <= allowed, drafted.report.findings
        shop.send(drafted)
    drafted = draft(shop.operation, shop.order, ALL, reason=reason_of(shop))
    shop.send(drafted)
    assert not refundable(shop)


def reason_of(shop: Shop) -> str | None:
    return None if shop.api == "taxcloud" else REASON


@st.composite
def wishes(draw: st.DrawFn, shop: Shop, left: list[Any]) -> tuple[Any, dict[str, Any]]:
    """Draw what to refund of what is left."""
    line, account = draw(st.sampled_from(left))
    if draw(st.integers(0, 5)) == 0:
        return ALL, {}
    if draw(st.integers(0, 2)) == 0:
        return {line: ALL}, {}
    if account.unit == "pieces":
        part = draw(st.sampled_from([account.refundable, account.refundable / 2]))
        return {line: pieces(part)}, {}
    if account.account == "SHIPPING":
        return None, {"shipping": draw(st.sampled_from([ALL, account.refundable])), "tax": "added"}
    if draw(st.integers(0, 3)) == 0:
        return {line: pieces(draw(st.integers(1, 3)))}, {}
    unit = Decimal(1).scaleb(account.refundable.as_tuple().exponent)
    amount = draw(st.integers(1, int(account.refundable / unit))) * unit
    return {line: amount}, {"tax": draw(st.sampled_from(["added", "added", "included", "none"]))}


@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_walmart_drafts_give_back_exactly_what_was_charged(api: str) -> None:
    """Any sequence of drafts gives back what was charged, of a partly shipped line the shipped share."""

    @given(walmart_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.refund_order_lines", order)
        give_back(data, shop)
        for line in balance(shop.operation, shop.order).lines:
            for account in line.accounts:
                assert account.refunded <= account.charged
                assert account.refundable == 0
                assert account.left == 0 or line.obstacle or account.account == "PRODUCT"

    hold()


def test_taxcloud_drafts_give_back_exactly_what_was_ordered() -> None:
    """Any sequence of drafts gives back every piece, and names each."""

    @given(taxcloud_orders(), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop("taxcloud.refund_order", order)
        give_back(data, shop)
        accounts = [account for line in balance(shop.operation, shop.order).lines for account in line.accounts]
        assert [account.left for account in accounts] == [0] * len(accounts)

    hold()
