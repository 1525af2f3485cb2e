"""Which refunds of returns the proof takes as fine: of lines that nothing is under way for."""

from __future__ import annotations

from ...request import Request
from ...rule import ORDER as ORDER_GIVEN
from ...rule import REFUNDED_ITEMS, REFUNDS
from ...screen import Context, Place, Screen, Tables, read_digests

_PIECES = (0, 4)
VARYING_HEADERS = ("wm_qos.correlation_id",)
BODY = {
    "": Place(row="refund"),
    "customerOrderId": Place(column="refund.order"),
    "refundLines[]": Place(row="lines"),
    "refundLines[].returnOrderLineNumber": Place(column="lines.number", decimals=(0, 0), lowest=0),
    "refundLines[].quantity.measurementValue": Place(column="lines.pieces", decimals=_PIECES),
}
_LINE = "returnOrders[].returnOrderLines[]"
ORDER = {
    "returnOrders[]": Place(row="returns"),
    "returnOrders[].returnOrderId": Place(column="returns.id"),
    "returnOrders[].customerOrderId": Place(column="returns.order"),
    "returnOrders[].returnType": Place(column="returns.type"),
    _LINE: Place(row="lines"),
    f"{_LINE}.returnOrderLineNumber": Place(column="lines.number", decimals=(0, 0), lowest=0),
    f"{_LINE}.quantity.measurementValue": Place(column="lines.pieces", decimals=_PIECES, lowest=0),
    f"{_LINE}.refundedQty.measurementValue": Place(column="lines.refunded", decimals=_PIECES),
    f"{_LINE}.status": Place(column="lines.status"),
    f"{_LINE}.currentRefundStatus": Place(column="lines.refund_status"),
    f"{_LINE}.returnTrackingDetail[]": Place(row="events"),
    f"{_LINE}.returnTrackingDetail[].eventTag": Place(column="events.tag"),
}


def fits(request: Request, body: Tables) -> bool:
    """Return True: no rule compares two places of such a body."""
    return True


def fits_order(request: Request, body: Tables, context: Context) -> int:
    """Compare the pieces of each line with what is left of it, and look at its states."""
    returns, lines, events = context.order
    (refund,), entries = body
    if len(returns) != 1 or not _is_return(request, refund[1], *returns[0][1:]):
        return 0
    ignores_told = context.history.ignores_told
    left = {line[1]: line[2] - (0 if ignores_told else abs(line[3] or 0)) for line in lines}
    states = [(line[1], state) for line in lines for state in line[4:]]
    states += [(lines[line][1], tag) for line, tag in events]
    begun = {number for number, state in states if state and _is_begun(state.upper())}
    if len(left) < len(lines):
        return 0
    for _, older_entries in context.before:
        _take(left, older_entries)
    numbers = {entry[1] for entry in entries}
    if begun & numbers or any(left.get(number, 0) <= 0 for number in numbers):
        return 0
    _take(left, entries)
    return ORDER_GIVEN | REFUNDS | REFUNDED_ITEMS if all(left[number] >= 0 for number in numbers) else 0


def _is_return(request: Request, order_id: str, return_id: str, told_id: str | None, kind: str | None) -> bool:
    """Return whether this is the return of the path and the customer order of the body, and none for a replacement."""
    is_of_path = request.path is None or request.path.get("returnOrderId") in (None, return_id)
    return is_of_path and (not told_id or not order_id or told_id == order_id) and (kind or "").upper() != "REPLACEMENT"


def _is_begun(state: str) -> bool:
    """Return whether a state says that the refund was begun, or that the return was cancelled."""
    return state in ("CANCELLED", "RETURN_CANCELLED", "COMPLETED") or state.startswith("REFUND_")


def _take(left: dict[int, int], entries: list[list[int]]) -> None:
    """Take off what a refund gives back: pieces that it names, then the rest of lines without a number."""
    for _, number, pieces in entries:
        if pieces is not None and number in left:
            left[number] -= pieces
    for _, number, pieces in entries:
        if pieces is None and number in left:
            left[number] = min(left[number], 0)


_RULES = read_digests("""
    RF005:fe9123c5 RF301:49edaa68 RF327:e8b54859 RF328:fe3cf9c3 RF329:669e5619 RF401:1ffad1c4 RF502:f6de79dd
    RF503:a2bc3343 RF504:71dafa36 RF505:dff56fd1 RF506:b120fd17 RF508:856a577b RF509:04e3f5e6 RF510:3352718f
    RF512:87ac6fc8
""")
REFUND_RETURN = Screen(
    rules=_RULES, body=BODY, fits=fits, order=ORDER, fits_order=fits_order, varying_headers=VARYING_HEADERS
)
