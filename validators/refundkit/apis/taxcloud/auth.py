"""The credentials of TaxCloud: a bearer token or an API key."""

from __future__ import annotations

from collections.abc import Generator

import httpx

from ..shared.credentials import Secret, refuse_plain_http, require_sendable


class TaxCloudToken(httpx.Auth):
    """A bearer token of TaxCloud."""

    def __init__(self, token: str) -> None:
        self._value = Secret(f"Bearer {require_sendable('token', token)}")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        refuse_plain_http(request)
        request.headers["Authorization"] = self._value.text
        yield request


class TaxCloudKey(httpx.Auth):
    """An API key of TaxCloud."""

    def __init__(self, key: str) -> None:
        self._value = Secret(require_sendable("key", key))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        refuse_plain_http(request)
        request.headers["X-API-KEY"] = self._value.text
        yield request
