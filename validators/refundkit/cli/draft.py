"""`refundkit draft`: the request that refunds what is wanted of an order."""

from __future__ import annotations

import argparse
import sys
from decimal import Decimal

import msgspec
from refundkit_apis._runtime.codec import encode

from ..drafting import ALL, All, Pieces, Share, draft, read_positive
from ..errors import DraftError, UsageError
from ..text import make_printable
from .arguments import CLEAN, FOUND, split_pair
from .balance import find_balance, table
from .orders import OrderFiles, add_order_arguments, read_order_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit draft`."""
    add_order_arguments(parser)
    add = parser.add_argument
    add("--money", action="append", default=[], metavar="LINE=AMOUNT", help="money of a line")
    add("--pieces", action="append", default=[], metavar="LINE=COUNT", help="pieces of a line")
    add("--line", action="append", default=[], metavar="LINE", help="all that is left of a line")
    add("--shipping", nargs="?", const=ALL, metavar="AMOUNT", help="shipping, or an amount of it")
    add("--amount", metavar="AMOUNT", help="an amount of the order")
    add("--all", action="store_true", help="all that is left of the order")
    add("--tax", choices=("added", "included", "none"), help="what money means where a line is taxed")
    add("--reason", metavar="REASON", help="where the API has one")
    add("--body", action="store_true", help="print the body alone, as it is sent")


def run(options: argparse.Namespace) -> int:
    """Print the request, and what it refunds on standard error. Raises UsageError and SourceError."""
    files = read_order_files(options)
    try:
        wanted = _wanted(options)
        if not wanted and options.amount is None and options.shipping is None:
            return _print_balance(options, files)
        drafted = draft(
            files.operation.name,
            files.order,
            wanted,
            amount=options.amount,
            shipping=options.shipping,
            tax=options.tax,
            reason=options.reason,
            refunds=files.refunds,
        )
    except DraftError as error:
        print(f"refundkit: {make_printable(str(error))}", file=sys.stderr)
        return FOUND
    print(*map(make_printable, (drafted.summary, *map(str, drafted.report.findings))), sep="\n", file=sys.stderr)
    if options.body and files.operation.xml:
        from ..xml_writer import write_xml

        print(write_xml(drafted.request["body"], files.operation.schema()).decode())
    else:
        document = drafted.request["body"] if options.body else drafted.request
        print(msgspec.json.format(encode(document), indent=2).decode())
    return CLEAN


def _wanted(options: argparse.Namespace) -> All | dict[str, Share]:
    """Return what the flags want of the order or of its lines. Raises UsageError."""
    shares: list[tuple[str, Share]] = [_read_pair(text, "--money") for text in options.money]
    shares += [(name, Pieces(count)) for name, count in (_read_pair(text, "--pieces") for text in options.pieces)]
    shares += [(name, ALL) for name in options.line]
    lines = dict(shares)
    if len(lines) != len(shares):
        raise UsageError("a line is named twice: say once what of it is wanted")
    if options.all and lines:
        raise UsageError("--all and a line: use one")
    return ALL if options.all else lines


def _read_pair(text: str, flag: str) -> tuple[str, Decimal]:
    """Read `LINE=NUMBER`. Raises UsageError."""
    name, number = split_pair(text, flag)
    try:
        return name, read_positive(number, flag)
    except DraftError as error:
        raise UsageError(str(error)) from None


def _print_balance(options: argparse.Namespace, files: OrderFiles) -> int:
    """Print what is left to standard error. Raises UsageError: nothing is refunded by omission."""
    print(*table(find_balance(files, options.order), 80), sep="\n", file=sys.stderr)
    raise UsageError("nothing is wanted: say --all, --amount, --line, --money, --pieces or --shipping")
