"""Saved pages and specs/ -> printed differences and an exit status: the command `python -m codegen docs`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ..spec import display_path, load_all
from . import openapi, prose
from .blocks import PageError
from .collect import ComparedPage, collect_differences, find_fact_differences, find_stale_marks
from .pieces import make_pieces
from .places import Mark, Route, all_routes
from .report import Difference, format_json
from .statements import FOLDER, find_unanswered, load_answers


def check(
    paths: Sequence[Path], specs: Path, *, as_json: bool = False, accepting: bool = False, lines: Sequence[int] = ()
) -> int:
    """Compare pages with the specs of a folder and print the differences; every page is tried.

    Accepting takes the words of the pages as read, or of the blocks on the lines only, unless facts differ.
    Returns 0 without differences, 1 with some, 2 if a page could not be read. Raises SpecError.
    """
    routes = all_routes(load_all(specs))
    compared, unread = _compare_pages(paths, routes, specs)
    stale = find_stale_marks(compared, routes)
    refused = _accept(compared, stale, specs, lines) if accepting else []
    accepted = prose.load_accepted(specs)
    compared = [result._replace(accepted=accepted.get(result.name)) for result in compared]
    differences = [
        difference
        for result in compared
        for difference in collect_differences(result, find_fact_differences(result, stale[result.name]))
    ]
    differences += _find_new_statements(compared, specs)
    counts = {result.page.stem: result.tally.facts for result in compared}
    if as_json:
        print(format_json(counts, differences))
    else:
        print(*differences, sep="\n", end="\n" if differences else "")
    for result in compared:
        print(*result.tally.notes, sep="\n", end="\n" if result.tally.notes else "", file=sys.stderr)
        count = sum(difference.page == result.page.path for difference in differences)
        count_text = "1 difference" if count == 1 else f"{count} differences" if count else "no difference"
        print(f"{result.page.stem}: {result.tally.facts} facts compared, {count_text}", file=sys.stderr)
    print(*refused, *unread, sep="\n", end="\n" if refused or unread else "", file=sys.stderr)
    return 2 if unread else 1 if differences else 0


def _find_new_statements(compared: list[ComparedPage], specs: Path) -> list[Difference]:
    """Return a difference for each statement that specs/coverage/ has no answer to, of the pages that it knows."""
    answers = load_answers(specs)
    return [
        Difference(
            *("statement", result.page.path, statement.line, specs / FOLDER / f"{result.name}.yaml", 1),
            f"a statement in {statement.section!r} has no answer",
            f"say what holds it, with the piece {statement.fingerprint}",
        )
        for result in compared
        if result.name in answers
        for statement in find_unanswered(result.page, answers[result.name])
    ]


def _accept(compared: list[ComparedPage], stale: dict[str, list[Mark]], specs: Path, lines: Sequence[int]) -> list[str]:
    """Store the pages as read, and return a message for each that is not, because its facts differ."""
    refused = [result for result in compared if find_fact_differences(result, stale[result.name])]
    stored = {}
    for result in compared:
        if result not in refused:
            marked, read = result.tally.marked_differences, result.tally.read
            stored[result.name] = prose.make_accepted(result.pieces, marked, read)
            if lines:
                accepted = result.accepted or prose.Accepted([], [], 0)
                blocks = prose.accept_blocks(result.pieces, accepted, lines)
                stored[result.name] = stored[result.name]._replace(blocks=blocks)
    prose.store_accepted(specs, stored)
    names = ", ".join(stored) or "no page"
    print(f"accepted the words of {names} in {display_path(specs / prose.NAME)}", file=sys.stderr)
    return [f"{result.page.stem}: not accepted, because facts differ: edit the spec first" for result in refused]


def _compare_pages(
    paths: Sequence[Path], routes: list[Route], specs: Path
) -> tuple[list[ComparedPage], list[PageError]]:
    accepted = prose.load_accepted(specs)
    compared: list[ComparedPage] = []
    unread = []
    for path in paths:
        try:
            if path.stem in {result.page.stem for result in compared}:
                raise PageError(f"{path}: another page of this run has the name {path.stem}")
            source = openapi.read_source(path, routes)
            case = openapi.compare_source(source)
            pieces = make_pieces(source.page, case.facts)
            compared.append(ComparedPage(case, pieces, accepted.get(case.routes[0].page)))
        except PageError as error:
            unread.append(error)
    return compared, unread
