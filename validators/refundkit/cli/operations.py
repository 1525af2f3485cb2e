"""`refundkit operations`: every operation that can be checked."""

from __future__ import annotations

import argparse

import msgspec

from .. import operations
from .arguments import CLEAN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit operations`."""
    parser.add_argument("--output-format", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    """Print every operation with its method, its path and the page it was written from, as text or as JSON."""
    if options.output_format == "json":
        print(msgspec.json.format(msgspec.json.encode(_list_operations()), indent=2).decode())
        return CLEAN
    for api in operations.APIS:
        bundle = operations.bundle(api)
        print(f"{api}: {bundle.title}. {bundle.description}")
        for operation in operations.of_api(api).values():
            described = operation.described
            print(f"  {operation.name:<32} {described.method:<6} {described.path}")
            print(f"  {'':<32} from {described.page}, {described.section}")
    return CLEAN


def _list_operations() -> list[dict[str, object]]:
    """List the operations as plain objects; `replaced_by` is the API to use instead, null for a current one."""
    return [
        {
            "operation": operation.name,
            "method": operation.described.method,
            "path": operation.described.path,
            "summary": operation.described.summary,
            "page": operation.described.page,
            "section": operation.described.section,
            "has_body": operation.described.body is not None,
            "context": sorted(operation.described.context),
            "replaced_by": operation.replaced_by,
        }
        for operation in map(operations.get, operations.names())
    ]
