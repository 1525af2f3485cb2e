"""An httpx transport that calls a server in the same process, without a socket."""

from __future__ import annotations

import time

import httpx

from ..apis.shared.serving import make_request
from .serve import Arrive, Decide


class Transport(httpx.BaseTransport):
    """The transport of an httpx.Client; waits as the server's delay says."""

    def __init__(self, arrive: Arrive, decide: Decide) -> None:
        self._arrive = arrive
        self._decide = decide

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        server_request = make_request(request.method, str(request.url), request.headers, request.read())
        seconds = self._arrive(server_request)
        time.sleep(seconds)
        answer = self._decide(server_request)
        time.sleep(seconds)
        if answer is None:
            raise httpx.ReadError("the answer is lost", request=request)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)
