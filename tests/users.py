"""Calls each operation through a ready client, with the examples of the specs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import story
from processes import WITHIN
from refundkit import connect, operations
from refundkit_apis._runtime.codec import decode
from refundkit_apis.walmart.api.authentication import create_token
from refundkit_apis.walmart.models import TokenRequest

# The refund that calls about one are about: the examples' own, unless a test has made another.
REFUND = ContextVar(
    "REFUND", default=str(story.examples("woocommerce_legacy.update_refund", "200")[0]["order_refund"]["id"])
)
PATIENCE = connect.Retry(first=0, longest=0)


def connection(api: str, url: str, **options: Any) -> connect.Connection[Any, Any]:
    """Return a connection to a server at `url`, without waits between attempts and with a long timeout."""
    given: Any = {"base_url": url, "retry": PATIENCE, "timeout": WITHIN, **options}
    if api == "walmart":
        return connect.walmart("an-id", "a-secret", **given)
    if api == "walmart_ca":
        return connect.walmart_ca("an-id", "a-secret", "a-channel", **given)
    if api in ("woocommerce", "woocommerce_legacy"):
        given.pop("base_url")
        open_shop = connect.woocommerce if api == "woocommerce" else connect.woocommerce_legacy
        return open_shop(url, "ck_own", "cs_own", **given)
    return connect.taxcloud(story.story("taxcloud.refund_order")["path"]["connectionId"], api_key="a-key", **given)


def body(name: str) -> Any:
    """Return the model of the operation's first example."""
    return decode(story.text(story.examples(name)[0]), operations.get(name).struct())


def path(name: str) -> dict[str, str]:
    found: dict[str, str] = story.story(name)["path"]
    return found


def _order(name: str) -> str:
    known = path(name)
    names = ("purchaseOrderId", "returnOrderId", "orderId", "id")
    return next(known[name] for name in names if name in known)


def _refund(name: str) -> str:
    return REFUND.get() or path(name)["refund_id"]


# What is called on the client that `with` gives; the async twin has the same names.
CALLS: dict[str, Callable[[Any], Any]] = {
    "walmart.get_order": lambda shop: shop.get_order(_order("walmart.get_order")),
    "walmart.refund_order_lines": lambda shop: shop.refund_order_lines(
        _order("walmart.refund_order_lines"), body("walmart.refund_order_lines").order_refund
    ),
    "walmart.cancel_order_lines": lambda shop: shop.cancel_order_lines(
        _order("walmart.cancel_order_lines"), body("walmart.cancel_order_lines").order_cancellation
    ),
    "walmart.list_returns": lambda shop: shop.list_returns(return_order_id=_order("walmart.refund_return")),
    "walmart.refund_return": lambda shop: shop.refund_return(
        _order("walmart.refund_return"), body("walmart.refund_return")
    ),
    "walmart_ca.get_order": lambda shop: shop.get_order(_order("walmart_ca.get_order")),
    "walmart_ca.refund_order_lines": lambda shop: shop.refund_order_lines(
        _order("walmart_ca.refund_order_lines"), body("walmart_ca.refund_order_lines").order_refund
    ),
    "walmart_ca.cancel_order_lines": lambda shop: shop.cancel_order_lines(
        _order("walmart_ca.cancel_order_lines"), body("walmart_ca.cancel_order_lines").order_cancellation
    ),
    "woocommerce.get_order": lambda shop: shop.get_order(_order("woocommerce.get_order")),
    "woocommerce.list_refunds": lambda shop: shop.list_refunds(_order("woocommerce.list_refunds")),
    "woocommerce.get_refund": lambda shop: shop.get_refund(
        _order("woocommerce.get_refund"), _refund("woocommerce.get_refund")
    ),
    "woocommerce.create_refund": lambda shop: shop.create_refund(
        _order("woocommerce.create_refund"), body("woocommerce.create_refund")
    ),
    "woocommerce.delete_refund": lambda shop: shop.delete_refund(
        _order("woocommerce.delete_refund"), _refund("woocommerce.delete_refund")
    ),
    "woocommerce_legacy.get_order": lambda shop: shop.get_order(_order("woocommerce_legacy.get_order")),
    "woocommerce_legacy.list_refunds": lambda shop: shop.list_refunds(_order("woocommerce_legacy.list_refunds")),
    "woocommerce_legacy.get_refund": lambda shop: shop.get_refund(
        _order("woocommerce_legacy.get_refund"), _refund("woocommerce_legacy.get_refund")
    ),
    "woocommerce_legacy.create_refund": lambda shop: shop.create_refund(
        _order("woocommerce_legacy.create_refund"), body("woocommerce_legacy.create_refund").order_refund
    ),
    "woocommerce_legacy.update_refund": lambda shop: shop.update_refund(
        _order("woocommerce_legacy.update_refund"),
        _refund("woocommerce_legacy.update_refund"),
        body("woocommerce_legacy.update_refund").order_refund,
    ),
    "woocommerce_legacy.delete_refund": lambda shop: shop.delete_refund(
        _order("woocommerce_legacy.delete_refund"), _refund("woocommerce_legacy.delete_refund")
    ),
    "taxcloud.get_order": lambda tax: tax.get_order(_order("taxcloud.get_order")),
    "taxcloud.refund_order": lambda tax: tax.refund_order(
        _order("taxcloud.refund_order"), body("taxcloud.refund_order")
    ),
}
TOKEN = "walmart.create_token"


def call(name: str, way: str, url: str, **options: Any) -> Any:
    """Return the result of the operation, sync or async."""
    if name == TOKEN:
        return _token(way, url)
    opened = connection(name.partition(".")[0], url, **options)
    if way == "sync":
        with opened as client:
            return CALLS[name](client)
    return asyncio.run(_called(opened, CALLS[name]))


async def _called(opened: connect.Connection[Any, Any], act: Callable[[Any], Any]) -> Any:
    async with opened as client:
        return await act(client)


def _token(way: str, url: str) -> Any:
    """Request a token with the generated operation, for which a ready client has no method."""
    import httpx
    from refundkit_apis.walmart.client import Client

    headers = {"WM_SVC.NAME": "tests", "WM_QOS.CORRELATION_ID": "5f0c3e6a-9a68-4f1d-8b53-1f2f6c8f3a10"}
    client = Client(url, auth=httpx.BasicAuth("an-id", "a-secret"), headers=headers, timeout=WITHIN)
    asked = TokenRequest(grant_type="client_credentials")
    if way == "sync":
        with client:
            return create_token.sync(client=client, body=asked)

    async def later() -> Any:
        async with client:
            return await create_token.asyncio(client=client, body=asked)

    return asyncio.run(later())
