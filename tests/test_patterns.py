"""Patterns of files: what pathspec says of them, in work that grows with their length alone."""

from __future__ import annotations

import re

import pathspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from refundkit.patterns import compile_pattern
from work import lines_run

NAMES = st.text("ab.", min_size=1, max_size=5).filter(lambda name: name.strip(".") != "")
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)
# Not drawn is what compile_pattern refuses or documents to differ: backslash, `#`, `!`, `^`, `..`, open brackets.
PIECES = st.sampled_from(["a", "b", ".", "*", "**", "?", "[ab]", "[a-c]"])
PARTS = st.one_of(st.just("**"), st.lists(PIECES, min_size=1, max_size=5).map("".join))
PATTERNS = st.tuples(
    st.sampled_from(["", "/"]), st.lists(PARTS, min_size=1, max_size=4).map("/".join), st.sampled_from(["", "/"])
).map("".join)


def is_comparable(pattern: str) -> bool:
    """Whether we accept a pattern, and pathspec reads it as git does.

    pathspec takes `a/**/`, the folders below a, for all that is below, and lets `[!a]` match a slash. We drop `./`.
    """
    return ".." not in pattern.split("/") and not pattern.endswith("**/") and not pattern.startswith("./")


@given(PATTERNS.filter(is_comparable), PATHS)
@example("**/a/**/b", "a/a/b/b")
@example("*a*b", "ab/aab")
def test_patterns_mean_what_pathspec_says(pattern: str, path: str) -> None:
    """A pattern matches just the paths that it matches as a line of a .gitignore."""
    expected = pathspec.GitIgnoreSpec.from_lines([pattern]).match_file(path)
    assert compile_pattern(pattern).matches(path) is expected


@given(st.lists(st.sampled_from(["a", "b", "*", "?", "[ab]", "[!b]"]), min_size=1, max_size=9).map("".join), NAMES)
def test_a_name_is_matched_as_by_a_regular_expression(pattern: str, name: str) -> None:
    """Going from piece to piece and never back finds what a search with backtracking finds."""
    translated = pattern.replace("*", ".*").replace("?", ".").replace("!", "^")
    assert compile_pattern(f"/{pattern}").matches(name) is (re.fullmatch(translated, name) is not None)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        (lambda size: "*a" * size + "*b", lambda size: "a" * size * 2),
        (lambda size: "?*" * size + "b", lambda size: "a" * size * 2),
        (lambda size: "[ab]*" * size + "c", lambda size: "a" * size * 2),
        (lambda size: "**/a/" * size + "b", lambda size: "a/" * size * 2 + "a"),
        (lambda size: "**/a*a*b/" * size + "b", lambda size: "aaaa/" * size * 2 + "a"),
    ],
    ids=["stars", "marks", "brackets", "folders", "both"],
)
def test_no_pattern_takes_much_work(pattern: object, path: object) -> None:
    """A pattern and a path of ten times the length take no more than about a hundred times the lines to refuse."""
    assert callable(pattern)
    assert callable(path)

    def work(size: int) -> int:
        compiled, text = compile_pattern(pattern(size)), path(size)
        assert not compiled.matches(text)
        return lines_run(lambda: compiled.matches(text))

    assert work(200) <= 110 * work(20)
