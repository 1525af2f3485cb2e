"""A ready client for each API: credentials, the guard, retries and typed errors around the generated operations.

    with connect.walmart(client_id, client_secret, market="us") as walmart:
        order = walmart.refund_order_lines("0123456789012", OrderRefund(...))

`async with` gives the async twin. Ids and models go in, the success model comes out; everything else is raised, all of
it a RefundError. Each refund is checked before it is sent, against the order as the API tells it at that moment, and no
refund that may have been made is ever sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn, Unpack

from . import auth
from .client.connection import Connection, Options
from .client.retry import Retry
from .text import suggest_name

if TYPE_CHECKING:
    from .apis.taxcloud.client import AsyncTaxCloud, TaxCloud
    from .apis.walmart.client import AsyncWalmart, Walmart
    from .apis.walmart_ca.client import AsyncWalmartCA, WalmartCA
    from .apis.woocommerce_legacy.client import AsyncWooCommerce, WooCommerce

__all__ = [
    "Connection",
    "Options",
    "Retry",
    "taxcloud",
    "walmart",
    "walmart_ca",
    "walmart_ca_signed",
    "woocommerce_legacy",
]


def walmart(
    client_id: str, client_secret: str, *, market: Literal["us", "ca"] = "us", **options: Unpack[Options]
) -> Connection[Walmart, AsyncWalmart]:
    """Walmart's marketplace API, US or Canada, with client id and secret from Walmart's developer portal.

    Raises ValueError for credentials that no header can hold. See Options for `options`.
    """
    from .apis.walmart.client import AsyncWalmart, Walmart

    token = auth.WalmartToken(client_id, client_secret, market=market)
    return Connection("walmart", token, options, Walmart, AsyncWalmart)


def walmart_ca(
    client_id: str, client_secret: str, channel_type: str, **options: Unpack[Options]
) -> Connection[WalmartCA, AsyncWalmartCA]:
    """Walmart's older Canadian orders API, XML on the wire, with client id, secret and the seller's channel type.

    `walmart(market="ca")` is what replaces it. Raises ValueError for credentials that no header can hold.
    """
    from .apis.walmart_ca.client import AsyncWalmartCA, WalmartCA

    token = auth.WalmartToken(client_id, client_secret, market="ca", channel=channel_type)
    return Connection("walmart_ca", token, options, WalmartCA, AsyncWalmartCA)


def walmart_ca_signed(
    consumer_id: str, private_key: str, channel_type: str, **options: Unpack[Options]
) -> Connection[WalmartCA, AsyncWalmartCA]:
    """As walmart_ca, for sellers who still sign their requests.

    `private_key` is an RSA key: PKCS#8 in base64, as Walmart hands it out, or PEM. Raises ValueError for what is none.
    """
    from .apis.walmart_ca.client import AsyncWalmartCA, WalmartCA

    signature = auth.WalmartSignature(consumer_id, private_key, channel_type)
    return Connection("walmart_ca", signature, options, WalmartCA, AsyncWalmartCA)


def woocommerce_legacy(
    url: str, consumer_key: str, consumer_secret: str, **options: Unpack[Options]
) -> Connection[WooCommerce, AsyncWooCommerce]:
    """The legacy REST API of the WooCommerce shop at `url`, with a key that may read and write.

    Over https:// the key goes as Basic, over http:// it signs (OAuth 1.0a), as shops ask for. Raises ValueError for
    another URL.
    """
    from .apis.woocommerce_legacy.client import AsyncWooCommerce, WooCommerce

    own = auth.woocommerce_legacy(url, consumer_key, consumer_secret)
    return Connection("woocommerce_legacy", own, {**options, "base_url": url}, WooCommerce, AsyncWooCommerce)


def taxcloud(
    connection_id: str, *, api_key: str = "", token: str = "", **options: Unpack[Options]
) -> Connection[TaxCloud, AsyncTaxCloud]:
    """TaxCloud, for one connection (store), with an API key or a bearer token.

    Raises ValueError unless there is one of the two.
    """
    from .apis.taxcloud.client import AsyncTaxCloud, TaxCloud

    if bool(api_key) == bool(token):
        raise ValueError("give api_key or token, and not both")
    own = auth.TaxCloudKey(api_key) if api_key else auth.TaxCloudToken(token)
    return Connection(
        "taxcloud",
        own,
        options,
        lambda link: TaxCloud(link, connection_id),
        lambda link: AsyncTaxCloud(link, connection_id),
    )


if not TYPE_CHECKING:

    def __getattr__(name: str) -> NoReturn:
        """Name the nearest API where there is none of that name; type checkers know the names without it."""
        nearest = suggest_name(name, __all__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{nearest}")
