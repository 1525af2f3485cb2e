"""A time limit for a request and all of its answer, however slowly the bytes come."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread
from typing import cast

import httpx


class TimeLimitTransport(httpx.BaseTransport):
    """A transport whose exchanges, a request and its whole answer, take no longer than `seconds`.

    httpx's timeouts are for each piece that arrives, so that a server that sends a byte now and then is never too late.
    Where `seconds` is None the limit is the sum of the request's timeouts, or none if one of them is None. An exchange
    runs in a thread of its own; one that is too late raises httpx.ReadTimeout and is left to itself. Without a limit,
    which is math.inf, it runs in the thread of the caller.
    """

    def __init__(self, transport: httpx.BaseTransport, seconds: float | None) -> None:
        self._transport = transport
        self._seconds = seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        seconds = find_limit(self._seconds, request)
        answer: Future[httpx.Response] = Future()
        if seconds is None:
            self._exchange(request, answer)
            return answer.result()
        Thread(target=copy_context().run, args=(self._exchange, request, answer), daemon=True).start()
        try:
            wait([answer], seconds)
        except BaseException:  # the program ends
            answer.cancel()
            raise
        if answer.cancel():
            raise _too_late(request, seconds)
        return answer.result()

    def close(self) -> None:
        self._transport.close()

    def _exchange(self, request: httpx.Request, answer: Future[httpx.Response]) -> None:
        """Send the request, and set the answer or the error unless the caller has gone."""
        try:
            response = self._transport.handle_request(request)
            content = _Content()
            content.read(cast("httpx.SyncByteStream", response.stream), answer.cancelled)
        except BaseException as error:
            if answer.set_running_or_notify_cancel():
                answer.set_exception(error)
        else:
            if answer.set_running_or_notify_cancel():
                answer.set_result(_with_content(response, content))


class AsyncTimeLimitTransport(httpx.AsyncBaseTransport):
    """As TimeLimitTransport, for an async client, and without threads."""

    def __init__(self, transport: httpx.AsyncBaseTransport, seconds: float | None) -> None:
        self._transport = transport
        self._seconds = seconds

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        seconds = find_limit(self._seconds, request)
        limit = asyncio.timeout(seconds)
        try:
            async with limit:
                response = await self._transport.handle_async_request(request)
                content = _Content()
                await content.read_async(cast("httpx.AsyncByteStream", response.stream))
        except TimeoutError:
            if seconds is not None and limit.expired():
                raise _too_late(request, seconds) from None
            raise
        return _with_content(response, content)

    async def aclose(self) -> None:
        await self._transport.aclose()


def find_limit(seconds: float | None, request: httpx.Request) -> float | None:
    """Return the seconds that an exchange may take; None for no limit."""
    if seconds is None:
        timeouts = list(request.extensions.get("timeout", {}).values())
        seconds = sum(timeouts) if timeouts and None not in timeouts else math.inf
    return None if seconds == math.inf else seconds


def _too_late(request: httpx.Request, seconds: float) -> httpx.ReadTimeout:
    return httpx.ReadTimeout(f"the answer was not complete after {seconds:g} seconds", request=request)


class _Content(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The content of an answer, read to its end; where it broke off, whoever reads it gets the error."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._error: Exception | None = None

    def read(self, stream: httpx.SyncByteStream, is_unwanted: Callable[[], bool]) -> None:
        """Read a stream until nobody wants it any more, and close it."""
        try:
            for chunk in stream:
                self._chunks.append(chunk)
                if is_unwanted():
                    return
        except Exception as error:
            self._error = error
        finally:
            stream.close()

    async def read_async(self, stream: httpx.AsyncByteStream) -> None:
        """Read a stream, and close it."""
        try:
            async for chunk in stream:
                self._chunks.append(chunk)
        except Exception as error:
            self._error = error
        finally:
            await stream.aclose()

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        if self._error is not None:
            raise self._error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


def _with_content(response: httpx.Response, content: _Content) -> httpx.Response:
    """Return the response with its content as it came."""
    return httpx.Response(
        response.status_code, headers=response.headers, stream=content, extensions=response.extensions
    )
