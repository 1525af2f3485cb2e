"""Changes between two revisions of the specs: each one in words, whom it breaks, and what uses it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from codegen.changes import SpecChange
    from codegen.spec import Spec

ROOT = Path(__file__).parent.parent
DEPOT = Path(__file__).parent / "pages" / "specs" / "depot.yaml"
SENDER, READER, BOTH, NOBODY = (True, False), (False, True), (True, True), (False, False)

# (what stands in the spec, what stands there after the change, what is said, whom it breaks)
CHANGES = [
    ("/v2/inspections:", "/v2/checks:", "list_inspections is GET /v2/checks, was GET /v2/inspections", SENDER),
    ("operationId: waive_fee", "operationId: waive", "waive_fee is called waive now", BOTH),
    ("tags: [loans]", "tags: [lending]", "extend_loan is in another module: its tags are lending", SENDER),
    ("https://api.depot.example", "https://depot.example", "the server https://api.depot.example is gone", SENDER),
    ("https://api.depot.example", "https://depot.example", "the server https://depot.example is new", NOBODY),
    (
        "        - name: DEPOT.LANGUAGE\n          in: header\n",
        "        - name: DEPOT.LANGUAGE\n          in: header\n          required: true\n",
        "the header parameter DEPOT.LANGUAGE of extend_loan is required now, was optional",
        SENDER,
    ),
    (
        "in: query\n          required: true\n",
        "in: query\n",
        "the query parameter branch of list_inspections is optional now, was required",
        NOBODY,
    ),
    ("name: DEPOT.BRANCH", "name: DEPOT.HOUSE", "the header parameter DEPOT.BRANCH of extend_loan is gone", SENDER),
    ("name: DEPOT.BRANCH", "name: DEPOT.HOUSE", "DEPOT.HOUSE of extend_loan is new and required", SENDER),
    ("enum: [en, nl]", "enum: [en]", "DEPOT.LANGUAGE of extend_loan may be nl no more", SENDER),
    ("minLength: 12", "minLength: 16", "depotId of return_loan has minLength 16, was 12", SENDER),
    ("minLength: 12", "minLength: 8", "depotId of return_loan has minLength 8, was 12", NOBODY),
    ("[{bearer: []}, {apiKey: []}]", "[{apiKey: []}]", "return_loan takes the credentials bearer no more", SENDER),
    ("[{clerkKey: []}]", "[{clerkKey: []}, {token: []}]", "extend_loan takes the credentials token", NOBODY),
    ("name: X-DEPOT-KEY", "name: X-KEY", "the credential apiKey is sent in another way", SENDER),
    ('"404": {description: No such loan.}', "", "return_loan answers with status 404 no more", NOBODY),
    ('"404": {desc', '"202": {desc', "return_loan answers with status 202 too", READER),
    ("required: [loanLines]", "required: [loanLines, clerkNote]", "clerkNote is required now, was optional", SENDER),
    ("required: [id]", "required: []", "Repair.id is optional now, was required", READER),
    ("clerkNote: {type: string}", "clerkNote: {type: integer}", "clerkNote is integer, was string", SENDER),
    ("dueOn: {type: string}", "dueOn: {type: [string, 'null']}", "dueOn is null or string, was string", READER),
    ("WaiverAmount: {type: number", "WaiverAmount: {type: integer", "WaiverAmount is integer, was number", SENDER),
    ("FeeAmount: {type: number", "FeeAmount: {type: integer", "FeeAmount is integer, was number", NOBODY),
    ("maximum: 0", "maximum: -1", "WaiverAmount has maximum -1, was 0", SENDER),
    ("WaiverAmount: {type: number, maximum: 0}", "WaiverAmount: {type: number}", "has no maximum, was 0", NOBODY),
    ("maximum: 0}", "maximum: 0, x-rule: {maximum: RF201}}", "is judged by RF201 (maximum), was by no rule", NOBODY),
    ("enum: [EUR, CHF]", "enum: [EUR, CHF, SEK]", "Fees.currency may be SEK", READER),
    ("enum: [RAIN, JOB_NOT_DONE]", "enum: [RAIN, JOB_NOT_DONE, ILL]", "extensionReason may be ILL", NOBODY),
    ("        fault: {type: string}\n", "", "RepairCreate.fault is gone", SENDER),
    ("        asked_at: {type: string}\n", "", "Repair.asked_at is gone", READER),
    ("dueOn: {type: string}", "dueOn: {type: string}\n        dueAt: {type: string}", "dueAt is new and opt", NOBODY),
    ("pattern: '^[0-9]{4}-", "pattern: '^[0-9]{5}-", "ReturnCreate.returnedAt has another pattern", SENDER),
    (
        "ReturnedTool:\n      type: object\n      additionalProperties: false",
        "ReturnedTool:\n      type: object",
        "takes other fields",
        NOBODY,
    ),
    (
        "parts: {type: array, items: {$ref: '#/components/schemas/Part'}}",
        "parts: {type: array, items: {$ref: '#/components/schemas/RepairPart'}}",
        "an entry of RepairCreate.parts is RepairPart, was Part",
        SENDER,
    ),
    (
        "application/json:\n            schema: {$ref: '#/components/schemas/ReturnCreate'}",
        "application/xml:\n            schema: {$ref: '#/components/schemas/ReturnCreate'}",
        "the body of return_loan is application/json no more",
        SENDER,
    ),
]


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


def compared(depot: Spec, folder: Path, old: str, new: str) -> list[SpecChange]:
    """The changes that one edit of the spec makes."""
    from codegen.changes import compare
    from codegen.spec import load

    text = DEPOT.read_text("utf-8")
    assert old in text
    (folder / "depot.yaml").write_text(text.replace(old, new, 1), "utf-8")
    return compare(depot, load(folder / "depot.yaml"))


@pytest.mark.parametrize(("old", "new", "said", "breaks"), CHANGES)
def test_a_change_is_told_with_whom_it_breaks(
    old: str, new: str, said: str, breaks: tuple[bool, bool], *, depot: Spec, tmp_path: Path
) -> None:
    """A narrower schema breaks senders, a wider one breaks readers, and each change has a description."""
    found = [change for change in compared(depot, tmp_path, old, new) if said in change.message]
    assert [(change.breaks_sender, change.breaks_reader) for change in found] == [breaks], found


def test_a_change_stands_at_its_line(depot: Spec, tmp_path: Path) -> None:
    """A change has the line of its keyword."""
    changes = compared(depot, tmp_path, "maximum: 0", "maximum: -1")
    assert [change.line for change in changes] == [line_of("WaiverAmount: {type: number")]


def test_words_alone_break_nobody(depot: Spec, tmp_path: Path) -> None:
    """Changed descriptions, examples and notes are one line and break nobody."""
    changes = compared(depot, tmp_path, "description: The branch that lends.", "description: The branch.")
    assert [change.message for change in changes] == ["descriptions, examples or notes in 1 place differ"]
    assert [(change.breaks_sender, change.breaks_reader) for change in changes] == [NOBODY]


def test_a_change_without_words_is_told_all_the_same(depot: Spec, tmp_path: Path) -> None:
    """A change of an unknown keyword is reported as one that may break everybody."""
    changes = compared(depot, tmp_path, "clerkNote: {type: string}", "clerkNote: {type: string, contentEncoding: x}")
    assert [(change.breaks_sender, change.breaks_reader) for change in changes] == [SENDER]
    assert "Extension differs in a way that this command has no words for" in changes[0].message


def test_the_same_spec_has_no_changes(depot: Spec, tmp_path: Path) -> None:
    """Comments and layout are no change."""
    assert compared(depot, tmp_path, "openapi: 3.1.0", "openapi: 3.1.0\n# A comment.") == []


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with a spec, a rule, a test and two cases, all committed."""
    files = {
        "specs/depot.yaml": DEPOT.read_text("utf-8"),
        "validators/rules.py": (
            "from refundkit_apis.depot import models\n\n\n"
            '@rule("RF201", "too-much")\n'
            "def too_much(body: models.WaiverRequest) -> bool:\n"
            "    return body.waiver.amount < -10\n\n\n"
            "def apart() -> None: ...\n"
        ),
        "validators/other.py": "amount = elsewhere.amount\n",
        "tests/test_rules.py": 'OPERATION = "depot.waive_fee"\nBODY = {"waiver": {"amount": -1}}\n',
        "tests/cases/depot.waive_fee/bad/one.json": '{"waiver": {"amount": 1}}',
        "tests/cases/depot.waive_fee/bad/two.json": "{}",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
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


def test_a_change_is_told_with_the_rules_and_tests_that_use_it(checkout: Path) -> None:
    """A changed scalar lists the fields, rules, tests and cases that use it."""
    spec = checkout / "specs" / "depot.yaml"
    spec.write_text(spec.read_text("utf-8").replace("maximum: 0", "maximum: -1"), "utf-8")
    outcome = run(checkout, "HEAD")
    assert outcome.returncode == 0
    assert outcome.stdout.splitlines() == [
        f"{spec}:{line_of('WaiverAmount: {')}: WaiverAmount has maximum -1, was 0 [breaks: sender]",
        "",
        "used by",
        f"  {checkout}/validators/rules.py:6: RF201 too_much: amount",
        f"  {checkout}/tests/test_rules.py:2: amount",
        f"  {checkout}/tests/cases/depot.waive_fee:1: 1 case: amount",
    ]
    assert outcome.stderr == "1 change since HEAD; breaking for senders: 1, for readers: 0\n"


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
