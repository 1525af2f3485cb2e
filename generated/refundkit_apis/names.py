"""The names of all operations."""

from typing import Literal, TypeAlias

OperationName: TypeAlias = Literal[
    "taxcloud.refund_order",
    "taxcloud.get_order",
    "walmart.refund_order_lines",
    "walmart.cancel_order_lines",
    "walmart.get_order",
    "walmart.refund_return",
    "walmart.list_returns",
    "walmart.create_token",
    "walmart_ca.refund_order_lines",
    "walmart_ca.cancel_order_lines",
    "walmart_ca.get_order",
    "woocommerce.list_refunds",
    "woocommerce.create_refund",
    "woocommerce.get_refund",
    "woocommerce.delete_refund",
    "woocommerce.get_order",
    "woocommerce_legacy.list_refunds",
    "woocommerce_legacy.create_refund",
    "woocommerce_legacy.get_refund",
    "woocommerce_legacy.update_refund",
    "woocommerce_legacy.delete_refund",
    "woocommerce_legacy.get_order",
]
