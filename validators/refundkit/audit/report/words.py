"""Texts and numbers of the findings -> words of the page."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import quote

from ...money import decimals, places
from ...text import make_printable, mask_numbers
from .totals import Money

# How many currencies a cell shows, and how many characters of a text the page.
_MOST_SUMS, _LONGEST = 6, 400
_NO_CURRENCY = "no currency"


def clean_text(text: str) -> str:
    """Mask a text of the data, escape its control characters and cut it to a length."""
    clean = make_printable(mask_numbers(text))
    return clean if len(clean) <= _LONGEST else f"{clean[: _LONGEST - 1]}…"


def format_amount(value: Decimal, currency: str) -> str:
    """Format an exact amount with the decimals of its currency, or as many more as it has: 1,234.50."""
    return f"{value:,.{max(decimals(currency) or 0, places(value))}f}"


def format_sums(money: Money, order: Sequence[str]) -> list[str]:
    """Format every sum with its currency, in the order of the currencies."""
    currencies = [currency for currency in order if currency in money]
    texts = [f"{format_amount(money[currency], currency)} {name_currency(currency)}" for currency in currencies]
    hidden = len(currencies) - _MOST_SUMS
    return [*texts[:_MOST_SUMS], f"and {hidden:,} currencies more"] if hidden > 0 else texts


def name_currency(currency: str) -> str:
    """Return a currency's name, or words for none."""
    return clean_text(currency) or _NO_CURRENCY


def format_count(count: int, noun: str) -> str:
    """Format a number with its noun: 1 request, 2,000 requests."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def format_share(part: int, total: int) -> str:
    """Format a share in percent, cut and never rounded up: what is not all is not called 100 %."""
    if not total:
        return "0 %"
    tenths = part * 1000 // total
    return "under 0.1 %" if part and not tenths else f"{tenths // 10}.{tenths % 10} %"


def make_filter(key: str, text: str) -> str:
    """Make the part of an address behind # that filters the table of findings."""
    return f"{key}={quote(text, safe='')}"
