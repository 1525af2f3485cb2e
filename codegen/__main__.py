"""python -m codegen COMMAND

lint | coverage | generate | check | docs PAGE… | changes REV | scaffold PAGE | fetch FOLDER | site FOLDER
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import SPECS, find_drift, generate
from .lint import lint
from .spec import SpecError, load_all


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Exit status: 0 done or in step, 1 flaws, drift or differences, 2 the specs or a page cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m codegen", description="Compile specs/ into generated/.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lint", help="hold specs/ to the rules of specs/README.md")
    coverage = commands.add_parser("coverage", help="write docs/coverage.md: what holds each statement of the pages")
    coverage.add_argument("--check", action="store_true", help="fail when it is out of date or a statement is not held")
    commands.add_parser("generate", help="write generated/refundkit_apis anew")
    commands.add_parser("check", help="fail with a diff when generated/ is not what the specs say")
    docs = commands.add_parser("docs", help="hold saved documentation pages against specs/")
    docs.add_argument(
        "pages", nargs="+", type=Path, metavar="PAGE", help="a page saved as Markdown, HTML or plain text"
    )
    docs.add_argument("--output-format", choices=("text", "json"), default="text")
    docs.add_argument("--accept", action="store_true", help="take the words of these pages as read, if no fact differs")
    docs.add_argument("--line", type=int, action="append", default=[], help="accept only the block on this line")
    docs.add_argument("--specs", type=Path, default=SPECS, metavar="FOLDER", help="other specs than specs/")
    changes = commands.add_parser("changes", help="what changed in specs/ since a git revision, and whom it breaks")
    changes.add_argument("revision", metavar="REV")
    changes.add_argument("--specs", type=Path, default=SPECS, metavar="FOLDER", help="other specs than specs/")
    fetch = commands.add_parser("fetch", help="save the pages that specs/ names by address, for `docs`")
    fetch.add_argument("folder", type=Path, metavar="FOLDER", help="where the pages are saved")
    fetch.add_argument("--specs", type=Path, default=SPECS, metavar="SPECS", help="other specs than specs/")
    scaffold = commands.add_parser("scaffold", help="write what a saved page says and specs/ lacks into a spec")
    scaffold.add_argument("page", type=Path, metavar="PAGE", help="a page saved as Markdown, HTML or plain text")
    scaffold.add_argument("--api", required=True, metavar="NAME", help="an API of specs/, or the name of a new one")
    scaffold.add_argument(
        "--operation", default="", metavar="NAME", help="which operation, or what to call the only one"
    )
    scaffold.add_argument("--edit", action="store_true", help="open $EDITOR on the spec, then lint and generate")
    scaffold.add_argument("--specs", type=Path, default=SPECS, metavar="FOLDER", help="other specs than specs/")
    site = commands.add_parser("site", help="build the documentation site from docs/, specs/ and the rules")
    site.add_argument("folder", type=Path, metavar="FOLDER", help="where docs/ and site/ are written")
    options = parser.parse_args(arguments)
    try:
        return COMMANDS[options.command](options)
    except SpecError as error:
        print(error, file=sys.stderr)
        return 2


def _lint(_: argparse.Namespace) -> int:
    specs = load_all(SPECS)
    flaws = [flaw for spec in specs for flaw in lint(spec)]
    for flaw in flaws:
        print(flaw)
    count = sum(1 for spec in specs for _ in spec.operations())
    print(f"{len(specs)} specs, {count} operations: {len(flaws)} flaws", file=sys.stderr)
    return 1 if flaws else 0


def _coverage(options: argparse.Namespace) -> int:
    from .coverage import run

    gaps = run(check=options.check)
    print(*gaps, sep="\n", end="\n" if gaps else "")
    return 1 if gaps else 0


def _generate(_: argparse.Namespace) -> int:
    print(f"wrote {generate()}", file=sys.stderr)
    return 0


def _check(_: argparse.Namespace) -> int:
    difference = find_drift()
    sys.stdout.writelines(difference)
    if difference:
        print("generated/ is not what specs/ and codegen/ say: run `make generate` and commit it", file=sys.stderr)
    return 1 if difference else 0


def _docs(options: argparse.Namespace) -> int:
    from .pages.blocks import PageError
    from .pages.docs import check

    try:
        if options.line and (len(options.pages) > 1 or not options.accept):
            raise PageError("--line names a block of one page, and stands beside --accept")
        as_json = options.output_format == "json"
        return check(options.pages, options.specs, as_json=as_json, accepting=options.accept, lines=options.line)
    except PageError as error:
        print(error, file=sys.stderr)
        return 2


def _changes(options: argparse.Namespace) -> int:
    from .changes import print_changes

    return print_changes(options.revision, options.specs)


def _fetch(options: argparse.Namespace) -> int:
    from .fetch import fetch

    return fetch(load_all(options.specs), options.folder)


def _scaffold(options: argparse.Namespace) -> int:
    from .pages.blocks import PageError
    from .scaffold.command import scaffold

    try:
        return scaffold(options.page, options.specs, options.api, options.operation, editing=options.edit)
    except PageError as error:
        print(error, file=sys.stderr)
        return 2


def _site(options: argparse.Namespace) -> int:
    from .site import build

    return build(options.folder)


COMMANDS = {
    "lint": _lint,
    "coverage": _coverage,
    "generate": _generate,
    "check": _check,
    "docs": _docs,
    "changes": _changes,
    "fetch": _fetch,
    "scaffold": _scaffold,
    "site": _site,
}

if __name__ == "__main__":
    sys.exit(main())
