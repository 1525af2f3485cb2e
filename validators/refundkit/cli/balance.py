"""`refundkit balance`: what was charged, refunded and is left of an order."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from shutil import get_terminal_size
from textwrap import wrap

import msgspec
from refundkit_apis._runtime.codec import encode

from ..balances import Balance, balance
from ..drafting import write_money
from ..errors import RefundNotChecked, SourceError
from ..money import ZERO, plain
from .arguments import CLEAN
from .orders import OrderFiles, add_order_arguments, read_order_files

_COLUMNS = ("charged", "refunded", "left", "refundable")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit balance`."""
    add_order_arguments(parser)
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Print the balance. Raises UsageError, and SourceError for files that are no order."""
    found = find_balance(read_order_files(options), options.order)
    if options.output_format == "json":
        print(msgspec.json.format(encode(found), indent=2).decode())
    else:
        print("\n".join(table(found, get_terminal_size().columns)))
    return CLEAN


def find_balance(files: OrderFiles, shown: str) -> Balance:
    """Return what is left of the order in a file, which is `shown` in messages. Raises SourceError."""
    try:
        return balance(files.operation.name, files.order, files.refunds)
    except (ValueError, RefundNotChecked) as error:
        raise SourceError(f"{shown}: {error}") from None


def table(found: Balance, width: int) -> Iterator[str]:
    """Yield the lines of the table; on a narrow terminal each account has a line a column."""
    rows = list(_rows(found))
    order = ", ".join(f"{name} {value}" for name, value in found.order.items())
    yield f"{order}{', ' + found.currency if found.currency else ''}"
    cells = [(label, *figures) for label, figures in rows if figures]
    sizes = [max(map(len, column)) for column in zip(("", *_COLUMNS), *cells, strict=True)]
    is_wide = sum(sizes) + 2 * (len(sizes) - 1) <= width
    longest = max((len(figure) for _, figures in rows for figure in figures), default=0)
    if is_wide:
        yield _align(("", *_COLUMNS), sizes)
    for label, figures in rows:
        if not figures:
            yield from wrap(label, max(width, 20), subsequent_indent="  ")
        elif is_wide:
            yield _align((label, *figures), sizes)
        else:
            yield label
            for name, figure in zip(_COLUMNS, figures, strict=True):
                yield f"    {name:<10}  {figure.rjust(longest)}"


def _rows(found: Balance) -> Iterator[tuple[str, list[str]]]:
    """Yield label and figures of each account and each tax, below the label of their line."""
    for line in found.lines:
        yield f"{line.line or 'the order'}{': ' + line.obstacle if line.obstacle else ''}", []
        for account in line.accounts:
            figures = (account.charged, account.refunded, account.left, account.refundable)
            is_money = account.unit == "money"
            yield (
                f"  {account.account}",
                [write_money(figure, found.currency) if is_money else plain(figure) for figure in figures],
            )
            taxes = (account.tax_charged, account.tax_refunded, account.tax_left, account.tax_refundable)
            if account.tax_charged is not None:
                yield "    its tax", [write_money(tax or ZERO, found.currency) for tax in taxes]


def _align(cells: tuple[str, ...], sizes: list[int]) -> str:
    label, *figures = cells
    aligned = (figure.rjust(size) for figure, size in zip(figures, sizes[1:], strict=True))
    return "  ".join([label.ljust(sizes[0]), *aligned]).rstrip()
