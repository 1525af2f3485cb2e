"""Walmart's older Canadian API: as the current one, but no line is ever Delivered."""

from ..walmart.ledger import Walmart


class WalmartCa(Walmart):
    """Orders and refunds of the older API."""

    shares_orders_with = "walmart"
    shipped = frozenset({"shipped", "refund"})


MODEL = WalmartCa()
