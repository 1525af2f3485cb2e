"""`refundkit schema`: the JSON Schema of an operation's body."""

from __future__ import annotations

import argparse

import msgspec

from .. import operations
from ..errors import UsageError
from .arguments import CLEAN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit schema`."""
    parser.add_argument("operation", metavar="OPERATION")


def run(options: argparse.Namespace) -> int:
    """Print the schema of a body. Raises UsageError where there is none."""
    try:
        operation = operations.get(options.operation)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if operation.described.body is None:
        raise UsageError(f"{operation.name} takes no body")
    print(msgspec.json.format(msgspec.json.encode(operation.schema()), indent=2).decode())
    return CLEAN
