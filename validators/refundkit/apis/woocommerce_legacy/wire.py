"""The spellings of one call in WooCommerce's legacy API: overridden methods and paths."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx

# PHP replaces these characters in the name of a query parameter.
_LIKE_UNDERSCORE = str.maketrans(". [", "___")


def spellings(request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Yield each (method, url) that a server may take a request for; its own method and URL are among them.

    A method may stand in `_method` or X-HTTP-Method-Override, the path in `wc-api-route`; POST and PATCH do where PUT
    is documented. Names in the query are read as PHP reads them.
    """
    url = request.url
    query = [(_php_name(name), value) for name, value in url.params.multi_items()]
    methods = [value for name, value in query if name == "_method"]
    methods += [request.headers.get("X-HTTP-Method-Override", ""), request.method]
    methods += ["PUT" for method in methods if method.upper() in ("POST", "PATCH")]
    origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
    routes = [
        f"{origin}/wc-api/v3/{quote(value)}?{url.query.decode('ascii')}"
        for name, value in query
        if name == "wc-api-route"
    ]
    for address in (str(url), *routes):
        for method in methods:
            yield method, address


def _php_name(name: str) -> str:
    """Return the name of a query parameter as PHP reads it: `.method` is `_method`, and a NUL ends it."""
    return name.partition("\0")[0].lstrip().translate(_LIKE_UNDERSCORE)
