"""What the documentation pages say, and what holds it: specs/coverage/ and docs/coverage.md."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from refundkit.rule import REGISTRY
from story import ROOT

from codegen import coverage
from codegen.pages.blocks import read_page
from codegen.pages.docs import check
from codegen.pages.places import all_routes
from codegen.pages.statements import find_statements, load_answers
from codegen.spec import load_all

SPECS = ROOT / "specs"
PAGES = ROOT.parent / "shared" / "seeds"
PAGE_FILES = {
    "taxcloud-refund": "taxcloud-refund.txt",
    "walmart-ca-cancel": "walmart-ca-cancel.md",
    "walmart-ca-refund": "walmart-ca-refund.md",
    "walmart-us-refund": "walmart-us-refund.txt",
    "woocommerce-legacy-refunds": "woocommerce-refunds.md",
}


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A copy of specs/."""
    return Path(shutil.copytree(SPECS, tmp_path / "specs"))


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), "utf-8")


def test_statement_whose_rule_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that a rule held is named when the rule is gone."""
    assert list(coverage.find_gaps(SPECS)) == []
    monkeypatch.delitem(REGISTRY, "RF203")
    assert [gap.partition(": ")[2] for gap in coverage.find_gaps(SPECS)] == [
        '"By size it is at most what was charged for the line." is held by RF203, which is not there',
        '"A refund may be of all or of a part." is held by RF203, which is not there',
    ]


@pytest.mark.parametrize(
    ("file", "before", "after", "statement"),
    [
        ("taxcloud.yaml", "minLength: 36", "minLength: 35", None),
        ("taxcloud.yaml", "minLength: 36, ", "", "The path names the connection, an id of at least 36 characters."),
        ("taxcloud.yaml", "required: [itemId, quantity]", "required: [itemId]", "Of an item only its id and a"),
        ("walmart_ca.yaml", "exclusiveMaximum: 0", "maximum: 0", "The amount of a refund is below zero."),
        ("walmart_ca.yaml", "CANCEL_BY_SELLER, ", "", "Two reasons are supported."),
        ("woocommerce_legacy.yaml", "operationId: delete_refund", "operationId: remove_refund", "A refund is deleted."),
    ],
)
def test_statement_whose_place_in_the_spec_is_gone_is_named(
    specs: Path, file: str, before: str, after: str, statement: str | None
) -> None:
    """A statement is named when the spec loses the line that held it, not when the line says something else."""
    edit(specs / file, before, after)
    gaps = list(coverage.find_gaps(specs))
    assert any(statement in gap for gap in gaps) if statement else gaps == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("  held: [RF401]\n", "", "has no answer: say what it is held by, or why it is not held"),
        ("  held: [RF401]\n", "  held: [RF401]\n  not_held: nobody can\n", "has no answer"),
        ("[cb4720f2de0b]", "[0c51cc84e2b6]", "has a piece that another statement has"),
    ],
)
def test_statement_without_one_answer_is_named(specs: Path, before: str, after: str, message: str) -> None:
    """A statement has one answer, and each piece of a page one statement."""
    edit(specs / "coverage" / "taxcloud-refund.yaml", before, after)
    (gap,) = coverage.find_gaps(specs)
    assert "An order may be refunded several times" in gap
    assert message in gap


def test_page_without_statements_is_named(specs: Path) -> None:
    """A page that operations are written from has its statements listed."""
    (specs / "coverage" / "taxcloud-refund.yaml").unlink()
    assert [gap.partition(":")[0] for gap in coverage.find_gaps(specs)] == ["specs/coverage/taxcloud-refund.yaml"]


def test_rule_that_no_page_states_is_listed_with_its_source() -> None:
    """The page tells which rules hold something that no page says."""
    head, _, beyond = coverage.render(SPECS).partition(coverage.BEYOND)
    assert "[RF206](rules.md#RF206)" in beyond
    assert "[RF203](rules.md#RF203)" not in beyond
    assert "[RF203](rules.md#RF203)" in head


def test_words_in_another_layout_are_the_same_statement(tmp_path: Path) -> None:
    """Whitespace and the presentation of letters do not change a statement."""
    (tmp_path / "a.md").write_text("# Title\n\nThe amount\nmust be “negative”.  It is ﬁnal.\n", "utf-8")
    (tmp_path / "b.md").write_text("# Title\n\nThe amount must be “negative”.\nIt is final.\n", "utf-8")
    found = [[one.fingerprint for one in find_statements(read_page(tmp_path / name))] for name in ("a.md", "b.md")]
    assert found[0] == found[1]
    assert len(found[0]) == 2


def test_new_statement_of_a_page_is_a_difference(
    specs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`codegen docs` names a statement to which nobody has an answer, by its line."""
    page = tmp_path / "walmart-ca-refund.md"
    page.write_text(
        "# Refund Order Lines\n\nPOST /v3/ca/orders/{purchaseOrderId}/refund\n\nRefunds are free of charge.\n", "utf-8"
    )
    assert check([page], specs) == 1
    told = [line for line in capsys.readouterr().out.splitlines() if ": statement: " in line]
    assert any(f"{page.name}:5: statement: a statement in 'Refund Order Lines' has no answer" in line for line in told)


@pytest.mark.skipif(not PAGES.is_dir(), reason="the documentation pages are not part of the project")
@pytest.mark.parametrize("name", PAGE_FILES)
def test_every_statement_of_the_pages_has_an_answer(name: str) -> None:
    """Each sentence, row and sample of the five pages has an answer, and no answer is of words that are gone."""
    titles = [route.title for route in all_routes(load_all(SPECS)) if route.page == name]
    stated = {statement.fingerprint for statement in find_statements(read_page(PAGES / PAGE_FILES[name], titles))}
    answered = {piece for answer in load_answers(SPECS)[name] for piece in answer.pieces}
    assert stated == answered
