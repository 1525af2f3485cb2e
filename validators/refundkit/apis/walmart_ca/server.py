"""The test server of Walmart's older Canadian API: the current one's, with XML on the wire."""

from __future__ import annotations

from ..shared.serving import Setup
from ..walmart.server import WalmartShop, replace_id, replace_total

__all__ = ["open_shop", "replace_id", "replace_total"]


def open_shop(setup: Setup) -> WalmartShop:
    """Return a seller account with the orders of orders.json; it gives out tokens too."""
    return WalmartShop("walmart_ca", setup, speaks_xml=True, completes_refunds=False)
