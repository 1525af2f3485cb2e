"""Every expectation of tests/expectations.yaml is held by tests that exist."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

TESTS = Path(__file__).parent
EXPECTED: dict[str, dict[str, list[str]]] = yaml.safe_load((TESTS / "expectations.yaml").read_text("utf-8"))


@cache
def find_tests(module: str) -> set[str]:
    """The tests of a module, by its text: it may need what is not here."""
    tree = ast.parse((TESTS / module).read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(
    ("expectation", "named"),
    [pytest.param(row, named, id=row) for rows in EXPECTED.values() for row, named in rows.items()],
)
def test_expectation_has_its_tests(expectation: str, named: list[str]) -> None:
    """An expectation names one test at least, and each of them exists."""
    assert named, expectation
    for name in named:
        module, _, test = name.partition("::")
        assert test in find_tests(module), name
