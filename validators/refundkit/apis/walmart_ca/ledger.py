"""The order model of Walmart's older Canadian API: the current one's, whose lines are never Delivered."""

from ..walmart.ledger import WalmartOrderModel


class WalmartCaOrderModel(WalmartOrderModel):
    """Reads orders and refunds of the older API."""

    keyed_as = "walmart"
    shipped = frozenset({"shipped", "refund"})


MODEL = WalmartCaOrderModel()
