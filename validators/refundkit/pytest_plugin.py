"""Fixtures for tests of your own code: `refundkit_woocommerce` and its like are servers of refundkit.testing.

pytest finds them by itself once refundkit is installed. Each is one of an API, listens on `.url` during a test, and
forgets all after it:

    def test_a_refund_is_made(refundkit_woocommerce):
        shop = refundkit_woocommerce
        give_back("1204", "5.00", url=shop.url)
        assert shop.refunds("1204")[0]["amount"] == "5.00"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from .operations import APIS

if TYPE_CHECKING:
    from .testing import Server


def _make_fixture(api: str) -> Callable[..., Any]:
    def serve() -> Iterator[Server]:
        from .testing import server

        with server(api) as running:
            yield running

    serve.__doc__ = f"A server of refundkit.testing that answers {api} on `.url`."
    return pytest.fixture(name=f"refundkit_{api}")(serve)


globals().update({f"refundkit_{api}": _make_fixture(api) for api in APIS})
