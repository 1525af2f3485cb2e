"""Opens an order with its earlier refunds, for what needs no request: what is left of it, and a draft."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from refundkit_apis._runtime.codec import encode

from . import apis, operations
from .checking.context import read_order, read_refunds
from .errors import Finding, RefundNotChecked, Report, UsageError
from .ledger import Ledger, OrderModel, Refund, UnreadableError, add_items, open_ledger
from .operations import Operation
from .order_key import ids_of_order
from .rule import REGISTRY
from .text import mask_numbers


class OpenedOrder(NamedTuple):
    """An order and the list of its refunds as models, its ledger with all earlier refunds, and a request's path.

    `earlier` are the earlier refunds; None if nobody knows whether there were any.
    """

    operation: Operation
    order: Any
    refunds: Any
    earlier: list[Refund] | None
    ledger: Ledger
    path: dict[str, str]

    @property
    def model(self) -> OrderModel:
        """The order model of the operation."""
        return apis.order_model(self.operation.name)


def open_order(operation: str, order: object, refunds: object = None) -> OpenedOrder:
    """Open an order for an operation that refunds or cancels; call it within `exact()`.

    Raises ValueError for an operation that has no order, RefundNotChecked for an order or refunds that are none.
    """
    described = operations.get(operation)
    if not described.described.context.get("order"):
        raise UsageError(f"{operation} is about no order")
    text = as_text(order)
    order_model, problems = read_order(described, text)
    refund_models = None
    if refunds is not None:
        refund_models, refund_problems = read_refunds(described, as_text(refunds))
        problems = [*problems, *refund_problems]
    model = apis.order_model(described.name)
    path = ids_of_order(described.name, text)
    if order_model is None or problems:
        raise _not_read(operation, (finding for _, finding in problems))
    try:
        mismatches = list(model.context_mismatches(path, None, order_model, refund_models))
        if mismatches:
            raise _not_read(operation, mismatches)
        listed = None if refund_models is None else model.read_refunds(refund_models)
        in_order = add_items(model.refunds_in_order(order_model), listed)
        ledger = open_ledger(model, order_model, listed, in_order)
    except UnreadableError as error:
        message = f"this is no get-order response of the API: {error}"
        raise _not_read(operation, [Finding(pointer="order:", message=message)]) from None
    sources = [source for source in (listed, in_order) if source is not None]
    return OpenedOrder(described, order_model, refund_models, max(sources, key=len, default=None), ledger, path)


def as_text(part: object) -> bytes:
    """Return an order or a list of refunds as JSON text; bytes and text are taken as they are."""
    if isinstance(part, bytes):
        return part
    return part.encode() if isinstance(part, str) else encode(part)


def _not_read(operation: str, problems: Iterable[Finding]) -> RefundNotChecked:
    messages = [mask_numbers(problem.message) for problem in problems] or ["this is no get-order response of the API"]
    rule = REGISTRY["RF005"]
    findings = [
        Finding(code=rule.code, name=rule.name, pointer="order:", message=message, operation=operation)
        for message in messages
    ]
    return RefundNotChecked(Report(operation=operation, findings=tuple(findings), not_run=()), "; ".join(messages))
