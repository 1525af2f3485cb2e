"""What an API's screen.py declares: which requests the proof may take as fine, as a second statement of its rules.

The schema says what a document holds; a screen narrows it, place by place, until the rules that it names can find
nothing but what two or three comparisons of captured values tell. It is read beside those rules: each stands here with
a digest of its source, and a rule that has changed since, or that stands in no screen, switches the proof off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

import msgspec

from .request import Request

UNIT = 10_000
"""Captured amounts are whole numbers of 0.0001."""

Row: TypeAlias = list[Any]
Tables: TypeAlias = list[list[Row]]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a screen asks of one place beyond its schema, and what it captures there.

    `row` names the table in which each object at this place (or each entry of a map, with its key as first column)
    opens a row; a row begins with the number of the row around it. `column` is the table's next column: the value there
    is captured (of a list that it is there), as a whole number of 0.0001 where `decimals` says how few and how many an
    amount may have. `lowest` and `highest` bound it; `shared` values may stand in several places and have to be the
    same. `needs` are fields that the schema does not require, `branch` is the alternative of an `anyOf`, and `schema`
    stands for one that says nothing.
    """

    row: str = ""
    column: str = ""
    allowed: Collection[str] | None = None
    refused: Collection[str] = ()
    needs: Collection[str] = ()
    minimum: int = 0
    decimals: tuple[int, int] | None = None
    lowest: int | None = None
    highest: int | None = None
    as_text: bool = False
    shared: bool = False
    branch: int = -1
    schema: Mapping[str, Any] | None = None


ABSENT = Place(branch=-2)
"""Nothing may stand here."""


class ProvenHistory(msgspec.Struct):
    """The refunds of one order and one operation in an audit, as far as each was proven fine.

    `last` is the newest, which counts for the next ones once it is committed. With `ignores_told` the refunds that the
    order itself tells are these.
    """

    ignores_told: bool
    bodies: list[Tables] = []
    last: Tables = []

    def commit(self) -> None:
        """Count the last refund as made."""
        self.bodies.append(self.last)


class Context(msgspec.Struct):
    """What came with a body: its order and earlier refunds, None where they were not given, and the history."""

    order: Tables
    refunds: Tables | None
    history: ProvenHistory

    @property
    def before(self) -> list[Tables]:
        """The bodies of earlier refunds."""
        return self.history.bodies


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """The screen of one operation: of its body, and of the documents that come with it, each by the path of a place.

    `fits` compares what was captured of the body; `fits_order` returns the parts that an order with its earlier refunds
    then is (ORDER, REFUNDS, REFUNDED_ITEMS), 0 for "don't know". `rules` are digests, by the ids of the rules; RF005 is
    that of the order's model. Where `varying_headers` are named, sets of headers are remembered that no rule said
    anything of: those are ids, another in each request, of which no rule reads more than whether their schema takes
    them and whether they are a sample.
    """

    rules: Mapping[str, str]
    body: Mapping[str, Place]
    fits: Callable[[Request, Tables], bool]
    order: Mapping[str, Place]
    fits_order: Callable[[Request, Tables, Context], int]
    refunds: Mapping[str, Place] | None = None
    varying_headers: Collection[str] | None = None


def read_digests(text: str) -> dict[str, str]:
    """Return the digests of rules by their ids, from pairs such as `RF203:0e79c4ba`."""
    pairs = (pair.partition(":") for pair in text.split())
    return {code: digest for code, _, digest in pairs}
