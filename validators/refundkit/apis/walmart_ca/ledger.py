"""The order model of Walmart's older Canadian API: the current one's, whose lines are never Delivered."""

from ..walmart.ledger import WalmartOrderModel


class WalmartCaOrderModel(WalmartOrderModel):
    """Reads orders and refunds of the older API."""

    shares_orders_with = "walmart"
    shipped = frozenset({"shipped", "refund"})


MODEL = WalmartCaOrderModel()
