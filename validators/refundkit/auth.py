"""Credentials for the APIs: each an httpx.Auth, for sync and async clients (asyncio), many threads and tasks.

No secret stands in a repr, a log or an error, and none can be pickled. Over plain HTTP nothing is sent but to this
machine (localhost, 127.0.0.0/8, ::1), else NotSent is raised before a byte leaves; only WooCommerceOAuth, which signs,
goes anywhere. What HTTP cannot carry in a header is a ValueError when the object is made.

Redirects: httpx runs an auth once for a call, not for each hop, so that nothing here adds a credential to another
address. But a client with `follow_redirects=True` copies the headers to wherever a server sends it; to another origin
it drops Authorization, and no other header (WM_SEC.ACCESS_TOKEN, X-API-KEY). Leave it off, as httpx does.
"""

from __future__ import annotations

from .apis.taxcloud.auth import TaxCloudKey, TaxCloudToken
from .apis.walmart.auth import WalmartToken
from .apis.walmart_ca.auth import WalmartSignature
from .apis.woocommerce.auth import WooCommerceBasic, WooCommerceOAuth, woocommerce
from .apis.woocommerce_legacy.auth import woocommerce_legacy

__all__ = [
    "TaxCloudKey",
    "TaxCloudToken",
    "WalmartSignature",
    "WalmartToken",
    "WooCommerceBasic",
    "WooCommerceOAuth",
    "woocommerce",
    "woocommerce_legacy",
]
