"""Names that type checkers know: every line here must check, and every marked one must not."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_type

import refundkit
from refundkit import Config, Report, check, connect, models
from refundkit.models import OperationName, as_currency, as_operation_name


def judge(operation: OperationName, body: bytes) -> bool:
    """Check a request of any operation with a configuration of plain lists and dicts."""
    config = Config(ignore=["RF214"], severity={"RF303": "error"}, files={"sent/*.json": "walmart.refund_order_lines"})
    report = check(operation, body, require=["order"], config=config)
    assert_type(report, Report)
    return report.ok


def judge_any(name: str, body: bytes) -> bool:
    """Check a request of an operation that is only known when the program runs."""
    return judge(as_operation_name(name), body)


def charge(amount: Decimal, currency: str) -> models.walmart.RefundMoney:
    """Make money of a currency that is only known when the program runs."""
    return models.walmart.RefundMoney(amount=amount, currency=as_currency(currency))


def read(text: str) -> models.walmart.Order:
    """Read an order, and write it."""
    order = refundkit.decode(models.walmart.OrderResponse, text)
    assert_type(refundkit.encode(order), bytes)
    return order.order


def give_back(shop: models.WoocommerceClient, reason: models.RefundReason) -> models.woocommerce.Refund:
    """Take an open client."""
    return shop.create_refund(1204, models.woocommerce.RefundCreateRequest(amount="5.00", reason=reason))


def open_shop() -> models.woocommerce.Refund:
    """Pass what `with` gives where the client's class is wanted."""
    with connect.woocommerce("https://shop.example", "ck", "cs") as shop:
        return give_back(shop, "DamagedItem")


def give_back_once(address: str) -> list[refundkit.journal.State]:
    """Send with a journal, and look at its rows."""
    with refundkit.journal.open(address, lease=900.0) as journal:
        connection = connect.woocommerce("https://shop.example", "ck", "cs", journal=journal)
        with connection as shop:
            shop.refund("1204", amount="5.00")
            assert_type(refundkit.journal.resolve(journal, connection), list[refundkit.journal.Entry])
        return [row.state for row in journal.entries()]


def mistakes(text: str) -> None:
    """What a type checker finds."""
    refundkit.chek("walmart.refund_order_lines")  # type: ignore[attr-defined]
    check("walmart.refund_orders", b"{}")  # type: ignore[arg-type]
    check(text, b"{}")  # type: ignore[arg-type]
    check("walmart.refund_order_lines", b"{}", require=["ordr"])  # type: ignore[list-item]
    check("walmart.refund_order_lines", b"{}", fail_on="errors")  # type: ignore[arg-type]
    refundkit.reference("walmart.refund")  # type: ignore[arg-type]
    connect.walmart("id", "secret", journal="refunds.sqlite")  # type: ignore[arg-type]
    Config(ignore=3)  # type: ignore[arg-type]
    Config(severity={"RF214": "loud"})  # type: ignore[dict-item]
    models.walmart.RefundMoney(amount=Decimal(5), currency="USDD")  # type: ignore[arg-type]
    models.walmart.RefundMoney(amount=5.0, currency="USD")  # type: ignore[arg-type]
    models.WalmartClent  # type: ignore[attr-defined]  # noqa: B018
