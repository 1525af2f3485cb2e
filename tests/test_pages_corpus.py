"""A corpus of small pages in many notations: what changes on each is told, all of it and nothing else.

A file of the corpus is a page with one kind of change in it, `⟦before¦after⟧`. Above the page stand the name that the
page has in the spec, and what must be told: each as kind and a text on the line where it is told (`#2`: where that text
stands for the second time), or `nothing`.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections import Counter
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
CORPUS = Path(__file__).parent / "pages" / "corpus"
PAGES = sorted(path for path in CORPUS.iterdir() if path.is_file())
CHANGE = re.compile("⟦([^¦⟧]*)¦([^¦⟧]*)⟧")


class ChangedPage(NamedTuple):
    """A page of the corpus before and after its change, and what must be told: kind and line."""

    name: str
    before: str
    after: str
    expected: Counter[tuple[str, int]]


def read(path: Path) -> ChangedPage:
    """Read a file of the corpus."""
    head, _, page = path.read_text("utf-8").partition("\n===\n")
    lines = [line.partition(": ") for line in head.splitlines()]
    name = next(value for key, _, value in lines if key == "page")
    before, after = CHANGE.sub(r"\1", page), CHANGE.sub(r"\2", page)
    assert before != after, f"{path.name} has no change in it"
    expected: Counter[tuple[str, int]] = Counter()
    for value in [value for key, _, value in lines if key == "told" and value != "nothing"]:
        kind, _, where = value.partition(" @ ")
        text, _, number = where.partition(" #")
        before_it = text.join(after.split(text)[: int(number or 1)])
        assert len(before_it) < len(after), f"{path.name}: {where!r} does not stand on the page"
        expected[kind, before_it.count("\n") + 1] += 1
    return ChangedPage(f"{name}{path.suffix}", before, after, expected)


@cache
def judge(path: Path, folder: Path) -> tuple[Counter[tuple[str, int]], Counter[tuple[str, int]], str]:
    """Accept the page before its change, compare it after; return what must be told, what is told, and the text."""
    sys.path.insert(0, str(ROOT))  # codegen is no installed package
    try:
        from codegen.pages.docs import check
    finally:
        sys.path.remove(str(ROOT))
    page = read(path)
    specs = Path(shutil.copytree(CORPUS / "specs", folder / path.name / "specs"))
    saved = folder / path.name / page.name
    saved.write_text(page.before, "utf-8")
    assert check([saved], specs, accepting=True) == 0, f"{path.name} is not in step before its change"
    saved.write_text(page.after, "utf-8")
    with redirect_stdout(StringIO()) as printed:
        check([saved], specs, as_json=True)
    differences = json.loads(printed.getvalue())["differences"]
    told = Counter((one["kind"], one["page_line"]) for one in differences)
    return page.expected, told, "\n".join(f"{one['page_line']}: {one['kind']}: {one['message']}" for one in differences)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_of_the_corpus_tells_its_change(path: Path, tmp_path: Path) -> None:
    """Each change of a page is told once, where it stands, and nothing else is."""
    expected, told, text = judge(path, tmp_path)
    assert told == expected, text


def test_the_corpus_is_large_and_nothing_in_it_is_missed_or_false(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At least sixty pages, with 0 missed and 0 false; the counts are printed."""
    results = [judge(path, tmp_path) for path in PAGES]
    told = sum((expected & told).total() for expected, told, _ in results)
    missed = sum((expected - told).total() for expected, told, _ in results)
    false = sum((told - expected).total() for expected, told, _ in results)
    with capsys.disabled():
        print(f"\ncorpus: {len(PAGES)} pages, {told} told, {missed} missed, {false} false")
    assert (len(PAGES) >= 60, missed, false) == (True, 0, 0)
