"""specs/coverage/ -> docs/coverage.md: what every statement of the pages is held by, and what no page states.

A file there has the name of a page and lists its statements in our own words. `pieces` are the fingerprints of the
page's sentences, rows and samples (pages/statements.py), `held` names what holds them: a rule's id, a pointer into the
spec (`#/…`), or an operation with a path into it (`refund_order/responses/404`). A list of texts or of named objects is
entered by the text or the name. `not_held` says why nothing can.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from refundkit.rule import REGISTRY
from refundkit.rules import load_all as load_rules
from refundkit.rules.page import is_ours, source_of

from .build import ROOT, SPECS
from .pages.statements import FOLDER, Answer, load_answers
from .spec import Spec, display_path, load_all, unescape

PAGE = ROOT / "docs" / "coverage.md"
HEAD = """\
# What the pages say, and what holds it

Every sentence, row and sample of the documentation pages, in our own words, and what holds it here: a rule, or a place
in the spec. Written by `python -m codegen coverage` from specs/coverage/, the specs and the rules; do not edit it."""
BEYOND = """\
## What no page says

Rules that hold something else than these pages, and where they have it from."""


def find_gaps(folder: Path) -> Iterator[str]:
    """Yield a message for each statement without an answer, and for each answer that leads nowhere."""
    load_rules()
    specs = {page: spec for spec in load_all(folder) for page in _pages(spec)}
    answers = load_answers(folder)
    for page in specs.keys() - answers.keys():
        yield f"specs/{FOLDER}/{page}.yaml: there are no statements of this page: list them"
    for page, page_answers in answers.items():
        pieces: set[str] = set()
        for answer in page_answers:
            place = f'specs/{FOLDER}/{page}.yaml: "{answer.says}"'
            if bool(answer.held) == bool(answer.not_held):
                yield f"{place} has no answer: say what it is held by, or why it is not held"
            if page not in specs:
                yield f"{place} is of a page that no operation is written from"
            else:
                for holder in answer.held:
                    if not _is_there(specs[page], holder):
                        yield f"{place} is held by {holder}, which is not there"
            if pieces.intersection(answer.pieces):
                yield f"{place} has a piece that another statement has"
            pieces.update(answer.pieces)


def render(folder: Path) -> str:
    """Return docs/coverage.md."""
    load_rules()
    answers = load_answers(folder)
    parts = [HEAD]
    for page, page_answers in answers.items():
        rows = [f"| {answer.section} | {answer.says} | {_answer_cell(answer)} |" for answer in page_answers]
        parts += [f"## {page}", "\n".join(["| section | the page says | held by |", "|---|---|---|", *rows])]
    named = {holder for page_answers in answers.values() for answer in page_answers for holder in answer.held}
    rules = [rule for code, rule in sorted(REGISTRY.items()) if is_ours(rule) and code not in named]
    rows = [f"| {_rule_link(rule.code)} | {rule.title} | {source_of(rule)} |" for rule in rules]
    return "\n\n".join([*parts, BEYOND, "\n".join(["| rule | what | source |", "|---|---|---|", *rows])]) + "\n"


def run(*, check: bool) -> list[str]:
    """Write docs/coverage.md, or with `check` leave it; return a message for each gap and for a page out of date."""
    gaps = list(find_gaps(SPECS))
    page = render(SPECS)
    if not check:
        PAGE.write_text(page, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page:
        gaps.append(f"{display_path(PAGE)} is not what specs/{FOLDER}/ says: run python -m codegen coverage")
    return gaps


def _pages(spec: Spec) -> set[str]:
    """Return the names of the pages that a spec's operations are written from."""
    sources = [operation.node.get("x-source", {}) for operation in spec.operations()]
    return {source["page"] for source in sources if source} - {"facts"}


def _is_there(spec: Spec, holder: str) -> bool:
    if holder in REGISTRY:
        return True
    if holder.startswith("#/"):
        return _leads_somewhere(spec, spec.document, holder[2:].split("/"))
    name, *path = holder.split("/")
    operation = next((operation for operation in spec.operations() if operation.name == name), None)
    node = operation and {**operation.node, "parameters": operation.parameters}
    return operation is not None and _leads_somewhere(spec, node, path)


def _leads_somewhere(spec: Spec, node: Any, path: Iterable[str]) -> bool:
    for token in map(unescape, path):
        if isinstance(node, dict):
            node = spec.resolve(node)
        if isinstance(node, dict) and token in node:
            node = node[token]
        elif isinstance(node, list) and token.isdigit() and int(token) < len(node):
            node = node[int(token)]
        elif isinstance(node, list) and token in node:
            node = token
        elif isinstance(node, list):
            node = next((item for item in node if isinstance(item, dict) and item.get("name") == token), None)
            if node is None:
                return False
        else:
            return False
    return True


def _answer_cell(answer: Answer) -> str:
    if answer.not_held:
        return f"nothing: {answer.not_held}"
    return ", ".join(_rule_link(holder) if holder in REGISTRY else f"`{holder}`" for holder in answer.held)


def _rule_link(code: str) -> str:
    return f"[{code}](rules.md#{code})"
