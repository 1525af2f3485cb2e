"""What `refundkit balance` and `refundkit draft` share: the operation and its order, from files."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from refundkit_apis._runtime.codec import encode

from .. import operations
from ..errors import SourceError, UsageError
from ..operations import Operation
from .context import read_context


class OrderFiles(NamedTuple):
    """An operation, its order as JSON, and earlier refunds where they were given."""

    operation: Operation
    order: bytes
    refunds: bytes | None


def add_order_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the operation and its context."""
    add = parser.add_argument
    add("--as", dest="operation", metavar="OPERATION", required=True, help="what is to be sent")
    add("--order", metavar="FILE", required=True, help="the API's own order response; - is standard input")
    add("--refunds", metavar="FILE", help="the API's own list of earlier refunds")


def read_order_files(options: argparse.Namespace) -> OrderFiles:
    """Read the files that the options name. Raises UsageError and SourceError."""
    try:
        operation = operations.get(options.operation)
    except ValueError as error:
        raise UsageError(str(error)) from None
    refunds = None if options.refunds is None else _read(options.refunds, operation)
    return OrderFiles(operation, _read(options.order, operation), None if refunds == b"null" else refunds)


def _read(file: str, operation: Operation) -> bytes:
    record = read_context(file, operation)
    document = record.document
    if not document.readable or document.problems:
        raise SourceError(f"{file}: {document.problems[0].message}")
    return encode(document.value)
