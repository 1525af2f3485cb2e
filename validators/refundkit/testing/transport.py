"""httpx transports that ask a server in the same process, without a socket."""

from __future__ import annotations

import time

import httpx

from ..apis.shared.serving import request_of
from .serve import Arrive, Decide


class Transport(httpx.BaseTransport):
    """For httpx.Client."""

    def __init__(self, arrive: Arrive, decide: Decide) -> None:
        self._arrive = arrive
        self._decide = decide

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        arrived = request_of(request.method, str(request.url), request.headers, request.read())
        seconds = self._arrive(arrived)
        time.sleep(seconds)
        answer = self._decide(arrived)
        time.sleep(seconds)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)
