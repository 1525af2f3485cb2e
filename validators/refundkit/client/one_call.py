"""The reading and the draft of a refund that is made in one call; the guard checks and sends it like any other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx
import msgspec
from refundkit_apis._runtime.client import Client, Response
from refundkit_apis._runtime.errors import NotSent, RefundError

from .. import operations, routes
from ..checking.check import check
from ..drafting import Draft, draft
from ..errors import Finding, RefundNotChecked, Report
from ..routes import Match
from ..rule import REGISTRY
from ..text import mask_numbers
from .attempt import Context
from .call import Call
from .context import context_sources


class OrderReading(msgspec.Struct, frozen=True):
    """How the order of a refund is read before there is a body: as `call`, for a request that never leaves."""

    match: Match
    request: httpx.Request
    call: Call

    @classmethod
    def of(cls, name: str, ids: tuple[str, ...], client: Client, pool: httpx.Client | httpx.AsyncClient) -> Self:
        """Make it of a refunding operation's name and ids. Raises NotSent for ids that no path can hold."""
        operation = operations.get(name)
        method, path = operation.described.method, Call(operation=operation, ids=ids).log_path
        request = pool.build_request(method, path, timeout=client.timeout)
        match = routes.match(method, str(request.url))
        if match is None or match.operation.name != name:
            raise NotSent(f"not sent: {' and '.join(map(repr, ids))} lead to no order")
        source = context_sources(operation)["order"].operation
        own_ids = tuple(match.path[parameter.name] for parameter in source.parameters("path"))
        return cls(match, request, Call(operation=source, ids=own_ids))

    @contextmanager
    def wrapping_errors(self) -> Iterator[None]:
        """Raise RefundNotChecked where the order cannot be read, as the guard does."""
        try:
            yield
        except RefundError as error:
            name, why, rule = self.match.operation.name, mask_numbers(str(error)), REGISTRY["RF006"]
            message = f"the order could not be read: {why}"
            unread = Finding(code=rule.code, name=rule.name, operation=name, pointer="order:", message=message)
            raise RefundNotChecked(Report(operation=name, findings=(unread,), not_run=()), why) from error

    def draft(self, context: Context, wanted: Any, options: dict[str, Any]) -> Draft:
        """Draft what is wanted of the order that was read. Raises DraftError, and RefundBlocked for another order."""
        name, path = self.match.operation.name, self.match.path
        drafted = draft(name, context.order, wanted, refunds=context.refunds, **options)
        report = check(name, drafted.body, order=context.order, refunds=context.refunds, path=path, require=("order",))
        report.raise_for_errors()
        return msgspec.structs.replace(drafted, report=report)


def as_answer(context: Context) -> Response[Context]:
    """Return what was read as the answer to a call."""
    return Response(200, {}, context, httpx.Response(200))
