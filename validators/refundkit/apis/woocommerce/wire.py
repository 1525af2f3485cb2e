"""The spellings of one call that WordPress knows: overridden methods, and paths in the query."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import httpx

# PHP replaces these characters in the name of a query parameter.
_LIKE_UNDERSCORE = str.maketrans(". [", "___")


def spellings(request: httpx.Request) -> Iterator[tuple[str, str]]:
    """Yield each (method, url) that a server may take a request for; its own method and URL are among them."""
    return detours(request, "rest_route", "/wp-json")


def detours(request: httpx.Request, route_parameter: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Yield each (method, url) of a request whose path may stand in a parameter of the query.

    A method may stand in `_method` or X-HTTP-Method-Override. Names in the query are read as PHP reads them.
    """
    url = request.url
    query = [(_php_name(name), value) for name, value in url.params.multi_items()]
    methods = [value for name, value in query if name == "_method"]
    methods += [request.headers.get("X-HTTP-Method-Override", ""), request.method]
    methods = list(filter(None, methods))
    origin, sent_query = f"{url.scheme}://{url.netloc.decode('ascii')}", url.query.decode("ascii")
    routes = [f"{origin}{prefix}/{quote(value)}?{sent_query}" for name, value in query if name == route_parameter]
    for address in (str(url), *routes):
        for method in methods:
            yield method, address


def _php_name(name: str) -> str:
    """Return the name of a query parameter as PHP reads it: `.method` is `_method`, and a NUL ends it."""
    return name.partition("\0")[0].lstrip().translate(_LIKE_UNDERSCORE)
