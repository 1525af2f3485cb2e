"""`refundkit operations`: every operation that can be checked."""

from __future__ import annotations

import argparse
from itertools import groupby

import msgspec

from .. import operations
from .arguments import CLEAN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit operations`."""
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Print every operation with its method, its path and the page it was written from; replaced APIs come last."""
    listed = [operations.get(name) for name in operations.names()]
    listed.sort(key=lambda operation: operation.replaced_by is not None)
    if options.output_format == "json":
        print(msgspec.json.format(msgspec.json.encode([*map(_describe, listed)]), indent=2).decode())
        return CLEAN
    for api, group in groupby(listed, lambda operation: operation.api):
        bundle = operations.bundle(api)
        print(f"{api}: {bundle.title}. {bundle.description}")
        for operation in group:
            described = operation.described
            print(f"  {operation.name:<32} {described.method:<6} {described.path}")
            print(f"  {'':<32} from {described.page}, {described.section}")
    return CLEAN


def _describe(operation: operations.Operation) -> dict[str, object]:
    """Return an operation as a plain object; `replaced_by` is the API to use instead, null for a current one."""
    described = operation.described
    return {
        "operation": operation.name,
        **{name: getattr(described, name) for name in ("method", "path", "summary", "page", "section")},
        "has_body": described.body is not None,
        "context": sorted(described.context),
        "replaced_by": operation.replaced_by,
    }
