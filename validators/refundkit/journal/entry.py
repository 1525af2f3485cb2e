"""One refund as the journal keeps it, and the protocol of a journal."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

State: TypeAlias = Literal["sending", "made", "recorded_only", "refused", "not_made", "unknown"]
"""What is known of a refund that was begun; the words that an Outcome has, `refused` by the server, and two others."""
HOLDING: tuple[State, ...] = ("sending", "unknown")
"""The states in which a row holds its order: no other refund of it begins."""
COUNTING: tuple[State, ...] = ("made", "recorded_only")
"""The states in which a row counts as an earlier refund."""


class StoredAccount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account of an order line before the refund: what was charged and refunded, and what was refunded after it."""

    name: str
    charged: Decimal = Decimal(0)
    before: Decimal = Decimal(0)
    tax_charged: Decimal = Decimal(0)
    tax_before: Decimal = Decimal(0)
    made: Decimal = Decimal(0)
    tax_made: Decimal = Decimal(0)
    listed: bool = True


class StoredLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order line that the refund names, as it was before it; without texts of people."""

    key: Any
    number: str
    accounts: list[StoredAccount] = []
    statuses: list[tuple[str, str]] = []
    ordered: Decimal = Decimal(0)
    shipped: Decimal = Decimal(0)
    returned: str | msgspec.UnsetType | None = msgspec.UNSET


class Before(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the API told before the refund left: all that is needed to tell later whether it was made.

    `refunds` and `postings` are digests of the earlier refunds and of their amounts, `lines` the lines that it names.
    `moves_no_money` says that no payment gateway was to be asked.
    """

    refunds: list[str] | None = None
    postings: list[str] = []
    lines: list[StoredLine] = []
    moves_no_money: bool = False


class Entry(msgspec.Struct, kw_only=True):
    """A refund in the journal: what was asked, who sends it, and what became of it.

    `order` is the key of the order that the row locks, `url` the address without its query, `body` the request with a
    digest in the place of each text that a person wrote, `digest` that of the body as it was. `attempt` is a number
    that changes each time that the request leaves, 0 before that. Times are seconds since 1970 by the journal's clock.
    """

    id: str = msgspec.field(default_factory=lambda: secrets.token_hex(8))
    order: str
    operation: str
    method: str
    url: str
    path: dict[str, str]
    query: dict[str, str] = {}
    body: str = ""
    digest: str = ""
    idempotency_key: str = ""
    owner: str = ""
    state: State = "sending"
    attempt: int = 0
    before: Before | None = None
    status: int | None = None
    server_id: str = ""
    begun_at: float = 0.0
    left_at: float | None = None
    expires_at: float = 0.0
    finished_at: float | None = None


class Journal(Protocol):
    """Where refunds are written down before they leave. Its methods are short, and safe from many threads and hosts.

    A call takes less time than `lease` seconds; `wait` is how many seconds a refund waits for another of its order.
    """

    lease: float
    wait: float

    def begin(self, entry: Entry) -> Entry | None:
        """Store a row in the state sending, with its times, unless another row holds the order; return that one.

        A row that is sending beyond its expiry becomes unknown first. All of it is one transaction, committed.
        """

    def leave(self, entry: Entry) -> bool:
        """Commit that the request leaves now: `before`, one more `attempt`, a new expiry; return whether it may.

        The first time it may while the row is sending and has not expired; after that, while it is unknown.
        """

    def finish(self, entry: Entry) -> bool:
        """Commit `state`, `status` and `server_id` of a row that holds its order; return False where it does not.

        The row is found by its id and its attempt. What a sender knows of a row that was taken for not made is stored
        as well: made, recorded_only and refused.
        """

    def unresolved(self) -> Iterable[Entry]:
        """Return the rows that are unknown, those whose expiry has passed among them, the oldest first."""

    def earlier(self, order: str) -> Iterable[Entry]:
        """Return the rows of an order that were made, or recorded only, the oldest first."""

    def forget(self, before: float) -> int:
        """Delete the rows that were begun before that time and hold no order; return how many."""
