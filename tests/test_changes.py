"""Changes between two revisions of the specs: each one in words, whom it breaks, and what uses it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from spec_edits import CHANGES, NOBODY, READER, SENDER, UNDECIDED_SENDER, Edit

if TYPE_CHECKING:
    from codegen.spec import Spec
    from codegen.spec_changes import SpecChange

ROOT = Path(__file__).parent.parent
DEPOT = Path(__file__).parent / "pages" / "specs" / "depot.yaml"


@pytest.fixture(autouse=True, scope="module")
def importable() -> Iterator[None]:
    """codegen is no installed package: it stands in the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield


@pytest.fixture(scope="module")
def depot(importable: None) -> Spec:
    """The spec before every change."""
    from codegen.spec import load

    return load(DEPOT)


def load_edited(folder: Path, *edits: tuple[str, str]) -> Spec:
    """Load the depot's spec with the first place of each text changed."""
    from codegen.spec import load

    text = DEPOT.read_text("utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    folder.mkdir(exist_ok=True)
    (folder / "depot.yaml").write_text(text, "utf-8")
    return load(folder / "depot.yaml")


def compared(depot: Spec, folder: Path, *edits: tuple[str, str]) -> list[SpecChange]:
    """Return the changes that edits of the spec make."""
    from codegen.spec_changes import compare_specs

    return compare_specs(depot, load_edited(folder, *edits))


def verdict(change: SpecChange) -> tuple[bool, bool, bool]:
    """Return whom a change breaks, and whether that is certain."""
    return change.breaks_sender, change.breaks_reader, change.is_certain


@pytest.mark.parametrize("edit", CHANGES, ids=lambda edit: edit.kind)
def test_an_edit_is_told_with_whom_it_breaks(edit: Edit, depot: Spec, tmp_path: Path) -> None:
    """A narrower schema breaks senders, a wider one breaks readers, and each edit has words of its own."""
    base = load_edited(tmp_path / "base", edit.base) if edit.base[0] else depot
    changes = compared(base, tmp_path, *([edit.base] if edit.base[0] else []), (edit.old, edit.new))
    told = [change for change in changes if edit.message in change.message]
    assert {verdict(change) for change in told} == {edit.breaks}, list(map(str, changes))


def test_every_edit_of_a_spec_is_told(depot: Spec) -> None:
    """Whatever is taken out of a spec, changed or put in another order, there is a change that tells of it."""
    from codegen.spec import Spec, SpecError, check_document
    from codegen.spec_changes import compare_specs

    silent, count = [], 0
    for place, document in edited_documents(depot.document):
        try:
            check_document(depot.path, document, depot.lines)
        except SpecError:
            continue
        count += 1
        if not compare_specs(depot, Spec(depot.path, document, depot.lines)):
            silent.append(place)
    assert silent == []
    assert count > 700


def edited_documents(document: Any) -> Iterator[tuple[str, Any]]:
    """Yield the document once for each node of it: without the node, and with another value or order in its place."""
    text = json.dumps(document)
    for keys in list(walk_keys(document)):
        for edit in ("remove", "change"):
            edited = json.loads(text)
            owner = edited
            for key in keys[:-1]:
                owner = owner[key]
            if edit == "remove":
                del owner[keys[-1]]
            else:
                owner[keys[-1]] = another_value(owner[keys[-1]])
            if edited != document or json.dumps(edited) != text:
                yield f"{edit} {keys}", edited


def walk_keys(node: Any, keys: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each node."""
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in parts:
        yield (*keys, key)
        yield from walk_keys(part, (*keys, key))


def another_value(value: Any) -> Any:
    """Return another value of the same type; for an object or an array, the same in another order."""
    if isinstance(value, dict):
        return dict(reversed(value.items()))
    if isinstance(value, list):
        return value[::-1]
    if isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else value + 1


def test_a_renamed_component_breaks_nobody(depot: Spec, tmp_path: Path) -> None:
    """A component that is called otherwise is the same on the wire, and its type is named."""
    changes = compared(depot, tmp_path, ("schemas/Fees'", "schemas/Costs'"), ("    Fees:\n", "    Costs:\n"))
    assert [change.message for change in changes] == ["Fees is called Costs now"]
    assert verdict(changes[0]) == NOBODY
    assert changes[0].uses == {("Fees", "")}


def test_a_change_inside_a_renamed_component_is_told(depot: Spec, tmp_path: Path) -> None:
    """A component that is called otherwise and changed tells both."""
    edits = ("schemas/Fees'", "schemas/Costs'"), ("    Fees:\n", "    Costs:\n"), ("[EUR, CHF]", "[EUR, CHF, SEK]")
    changes = compared(depot, tmp_path, *edits)
    assert [(change.message, verdict(change)) for change in changes] == [
        ("Fees is called Costs now", NOBODY),
        ("Costs.currency may be SEK", READER),
    ]


def test_a_renamed_placeholder_breaks_nobody(depot: Spec, tmp_path: Path) -> None:
    """The name in a path's braces is not on the wire."""
    edits = [("/v2/tools/{id}/repairs", "/v2/tools/{toolId}/repairs"), ("name: id", "name: toolId")]
    changes = compared(depot, tmp_path, *edits)
    assert {change.message: verdict(change) for change in changes} == {
        "the path parameter id of create_repair is called toolId now": NOBODY,
        "the path parameter id of list_repairs is called toolId now": NOBODY,
    }


def test_a_component_that_is_sent_and_read_breaks_both(depot: Spec, tmp_path: Path) -> None:
    """A schema that operations send and others read breaks whoever does either."""
    shared = (
        "        open: {$ref: '#/components/schemas/FeeAmount'}",
        "        open: {$ref: '#/components/schemas/WaiverAmount'}",
    )
    base = load_edited(tmp_path / "base", shared)
    changes = compared(base, tmp_path, shared, ("maximum: 0", "minimum: 0"))
    assert [(change.message, verdict(change)) for change in changes] == [
        ("WaiverAmount has minimum 0, was without", SENDER),
        ("WaiverAmount has no maximum, was 0", READER),
    ]


def test_a_change_stands_at_its_line(depot: Spec, tmp_path: Path) -> None:
    """A change has the line of its keyword."""
    changes = compared(depot, tmp_path, ("maximum: 0", "maximum: -1"))
    assert [change.line for change in changes] == [line_of("WaiverAmount: {type: number")]


def test_words_alone_break_nobody(depot: Spec, tmp_path: Path) -> None:
    """Changed descriptions, examples and notes are one line and break nobody."""
    changes = compared(depot, tmp_path, ("description: The branch that lends.", "description: The branch."))
    assert [change.message for change in changes] == ["descriptions, examples or notes in 1 place differ"]
    assert [verdict(change) for change in changes] == [NOBODY]


def test_a_change_without_words_is_told_all_the_same(depot: Spec, tmp_path: Path) -> None:
    """Another value of an unknown keyword cannot be decided."""
    changes = compared(depot, tmp_path, ("clerkNote: {type: string}", "clerkNote: {type: string, contentEncoding: x}"))
    assert [(change.message, verdict(change)) for change in changes] == [
        ("Extension.clerkNote has another contentEncoding", UNDECIDED_SENDER)
    ]
    assert str(changes[0]).endswith("[cannot be decided: sender]")


def test_the_same_spec_has_no_changes(depot: Spec, tmp_path: Path) -> None:
    """Comments and layout are no change."""
    assert compared(depot, tmp_path, ("openapi: 3.1.0", "openapi: 3.1.0\n# A comment.")) == []


RULES = """
from refundkit_apis.depot import models
from refundkit_apis.depot.api.loans import waive_fee


@rule("RF201", "too-much")
def too_much(body: models.WaiverRequest) -> bool:
    return body.waiver.amount < -10


def note_of(body: models.WaiverRequest) -> object:
    return body.waiver.note


class Desk:
    def open_fees(self, answer: models.FeesResponse) -> object:
        return answer.fees.open

    def amount(self) -> object:
        return self.amount


def waive(client: object) -> object:
    return waive_fee.sync
"""


@pytest.fixture(scope="module")
def package(importable: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package that is generated from the depot's spec."""
    from codegen import build

    return build.generate(DEPOT.parent, tmp_path_factory.mktemp("generated") / "refundkit_apis")


@pytest.fixture
def checkout(package: Path, tmp_path: Path) -> Path:
    """A repository with a spec, what is generated from it, and a module of rules, all committed."""
    files = {
        "specs/depot.yaml": DEPOT.read_text("utf-8"),
        "validators/rules.py": RULES,
        "validators/other.py": "class Fees:\n    open = 1\n\n\namount = Fees().open\n",
        "pyproject.toml": '[tool.mypy]\nmypy_path = ["validators"]\nexplicit_package_bases = true\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    shutil.copytree(package, tmp_path / "generated" / "refundkit_apis")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "specs")
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    """Run git there."""
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)  # noqa: S607


def run(folder: Path, revision: str) -> subprocess.CompletedProcess[str]:
    """The command as a person gives it."""
    command = [sys.executable, "-m", "codegen", "changes", revision, "--specs", str(folder / "specs")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def line_of(text: str) -> int:
    """The line of the depot's spec that holds a text."""
    return next(number for number, line in enumerate(DEPOT.read_text("utf-8").splitlines(), 1) if text in line)


def test_nothing_changed_since_the_last_commit(checkout: Path) -> None:
    """A working tree as it was committed has no changes, and that is exit 0."""
    outcome = run(checkout, "HEAD")
    assert (outcome.returncode, outcome.stdout) == (0, "")
    assert outcome.stderr == "0 changes since HEAD; breaking for senders: 0, for readers: 0\n"


def test_a_change_is_told_with_the_rules_that_read_it(checkout: Path) -> None:
    """A changed scalar lists the rule that reads a field of it, and no code that has only a name in common with it."""
    spec = checkout / "specs" / "depot.yaml"
    spec.write_text(spec.read_text("utf-8").replace("maximum: 0", "maximum: -1"), "utf-8")
    outcome = run(checkout, "HEAD")
    assert outcome.returncode == 0
    assert outcome.stdout.splitlines() == [
        f"{spec}:{line_of('WaiverAmount: {')}: WaiverAmount has maximum -1, was 0 [breaks: sender]",
        "",
        "used by",
        f"  {checkout}/validators/rules.py:8: RF201 too_much: Waiver.amount",
    ]
    assert outcome.stderr == "1 change since HEAD; breaking for senders: 1, for readers: 0\n"


def test_models_operations_and_fields_are_found_where_code_uses_them(checkout: Path) -> None:
    """A model that is gone, an operation that is called otherwise, and a field of an answer list their code."""
    spec = checkout / "specs" / "depot.yaml"
    text = spec.read_text("utf-8").replace("operationId: waive_fee", "operationId: waive").replace("FeesR", "CostsR")
    spec.write_text(text.replace("        open: {$ref: '#/components/schemas/FeeAmount'}\n", ""), "utf-8")
    lines = run(checkout, "HEAD").stdout.splitlines()
    assert lines[lines.index("used by") + 1 :] == [
        f"  {checkout}/validators/rules.py:16: Desk: Fees.open, FeesResponse",
        f"  {checkout}/validators/rules.py:24: waive: waive_fee",
    ]


def test_code_is_not_looked_for_without_the_package_of_that_time(checkout: Path) -> None:
    """Where a revision has no generated code, the command says that it cannot know what uses it."""
    git(checkout, "rm", "-r", "--quiet", "generated")
    git(checkout, "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "less")
    spec = checkout / "specs" / "depot.yaml"
    spec.write_text(spec.read_text("utf-8").replace("maximum: 0", "maximum: -1"), "utf-8")
    assert "used by: not known, no generated/refundkit_apis in HEAD" in run(checkout, "HEAD").stdout


def test_an_api_that_is_new_or_gone_is_one_change(checkout: Path) -> None:
    """A new or removed API is reported as one change."""
    (checkout / "specs" / "depot.yaml").rename(checkout / "specs" / "depots.yaml")
    lines = run(checkout, "HEAD").stdout.splitlines()
    assert [line.partition(": ")[2] for line in lines] == [
        "depot is gone [breaks: sender and reader]",
        "depots is new [breaks: nobody]",
    ]


def test_a_revision_that_is_none_is_an_error(checkout: Path) -> None:
    """An unknown revision is exit 2 with git's message."""
    outcome = run(checkout, "no-such-revision")
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "no-such-revision" in outcome.stderr


DESK = """from __future__ import annotations

from refundkit_apis.depot.api.loans import return_loan
from refundkit_apis.depot.client import Client
from refundkit_apis.depot.models import Return, ReturnCreate


"""


def test_the_walk_through_is_true(checkout: Path) -> None:
    """The changes and their code in docs/when-the-docs-change.md are what the command prints."""
    guide = (ROOT / "docs" / "when-the-docs-change.md").read_text("utf-8")
    code = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)[0]
    (checkout / "validators" / "desk.py").write_text(DESK + code, "utf-8")
    spec = checkout / "specs" / "depot.yaml"
    text = spec.read_text("utf-8").replace("all: {value: {}}", "all: {value: {reason: Done with it}}")
    reason = "        reason: {type: string, maxLength: 80, description: Why the tools come back.}\n"
    text = text.replace(
        "      properties:\n        tools: {type",
        "      required: [reason]\n      properties:\n        tools: {type",
        1,
    )
    spec.write_text(text.replace("        remark: {", f"{reason}        remark: {{", 1), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "codegen", "changes", "HEAD", "--specs", "specs"]
    outcome = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False, env=environment)
    assert outcome.stdout + outcome.stderr in guide
