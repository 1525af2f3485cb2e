"""The spellings of one call in WooCommerce's legacy API: overridden methods and paths."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from ..woocommerce.wire import detours


def spellings(request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Yield each (method, url) that a server may take a request for; its own method and URL are among them.

    The path may stand in `wc-api-route`, and POST and PATCH do where PUT is documented.
    """
    for method, url in detours(request, "wc-api-route", "/wc-api/v3"):
        yield method, url
        if method.upper() in ("POST", "PATCH"):
            yield "PUT", url
