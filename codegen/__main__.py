"""python -m codegen lint | generate | check"""

from __future__ import annotations

import argparse
import sys

from .build import SPECS, drift, generate
from .lint import lint
from .spec import SpecError, load_all


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit status: 0 done or in step, 1 flaws or drift, 2 the specs cannot be compiled."""
    parser = argparse.ArgumentParser(prog="python -m codegen", description="Compile specs/ into generated/.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lint", help="hold specs/ to the rules of specs/README.md")
    commands.add_parser("generate", help="write generated/refundkit_apis anew")
    commands.add_parser("check", help="fail with a diff when generated/ is not what the specs say")
    command = parser.parse_args(arguments).command
    try:
        return {"lint": _lint, "generate": _generate, "check": _check}[command]()
    except SpecError as error:
        print(error, file=sys.stderr)
        return 2


def _lint() -> int:
    specs = load_all(SPECS)
    flaws = [flaw for spec in specs for flaw in lint(spec)]
    for flaw in flaws:
        print(flaw)
    count = sum(1 for spec in specs for _ in spec.operations())
    print(f"{len(specs)} specs, {count} operations: {len(flaws)} flaws", file=sys.stderr)
    return 1 if flaws else 0


def _generate() -> int:
    print(f"wrote {generate()}", file=sys.stderr)
    return 0


def _check() -> int:
    difference = drift()
    sys.stdout.writelines(difference)
    if difference:
        print("generated/ is not what specs/ and codegen/ say: run `make generate` and commit it", file=sys.stderr)
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
