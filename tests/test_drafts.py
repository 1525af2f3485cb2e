"""Drafts: any sequence of them gives back exactly what may be refunded; check and server accept each one."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
import refundkit
from hypothesis import assume, given, note, settings
from hypothesis import strategies as st
from refundkit import ALL, balance, draft, operations, pieces, testing
from refundkit.balances import Balance, BalanceAccount
from refundkit.errors import DraftError
from refundkit.money import decimals
from refundkit.xml_writer import write_xml
from refundkit_apis._runtime.codec import decode, encode
from share import ALL as ALL_CASES
from share import share
from story import story

REASON = "DamagedItem"
REASONS = {
    "walmart.cancel_order_lines": "CUSTOMER_REQUESTED_SELLER_TO_CANCEL",
    "walmart_ca.cancel_order_lines": "CANCEL_BY_SELLER",
    "walmart.refund_return": None,
    "taxcloud.refund_order": None,
}
# Warnings that the order's state or the caller's own words cause.
EXPECTED = {"RF318", "RF319", "RF320", "RF321", "RF326", "RF328", "RF329", "RF330"}
# 2,000 sequences of an operation in `make test-all`; fewer otherwise, for a sequence is up to thirty requests.
sequences = settings(max_examples=ALL_CASES if share(ALL_CASES) == ALL_CASES else 25)
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
                **draw(st.sampled_from([{}, {"intentToCancel": "CUSTOMER_REQUESTED"}])),
            }
        )
    return {"order": {"purchaseOrderId": "1", "orderLines": {"orderLine": lines}}}


@st.composite
def walmart_returns(draw: st.DrawFn) -> dict[str, Any]:
    """A return of one to three lines, of which some pieces were refunded before."""
    lines = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        pieces_of_line = draw(st.integers(1, 4))
        line = {
            "returnOrderLineNumber": number,
            "quantity": {"unitOfMeasure": "EACH", "measurementValue": pieces_of_line},
            "status": draw(st.sampled_from(["INITIATED", "DELIVERED", "CANCELLED"])),
        }
        if before := draw(st.integers(0, pieces_of_line)):
            line["refundedQty"] = {"unitOfMeasure": "EACH", "measurementValue": before}
        lines.append(line)
    kind = draw(st.sampled_from(["REFUND", "REPLACEMENT"]))
    listed = {"returnOrderId": "7", "customerOrderId": "9", "returnType": kind, "returnOrderLines": lines}
    return {"meta": {"totalCount": 1, "limit": 10}, "returnOrders": [listed]}


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


@st.composite
def shop_orders(draw: st.DrawFn, api: str) -> dict[str, Any]:
    """An order of a shop with discounts, shipping, fees and taxes, some of them finer than the currency."""
    currency = draw(st.sampled_from(CURRENCIES))
    places = decimals(currency) or 0
    unit = Decimal(1).scaleb(-places)
    rates = draw(st.sampled_from([[], [3], [3], [3, 4], [3, 4, 5]]))
    grain = draw(st.sampled_from([unit, unit, unit / 100]))
    taxes_of_order: list[Decimal] = []

    def line(most: int = 9_999, *, least: int = 0) -> dict[str, Any]:
        amount = draw(st.integers(least, most)) * unit
        taxes = [draw(st.integers(0, int(amount / unit) // 5)) * grain for _ in rates]
        taxes_of_order.extend(taxes)
        tax = sum(taxes, Decimal(0))
        told = [{"id": rate, "total": str(tax), "subtotal": ""} for rate, tax in zip(rates, taxes, strict=True)]
        total_tax = f"{tax:.{places}f}" if api == "woocommerce" else str(tax)
        drawn: dict[str, Any] = {
            "id": 70 + len(ids),
            "total": f"{amount:.{places}f}",
            "total_tax": total_tax,
            "taxes": told,
        }
        ids.append(drawn["id"])
        return drawn

    ids: list[int] = []
    products = [
        {
            **line(least=0 if ids else 1),
            "name": "Tent",
            "product_id": draw(st.sampled_from([311, 312, 313, 314])),
            "quantity": draw(st.integers(1, 4)),
            "subtotal": "99999",
        }
        for _ in range(draw(st.integers(1, 3)))
    ]
    shipping = [line(999) for _ in range(draw(st.integers(0, 2)))]
    fees = [line(99) for _ in range(draw(st.integers(0, 1)))]
    lines = [*products, *shipping, *fees]
    exact_total = sum((Decimal(each["total"]) for each in lines), sum(taxes_of_order, Decimal(0)))
    if draw(st.integers(0, 4)) == 0 and exact_total > 5 * unit:  # a rebate is a fee below zero
        fees.append({"id": 69, "total": f"{-unit:.{places}f}", "total_tax": f"{0:.{places}f}", "taxes": []})
        exact_total -= unit
    total = f"{exact_total.quantize(unit, ROUND_HALF_UP):.{places}f}"
    order = dict(story(f"{api}.create_refund")["order"])
    lists = {"line_items": products, "shipping_lines": shipping, "fee_lines": fees}
    if api == "woocommerce":
        return {**order, **lists, "total": total, "currency": currency, "refunds": [], "tax_lines": []}
    shipping_tax = sum((Decimal(each["total_tax"]) for each in shipping), Decimal(0))
    tax_lines = [{"id": 90 + rate, "rate_id": rate, "total": "0"} for rate in rates]
    for each in lines:
        del each["taxes"]
    more = {"total": total, "currency": currency, "shipping_tax": str(shipping_tax), "tax_lines": tax_lines}
    return {"order": {**order["order"], **lists, **more}}


class Shop:
    """A test server with one order, to which drafts are sent."""

    def __init__(self, operation: Any, order: dict[str, Any]) -> None:
        self.operation, self.api = operation, operation.partition(".")[0]
        self.server = testing.server(self.api)
        self.order_id = self.server.add_order(order)
        self.headers = dict(story(operation)["headers"])
        if self.api.startswith("walmart"):
            token = self.server.answer(
                "POST", "/v3/token", story("walmart.create_token")["headers"], b"grant_type=client_credentials"
            )
            self.headers["WM_SEC.ACCESS_TOKEN"] = decode(token.body, dict)["access_token"]

        self.send_to_market(order)

    def send_to_market(self, order: dict[str, Any]) -> None:
        """Walmart's headers say nothing of a market whose currency is another one."""
        if "USD" not in str(order):
            for name in ("WM_MARKET", "WM_GLOBAL_VERSION"):
                self.headers.pop(name, None)

    @property
    def refunds(self) -> Any:
        """The list of earlier refunds, where the API has one."""
        if not self.api.startswith("woocommerce"):
            return None
        refunds = self.server.refunds(self.order_id)
        return refunds if self.api == "woocommerce" else {"order_refunds": refunds}

    def draft(self, wanted: Any, **options: Any) -> refundkit.Draft:
        """Draft a refund of the order as it stands."""
        options.setdefault("reason", REASONS.get(self.operation, REASON))
        return draft(self.operation, self.order, wanted, refunds=self.refunds, **options)

    def balance(self) -> Balance:
        """What is left of the order as it stands."""
        return balance(self.operation, self.order, self.refunds)

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
    found = shop.balance()
    return [(line.line, account) for line in found.lines for account in line.accounts if account.refundable > 0]


def give_back(data: st.DataObject, shop: Shop) -> None:
    """Draft and send until nothing can be refunded; no draft has a finding that another one would avoid."""
    assume(refundable(shop))
    for _ in range(30):
        left = refundable(shop)
        if not left:
            return
        wish = data.draw(wishes(shop, left))
        note(f"{wish}")
        wanted, options = wish
        try:
            drafted = shop.draft(wanted, **options)
        except DraftError as error:
            note(f"{error}")
            drafted = shop.draft(ALL)
        allowed = EXPECTED | ({"RF214"} if options.get("tax") == "none" else set())
        assert {finding.code for finding in drafted.report.findings} <= allowed, drafted.report.findings
        shop.send(drafted)
    drafted = shop.draft(ALL)
    shop.send(drafted)
    assert not refundable(shop)


@st.composite
def wishes(draw: st.DrawFn, shop: Shop, left: list[Any]) -> tuple[Any, dict[str, Any]]:
    """Draw what to refund of what is left."""
    line, account = draw(st.sampled_from(left))
    if draw(st.integers(0, 15)) == 7:
        return ALL, {}
    if line and draw(st.integers(0, 5)) == 3:
        return {line: ALL}, {}
    if account.unit == "pieces":
        whole = shop.api.startswith("walmart")
        half = account.refundable // 2 if whole else account.refundable / 2
        return {line: pieces(draw(st.sampled_from([account.refundable, half or account.refundable])))}, {}
    if account.account == "total":
        unit = Decimal(1).scaleb(account.refundable.as_tuple().exponent)
        return None, {"amount": draw(st.integers(1, int(account.refundable / unit))) * unit}
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

    @sequences
    @given(walmart_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.refund_order_lines", order)
        give_back(data, shop)
        for line in shop.balance().lines:
            for account in line.accounts:
                assert account.refunded <= account.charged
                assert account.refundable == 0
                assert account.left == 0 or line.obstacle or account.account == "PRODUCT"

    hold()


@pytest.mark.parametrize("api", ["walmart", "walmart_ca"])
def test_drafts_of_cancellations_cancel_exactly_what_is_open(api: str) -> None:
    """Any sequence of drafts cancels every piece that is not shipped, and no other."""

    @sequences
    @given(walmart_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.cancel_order_lines", order)
        shipped = [
            each["orderLineStatuses"]["orderLineStatus"][0] for each in order["order"]["orderLines"]["orderLine"]
        ]
        give_back(data, shop)
        for line, status in zip(shop.order["order"]["orderLines"]["orderLine"], shipped, strict=True):
            kept = [each for each in line["orderLineStatuses"]["orderLineStatus"] if each["status"] != "Cancelled"]
            assert kept == [status] * (status["status"] == "Shipped")
        for told in shop.balance().lines:
            (account,) = told.accounts
            assert account.account == "cancels"
            assert account.left == account.charged - account.refunded == 0

    hold()


def test_drafts_of_returns_refund_every_piece_that_came_back() -> None:
    """Any sequence of drafts refunds every piece of a return but those of a cancelled line."""

    @sequences
    @given(walmart_returns(), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop("walmart.refund_return", order)
        give_back(data, shop)
        for line in shop.balance().lines:
            (account,) = line.accounts
            assert account.refundable == 0
            assert account.left == 0 or "cancelled" in line.obstacle

    hold()


def test_taxcloud_drafts_give_back_exactly_what_was_ordered() -> None:
    """Any sequence of drafts gives back every piece, and names each."""

    @sequences
    @given(taxcloud_orders(), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop("taxcloud.refund_order", order)
        give_back(data, shop)
        accounts = [account for line in shop.balance().lines for account in line.accounts]
        assert [account.left for account in accounts] == [0] * len(accounts)

    hold()


@pytest.mark.parametrize("api", ["woocommerce", "woocommerce_legacy"])
def test_shop_drafts_give_back_exactly_what_was_paid(api: str) -> None:
    """Any sequence of drafts by item, pieces and amount gives back what was paid for the order."""

    @sequences
    @given(shop_orders(api), st.data())
    def hold(order: dict[str, Any], data: st.DataObject) -> None:
        shop = Shop(f"{api}.create_refund", order)
        give_back(data, shop)
        total = shop.balance().lines[0].accounts[0]
        assert total.refundable == 0
        assert total.left == 0 or (api == "woocommerce_legacy" and decimals(shop.balance().currency) == 3)

    hold()
