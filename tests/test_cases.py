"""Each file of tests/cases: a good request has no finding, a bad one exactly those that its file names.

A case is one JSON file, `tests/cases/<operation>/{good,bad}/<name>.json`, of these keys:

    about     one sentence: what is right or wrong with the request
    request   the request as a .json file would hold it; it is for the folder's operation unless it names one itself.
              "order": "example" and "refunds": "example" stand for the spec's own
    text      instead of a request: the document as it is, with `as` for the operation (none: nothing names one) and
              `file` for the name of the file it stands in (refund.json unless said)
    expect    of a bad one: every id that is found, with the pointers it is found at, no more and no less
    not_run   what is missing for rules that cannot run (every part that is), each with ids that must be among them
    says      texts that the messages and helps must hold
    severity, require   as the configuration's severity and --require-context

The name of a file tells which rule it is about: rf203-one-cent-over.json raises RF203, rf203-exactly-the-cap.json just
does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from refundkit import Config, balance, operations, rules
from refundkit.errors import Severity
from refundkit.lint.places import RecordContext
from refundkit.lint.record import Linted, Settings, lint_record
from refundkit.lint.sources import read_records
from refundkit.rule import REGISTRY
from refundkit_apis._runtime.codec import encode
from story import story

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.glob("*/*/*.json"))
NAMES = [file.relative_to(CASES).as_posix().removesuffix(".json") for file in FILES]

rules.load_all()

# Rules without a case of both kinds, and why.
WITHOUT_CASES = {
    "RF007": "is about a defect of ours, which no request shows",
    "RF317": "compares the records of a batch, and a case is one record",
}
# Rules that cover an operation by its API, and have nothing there to be wrong.
WITHOUT_A_SUBJECT = {
    ("walmart.create_token", "RF301"): "a token is of no order",
    ("walmart.create_token", "RF501"): "the token's path and body name no order",
    ("walmart.create_token", "RF505"): "the path has no parameter",
    ("walmart_ca.cancel_order_lines", "RF501"): "the body names no order",
    ("woocommerce_legacy.update_refund", "RF301"): "an update names no item",
    ("woocommerce_legacy.update_refund", "RF507"): "an update does not ask the gateway",
    ("taxcloud.refund_order", "RF502"): "each way to authenticate is one header, which cannot be there by half",
}


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One file of tests/cases; the module's docstring says what the keys mean."""

    about: str
    expect: dict[str, list[str]] = {}
    not_run: dict[str, list[str]] | None = None
    says: list[str] = []
    severity: dict[str, Severity] = {}
    require: list[str] = []
    request: dict[str, msgspec.Raw] | None = None
    text: str | None = None
    operation: str | None = msgspec.field(default=None, name="as")
    file: str = "refund.json"


@cache
def case(file: Path) -> Case:
    """Read a case from its file, with exact literals and repeated keys."""
    return msgspec.json.decode(file.read_bytes(), type=Case)


def written(members: dict[str, msgspec.Raw], operation: str) -> bytes:
    """Return the request of a case as a document, with the spec's examples filled in."""
    parts = []
    for key, raw in members.items():
        example = bytes(raw) == b'"example"' and key in ("order", "refunds")
        parts.append(encode(key) + b": " + (encode(story(operation)[key]) if example else bytes(raw)))
    return b"{" + b",\n".join(parts) + b"}"


def linted(file: Path, folder: Path) -> list[Linted]:
    """Return the findings of a case, record by record."""
    one, operation = case(file), file.parent.parent.name
    document = folder / one.file
    if one.request is not None:
        document.write_bytes(written(one.request, operation))
        named: str | None = None if "operation" in one.request or "url" in one.request else operation
    else:
        document.write_text(one.text or "", "utf-8")
        named = one.operation
    settings = Settings(
        config=Config(severity=tuple(one.severity.items())),
        operation=operations.get(named) if named else None,
        forced=named is not None,
        require=tuple(one.require),
    )
    return [
        lint_record(record, settings, lambda asked: RecordContext())
        for record in read_records(str(document), lambda root: _schema(named))
    ]


def _schema(operation: str | None) -> dict[str, Any] | None:
    return operations.get(operation).schema() if operation else None


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_case(file: Path, tmp_path: Path) -> None:
    """A case raises exactly the ids and pointers in its file, and a good case none."""
    one, found = case(file), linted(file, tmp_path)
    raised = {(each.code, each.pointer) for record in found for each, _ in record.findings}
    expected = {(code, pointer) for code, pointers in one.expect.items() for pointer in pointers}
    assert raised == expected
    said = "\n".join(f"{each.message} {each.help}" for record in found for each, _ in record.findings)
    for words in one.says:
        assert words in said
    if one.not_run is not None:
        missing = {each.missing: set(each.codes) for record in found for each in record.not_run}
        assert missing.keys() == one.not_run.keys()
        for part, codes in one.not_run.items():
            assert missing[part].issuperset(codes)


@pytest.mark.parametrize("file", FILES, ids=NAMES)
def test_case_is_well_formed(file: Path) -> None:
    """A case is in the folder of its kind and operation, and has the right keys."""
    one, kind = case(file), file.parent.name
    assert operations.find(file.parent.parent.name) is not None
    assert kind in ("good", "bad")
    assert bool(one.expect) == (kind == "bad")
    assert (one.request is None) != (one.text is None)
    assert one.about.endswith(".")
    assert set(one.expect) <= set(REGISTRY)


def with_body() -> list[str]:
    """Return the operations with a body."""
    return [name for name in operations.names() if operations.get(name).described.body is not None]


@pytest.mark.parametrize("operation", [*with_body(), "woocommerce.delete_refund"])
def test_every_operation_has_enough_cases(operation: str) -> None:
    """Each operation with a body, and wc/v3's deletion, has at least three good and six bad cases."""
    assert len(list((CASES / operation / "good").glob("*.json"))) >= 3
    assert len(list((CASES / operation / "bad").glob("*.json"))) >= 6


def about(code: str, kind: Literal["raises", "misses"], operation: str = "*") -> Iterator[Path]:
    """Return the cases that name a rule, by whether they raise it or nearly do."""
    for file in CASES.glob(f"{operation}/*/{code.lower()}-*.json"):
        if (code in case(file).expect) == (kind == "raises"):
            yield file


@pytest.mark.parametrize("code", sorted(set(REGISTRY) - set(WITHOUT_CASES)))
@pytest.mark.parametrize("kind", ["raises", "misses"])
def test_every_rule_has_a_case_of_both_kinds(code: str, kind: Literal["raises", "misses"]) -> None:
    """Each rule has a case that raises it and one that nearly does."""
    assert list(about(code, kind))


def subjects() -> list[tuple[str, str]]:
    """Return each operation with a body and each rule that covers it, without RF0xx and RF1xx."""
    return [
        (name, code)
        for name in with_body()
        for code, rule in sorted(REGISTRY.items())
        if rule.covers(name) and code[:3] not in ("RF0", "RF1") and code not in WITHOUT_CASES
    ]


@pytest.mark.parametrize(("operation", "code"), [one for one in subjects() if one not in WITHOUT_A_SUBJECT])
def test_every_rule_has_a_case_for_each_operation(operation: str, code: str) -> None:
    """Each rule has, for each operation, a case that raises it and one that nearly does."""
    assert list(about(code, "raises", operation))
    assert list(about(code, "misses", operation))


# Rules whose help names what is left.
CAPS = {"RF203", "RF204", "RF207", "RF213", "RF214", "RF401", "RF404"}


def numbers_left(document: dict[str, msgspec.Raw], operation: Any) -> set[Decimal]:
    """Return what `balance` shows as left of the order of a request: money, taxes and pieces."""
    shown = balance(operation, document["order"], document.get("refunds"))
    accounts = [account for line in shown.lines for account in line.accounts]
    return {left for account in accounts for left in (account.left, account.tax_left) if left is not None}


# Of an update the refund that it replaces is left as well, of which no balance knows.
CAPPED = [
    file
    for file in FILES
    if CAPS & set(case(file).expect) and "order" in (case(file).request or {}) and "update_" not in file.parts[-3]
]


@pytest.mark.parametrize("file", CAPPED, ids=lambda file: f"{file.parts[-3]}/{file.stem}")
def test_what_a_cap_offers_is_what_balance_shows(file: Path, tmp_path: Path) -> None:
    """The number in the help of a cap is one that `balance` shows as left; without one nothing is left."""
    operation = file.parent.parent.name
    document = msgspec.json.decode(written(case(file).request or {}, operation), type=dict[str, msgspec.Raw])
    left = numbers_left(document, operation)
    for finding in (finding for record in linted(file, tmp_path) for finding, _ in record.findings):
        if finding.code in CAPS:
            offered = {Decimal(number) for number in re.findall(r"-?[0-9]+(?:\.[0-9]+)?", finding.help)}
            assert offered <= left | {Decimal(0)}, (finding, left)
            assert offered or re.search("leave|nothing", finding.help), finding
