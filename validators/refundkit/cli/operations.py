"""`refundkit operations`: every operation that can be checked."""

from __future__ import annotations

import argparse

from .. import operations
from .arguments import CLEAN


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `refundkit operations`, which has none."""


def run(options: argparse.Namespace) -> int:
    """Print every operation with its method, its path and the page it was written from."""
    for api in operations.APIS:
        bundle = operations.bundle(api)
        print(f"{api}: {bundle.title}. {bundle.description}")
        for operation in operations.of_api(api).values():
            described = operation.described
            print(f"  {operation.name:<32} {described.method:<6} {described.path}")
            print(f"  {'':<32} from {described.page}, {described.section}")
    return CLEAN
