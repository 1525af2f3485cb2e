"""A ready client for each API: credentials, the guard, retries and typed errors around the generated operations.

    with connect.walmart(client_id, client_secret, market="us") as walmart:
        order = walmart.refund_order_lines("0123456789012", OrderRefund(...))

`async with` gives the async twin. Ids and models go in, the success model comes out; everything else is raised, all of
it a RefundError. Each refund is checked before it is sent, against the order as the API tells it at that moment, and no
refund that may have been made is ever sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, Unpack, cast

import httpx

from . import auth as credentials
from . import operations
from .client.connection import Connection, Options, ready_module
from .client.retry import Retry
from .errors import UsageError
from .hosts import is_placeholder
from .text import suggest_name

if TYPE_CHECKING:
    from refundkit_apis.taxcloud.ready import AsyncTaxcloudClient, TaxcloudClient
    from refundkit_apis.walmart.ready import AsyncWalmartClient, WalmartClient
    from refundkit_apis.walmart_ca.ready import AsyncWalmartCaClient, WalmartCaClient
    from refundkit_apis.woocommerce.ready import AsyncWoocommerceClient, WoocommerceClient
    from refundkit_apis.woocommerce_legacy.ready import AsyncWoocommerceLegacyClient, WoocommerceLegacyClient

__all__ = [
    "Connection",
    "Options",
    "Retry",
    "api",
    "taxcloud",
    "walmart",
    "walmart_ca",
    "walmart_ca_signed",
    "woocommerce",
    "woocommerce_legacy",
]


def api(
    name: str, *, base_url: str | None = None, auth: httpx.Auth | None = None, **options: Any
) -> Connection[Any, Any]:
    """Return the client of any API generated from specs/, by name, with any httpx credentials.

    `options` are those of Options, and the ids that are the same for all calls, such as `connection_id` of
    taxcloud. Raises ValueError for an unknown API, TypeError for an unknown option and for what is missing: an id, or
    `base_url` where every shop has an address of its own.
    """
    if name not in operations.APIS:
        raise UsageError(f"unknown API {name!r}{suggest_name(name, operations.APIS)}")
    if base_url:
        options["base_url"] = base_url
    elif is_placeholder(httpx.URL(operations.bundle(name).servers[0]).host):
        raise UsageError(f"{name} has no address of its own: give base_url=")
    id_names: tuple[str, ...] = ready_module(name).GIVEN_ONCE
    missing = [id_name for id_name in id_names if id_name not in options]
    if missing:
        raise UsageError(f"{name} needs {' and '.join(missing)} for every call: give it here")
    ids = {id_name: options.pop(id_name) for id_name in id_names}
    return Connection(name, auth, cast("Options", options), ids)


def walmart(
    client_id: str, client_secret: str, *, market: Literal["us", "ca"] = "us", **options: Unpack[Options]
) -> Connection[WalmartClient, AsyncWalmartClient]:
    """Walmart's marketplace API, US or Canada, with client id and secret from Walmart's developer portal.

    Raises ValueError for credentials that no header can hold. See Options for `options`.
    """
    return api("walmart", auth=credentials.WalmartToken(client_id, client_secret, market=market), **options)


def walmart_ca(
    client_id: str, client_secret: str, channel_type: str, **options: Unpack[Options]
) -> Connection[WalmartCaClient, AsyncWalmartCaClient]:
    """Walmart's older Canadian orders API, XML on the wire, with client id, secret and the seller's channel type.

    `walmart(market="ca")` is what replaces it. Raises ValueError for credentials that no header can hold.
    """
    token = credentials.WalmartToken(client_id, client_secret, market="ca", channel=channel_type)
    return api("walmart_ca", auth=token, **options)


def walmart_ca_signed(
    consumer_id: str, private_key: str, channel_type: str, **options: Unpack[Options]
) -> Connection[WalmartCaClient, AsyncWalmartCaClient]:
    """As walmart_ca, for sellers who still sign their requests.

    `private_key` is an RSA key: PKCS#8 in base64, as Walmart hands it out, or PEM. Raises ValueError for what is none.
    """
    return api("walmart_ca", auth=credentials.WalmartSignature(consumer_id, private_key, channel_type), **options)


def woocommerce(
    url: str, consumer_key: str, consumer_secret: str, **options: Unpack[Options]
) -> Connection[WoocommerceClient, AsyncWoocommerceClient]:
    """The REST API (wc/v3) of the WooCommerce shop at `url`, with a key that may read and write.

    Over https:// the key goes as Basic, over http:// it signs (OAuth 1.0a), as shops ask for. Raises ValueError for
    another URL.
    """
    options["base_url"] = url
    return api("woocommerce", auth=credentials.woocommerce(url, consumer_key, consumer_secret), **options)


def woocommerce_legacy(
    url: str, consumer_key: str, consumer_secret: str, **options: Unpack[Options]
) -> Connection[WoocommerceLegacyClient, AsyncWoocommerceLegacyClient]:
    """As woocommerce, for the legacy REST API, which is a plugin since WooCommerce 9."""
    auth = credentials.woocommerce_legacy(url, consumer_key, consumer_secret)
    options["base_url"] = url
    return api("woocommerce_legacy", auth=auth, **options)


def taxcloud(
    connection_id: str, *, api_key: str = "", token: str = "", **options: Unpack[Options]
) -> Connection[TaxcloudClient, AsyncTaxcloudClient]:
    """TaxCloud, for one connection (store), with an API key or a bearer token.

    Raises ValueError unless there is one of the two.
    """
    if bool(api_key) == bool(token):
        raise UsageError("give api_key or token, and not both")
    auth = credentials.TaxCloudKey(api_key) if api_key else credentials.TaxCloudToken(token)
    return api("taxcloud", auth=auth, connection_id=connection_id, **options)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> NoReturn:
        """Raise AttributeError that suggests the nearest API; hidden from type checkers, which know the names."""
        nearest = suggest_name(name, __all__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{nearest}")
