"""Reading YAML that is nested too deeply, or that aliases make too large."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from documents import only_problem
from refundkit.reading.yaml import read_yaml


@pytest.fixture
def events(yaml_parser: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The list of events that the YAML parser has given so far."""
    events: list[Any] = []
    parse = yaml.parse

    def recorded_parse(*arguments: Any, **options: Any) -> Any:
        for event in parse(*arguments, **options):
            events.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", recorded_parse)
    return events


# The text of 64 levels, and that of one more.
OPENINGS = {
    "flow sequences": ("[" * 64, "["),
    "flow mappings": ("{a: " * 64, "{a: "),
    "both flow styles": ("[{a: " * 32, "[{a: "),
    "flow style of many lines": ("[\n" * 64, "["),
    "flow style with anchors and tags": ("&a !!seq [" * 64, "&a !!seq ["),
    "block sequences": ("- " * 64, "- "),
    "block mappings": ("".join(f"{' ' * level}a:\n" for level in range(64)) + " " * 64, "- "),
    "flow style in block style": ("- " * 32 + "[" * 32, "["),
    "flow style below block style": ("- " * 64, "["),
}


@pytest.mark.parametrize("style", OPENINGS)
def test_yaml_depth(events: list[Any], style: str) -> None:
    """The 65th level is RF004 where it begins, and parsing stops there, however many levels follow.

    From PyYAML 6.0.4 on the C parser refuses 1,001 levels of flow style by itself, before the first event.
    """
    opening, further = OPENINGS[style]
    for count in (1, 900, 2_000, 20_000):
        events.clear()
        problem = only_problem(read_yaml((opening + further * count).encode())[0])
        assert (problem.code, problem.message) == ("RF004", "nested more than 64 levels deep")
        assert (problem.line, problem.column) == (opening.count("\n") + 1, len(opening.rpartition("\n")[2]) + 1)
        assert problem.pointer.count("/") == 64
        assert len(events) <= 3 * 66


@pytest.mark.usefixtures("yaml_parser")
@pytest.mark.parametrize("text", ["[" * 64 + "]" * 64, "[{a: " * 32 + "}]" * 32, "- " * 64 + "1"])
def test_yaml_of_64_levels_is_read(text: str) -> None:
    """YAML of 64 levels is read without a problem."""
    assert read_yaml(text.encode())[0].problems == ()


@pytest.mark.usefixtures("yaml_parser")
@pytest.mark.parametrize("broken", ['"x', "@", '"\\ud800"', "]" * 66])
def test_yaml_that_is_broken_after_the_65th_level(broken: str) -> None:
    """RF004 is reported although a syntax error follows that the parser reads ahead to."""
    problem = only_problem(read_yaml(("[" * 65 + broken).encode())[0])
    assert (problem.code, problem.column) == ("RF004", 65)


@pytest.mark.usefixtures("yaml_parser")
@pytest.mark.parametrize(
    "before", ["? ", "{", '["x" @', "[1 2 ", "a: 1\n", "- " * 20 + "\n"], ids=lambda text: text.strip()[:6]
)
def test_yaml_that_is_broken_before_the_65th_level(before: str) -> None:
    """A syntax error before the 65th level is RF001, not RF004."""
    further = before if before in ("? ", "{") else "["
    assert only_problem(read_yaml((before + further * 2_000).encode())[0]).code == "RF001"


@pytest.mark.usefixtures("yaml_parser")
def test_yaml_problems_before_the_65th_level_are_reported() -> None:
    """Documents before a too deep one are read, and its duplicate keys are reported too."""
    documents = read_yaml(b"a: 1\n---\n.inf\n---\n{b: 1, b: 2, c: " + b"[" * 2_000)
    codes = [[problem.code for problem in document.problems] for document in documents]
    assert codes == [[], ["RF001"], ["RF002", "RF004"]]
    assert documents[0].value == {"a": 1}
    assert documents[2].problems[1].line == 5


@pytest.mark.usefixtures("yaml_parser")
def test_alias_depth() -> None:
    """An alias whose value makes the document too deep is RF004."""
    fits = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 23 + "*a" + "]" * 23
    assert read_yaml(fits.encode())[0].problems == ()
    assert only_problem(read_yaml(fits.replace("[*a]", "[[*a]]").encode())[0]).code == "RF004"


@pytest.mark.usefixtures("yaml_parser")
def test_aliases_expand_up_to_a_thousand_nodes() -> None:
    """Aliases may expand to 1,000 nodes; one more node, or an exponential bomb, is RF001."""
    thousand = "a: &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\nb: [" + ", ".join(["*a"] * 100) + "]\n"
    assert read_yaml(thousand.encode())[0].problems == ()
    over = read_yaml(thousand.encode() + b"c: *a\n")[0]
    assert "beyond 1,000 nodes" in only_problem(over).message
    assert (only_problem(over).line, only_problem(over).pointer) == (3, "/c")
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert only_problem(read_yaml(bomb.encode())[0]).code == "RF001"
