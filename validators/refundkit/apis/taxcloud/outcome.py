"""What TaxCloud's answer to a refund proves: it is the refund, alone or as a list of one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ...ledger import Refund
from ..shared.sent import SentRefund, Snapshot

if TYPE_CHECKING:
    from refundkit_apis.taxcloud import models as tc

LOG = logging.getLogger("refundkit")


def find_contradiction(
    sent: SentRefund, refund: Refund, before: Snapshot, answer: tc.Refund | list[tc.Refund]
) -> str | None:
    """Return what shows that the answer is of another connection, or of other items than were asked."""
    refunds = answer if isinstance(answer, list) else [answer]
    if not refunds:
        LOG.warning("%s: the answer shows no refund of order %s", sent.operation.name, sent.path["orderId"])
        return None
    if any(sent.model.context_mismatches(sent.path, None, None, refunds)):
        return f"the answer is of another connection than {sent.path['connectionId']}"
    asked, *answered = map(_without_indexes, (refund, *sent.model.read_refunds(refunds)))
    if refund.lines and not any(sent.model.is_same_refund(asked, each) for each in answered):
        return "the answer is a refund of other items than were asked"
    return None


def _without_indexes(refund: Refund) -> Refund:
    """Return a refund by items alone: nothing says what the index in an answer counts."""
    return Refund([posting for posting in refund.postings if not isinstance(posting.line, tuple)])
