"""The fast proof: what it takes as fine the lane finds nothing wrong with, and it is off where it cannot know that."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, Final

import msgspec
import proof_fuzz
import pytest
import refundkit
import test_choice
import test_rules
from commands import command
from proof_fuzz import compare, plan_of, screened
from refundkit import Config, operations
from refundkit.checking import proof
from refundkit.checking.plan import make_plan
from refundkit.request import Request
from refundkit.rule import REGISTRY, rule
from share import share
from story import examples, examples_of_docs, story, text, varied

if proof.scanner is None and find_spec("refundkit._proofscan"):
    pytest.fail("proofscan.py has changed since it was compiled: pip install -e .", pytrace=False)
pytestmark = pytest.mark.skipif(not proof.is_on(), reason=proof.describe_state())
fresh_rules = test_choice.fresh_rules

SCREENED = screened()
PROVE = proof.Proof.parts_if_fine  # as it is where no test compares it
COMPARISONS = share(20_000, least=300)
PARTS = ("body", "order", "refunds")


def request_of(parts: dict[str, Any], *names: str) -> Request:
    """Make a request of some parts of plain data."""
    values: dict[str, Any] = {name: parts[name] for name in names if parts.get(name) is not None}
    values |= {name: text(value) for name, value in values.items() if name in PARTS}
    return Request(**values)


@pytest.mark.parametrize("operation", SCREENED)
def test_a_screen_was_read_beside_its_rules_as_they_are(operation: str) -> None:
    """A screen has the digest of each rule that it restates: who changes one reads the screen again beside it."""
    described, screen = operations.get(operation), proof.find_screen(operations.get(operation))
    assert screen is not None
    current = proof.current_digests(described, make_plan(operation, Config()).rules)
    changed = [code for code in current.keys() | screen.rules.keys() if current.get(code) != screen.rules.get(code)]
    if changed:
        digests = " ".join(f"{code}:{digest}" for code, digest in current.items())
        pytest.fail(f"read apis/{described.api}/screen.py again beside {sorted(changed)}, then write: {digests}")


@pytest.mark.parametrize("operation", SCREENED)
@pytest.mark.parametrize("names", ["body", "body order", "body path headers", "body order path"])
def test_the_requests_that_people_make_are_proven_fine(operation: str, names: str) -> None:
    """The first example of a request is proven fine, alone and with order, path and headers."""
    assert compare(operation, request_of(story(operation), *names.split()))


def test_a_proof_that_fails_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the tables cannot be made, or a scan raises, requests are checked as without the proof."""
    operation: Final = "walmart.refund_order_lines"
    request = request_of(story(operation), "body")
    described, rules_now = operations.get(operation), make_plan(operation, Config()).rules
    unmade = proof.Proof(described, rules_now)
    monkeypatch.setattr(proof, "_make_prover", lambda *_: 1 / 0)
    assert [PROVE(unmade, request) for _ in range(200)] == [0] * 200
    monkeypatch.undo()
    broken = proof.Proof(described, rules_now)
    assert broken.prepare()
    assert PROVE(broken, request)
    monkeypatch.setattr(proof.scanner, "scan", lambda *_: 1 / 0)
    assert PROVE(broken, request) == 0


def test_a_request_that_is_proven_fine_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is proven fine costs no decode, and every clean report of a kind is one object."""
    operation: Final = "walmart.refund_order_lines"
    request, before = story(operation), refundkit.check(operation, "{}")
    monkeypatch.setattr(proof.Proof, "parts_if_fine", PROVE)
    monkeypatch.setattr(operations, "quick_decoder", None)
    assert plan_of(operation).proof.prepare()
    reports = [refundkit.check(operation, text(request["body"]), order=text(request["order"])) for _ in range(2)]
    assert reports[0] is reports[1]
    assert reports[0].ok
    assert not before.ok


def test_refunds_that_only_a_journal_knows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is proven fine where there are refunds that neither the order nor a list tells."""
    operation: Any = "walmart.refund_order_lines"
    request = story(operation)
    counted: list[Any] = []

    def unlisted(_: Any, known: list[Any]) -> list[Any]:
        counted.append(known)
        return []

    body, order = text(request["body"]), text(request["order"])
    monkeypatch.setattr(proof.Proof, "parts_if_fine", PROVE)
    assert make_plan(operation, Config()).proof.prepare()
    assert refundkit.check(operation, body, order=order).ok
    refundkit.check(operation, body, order=order, unlisted=unlisted)
    assert counted


@pytest.mark.parametrize("operation", SCREENED)
def test_proof_and_lane_agree_on_changed_requests(operation: str) -> None:
    """Whatever is dropped, added, retyped, repeated or changed: what is proven fine has a clean and equal report."""
    outcomes = proof_fuzz.comparisons(operation, COMPARISONS, seed=COMPARISONS)
    assert outcomes[True] > COMPARISONS / 20


@pytest.mark.parametrize("operation", SCREENED)
def test_every_change_of_one_field_is_compared(operation: str) -> None:
    """Each key of each object of an example dropped, of another type, and there twice: proof and lane agree."""
    request = story(operation)
    for part in PARTS:
        for changed in single_changes(request.get(part)):
            texts: dict[str, Any] = {name: text(request[name]) for name in PARTS if request.get(name) is not None}
            texts[part] = changed
            compare(operation, Request(**texts, path=request["path"]))
            if part == "body":
                compare(operation, Request(body=changed))


def single_changes(document: Any) -> Iterator[bytes]:
    """Yield the texts of a document with one change."""
    for index in range(len(proof_fuzz.places(document))):
        ways: list[Any] = ["drop", "twice", None, True, 0, 1, -1, "", "7", "string", [], {}, Decimal("0.001"), [{}]]
        for way in ways:
            changed = json.loads(proof_fuzz.write(document), parse_float=Decimal)
            holder, key = proof_fuzz.places(changed)[index]
            twice = None
            if way == "drop":
                del holder[key]
            elif way == "twice":
                twice = (id(holder), key) if isinstance(holder, dict) else None
            else:
                holder[key] = way
            yield proof_fuzz.write(changed, twice).encode()
    for holder, _ in proof_fuzz.places(document):
        if isinstance(holder, dict):
            for key in proof_fuzz.KEYS:
                if key not in holder:
                    holder[key] = "5"
                    yield proof_fuzz.write(document).encode()
                    del holder[key]


@pytest.mark.parametrize("code", sorted(REGISTRY))
def test_no_bad_example_of_a_rule_is_proven_fine(code: str) -> None:
    """The Bad example in the docs of a rule that runs by default is never proven fine."""
    changes = examples_of_docs(REGISTRY[code].doc)["bad"]
    operation = changes.get("operation", test_rules.home(REGISTRY[code]))
    if operation not in SCREENED or "text" in changes or "before" in changes or "defect" in changes:
        return
    request = varied(changes, operation)
    names = [name for name in ("body", "order", "refunds", "path", "query", "headers", "url") if name in request]
    plan = make_plan(operation, Config(severity=((code, "warning"),)))
    plan.proof.prepare()
    assert not plan.proof.parts_if_fine(request_of(request, *names), request.get("require", ()))


@pytest.mark.parametrize("operation", SCREENED)
def test_an_order_that_is_proven_fine_has_nothing_in_the_audit(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit finds and counts the same of the requests of an order, proven or not, whatever took effect."""
    kernel = pytest.importorskip("refundkit.audit.kernel", reason="the extra audit is not installed")
    random = Random(operation)  # noqa: S311 - no secret
    proven: Counter[int] = Counter()

    def note(self: proof.Proof, request: Request, require: tuple[str, ...] = (), history: Any = None) -> int:
        parts = PROVE(self, request, require, history)
        proven[len(history.bodies) if parts and history is not None else -1] += 1
        return parts

    plan_of(operation)
    source = (parts for parts in proof_fuzz.seeds(operation, random) if proof_fuzz.is_near(operation, parts, random))
    for parts in islice(source, share(4_000, least=100)):
        settings = kernel.AuditSettings(statuses=random.random() < 0.5, carried=random.random() < 0.2)
        requests = [request_of(each, "body", "path", "order", "refunds") for each in steps(parts, random)]
        rows = [
            kernel.Row(
                row=number,
                time=number,
                operation=operation,
                path=text(request.path),
                query=None,
                headers=None,
                body=request.body,
                order=request.order,
                refunds=request.refunds,
                status=random.choice((200, 200, 200, 500, None)),
            )
            for number, request in enumerate(requests)
        ]
        results = []
        for prove in (note, lambda *_: 0):
            monkeypatch.setattr(proof.Proof, "parts_if_fine", prove)
            judge = kernel.Kernel(settings)
            judge.judge_order(kernel.key_of_row(rows[0]), list(rows))
            results.append(judge.take())
        assert results[0][0].equals(results[1][0])
        assert results[0][1] == results[1][1]
    assert proven[0] > proven[1] > 0


def steps(parts: dict[str, Any], random: Random) -> Iterator[dict[str, Any]]:
    """Yield some requests of one order: the same body, changed now and then."""
    refunds = parts.get("refunds") if random.random() < 0.5 else None
    path = {"path": parts.get("path") or {}}
    for _ in range(random.choice((1, 2, 2, 3))):
        body = shrink(parts["body"], random.choice((1, 1, 4)))
        if random.random() < 0.3:
            proof_fuzz.change(body, random)
        yield {**path, "body": body, "order": parts.get("order"), "refunds": refunds}


def shrink(node: Any, divisor: int) -> Any:
    """Copy a body with its decimals divided, so that several of them fit into an order."""
    if isinstance(node, dict):
        return {key: shrink(value, divisor) for key, value in node.items()}
    if isinstance(node, list):
        return [shrink(value, divisor) for value in node]
    return round(Decimal(str(node)) / divisor, 2) if isinstance(node, (Decimal, float)) else node


def test_a_rule_of_ones_own_switches_the_proof_off() -> None:
    """With a rule that no screen names the lane is walked, and the rule is heard."""
    body = text(examples("walmart.refund_order_lines")[0])
    assert plan_of("walmart.refund_order_lines").proof.parts_if_fine(Request(body=body))

    @rule("RF999", "of-ones-own", on=["walmart"])
    def of_ones_own(refund: Any) -> Any:
        """Never good."""
        return refundkit.finding("", "never")

    plan = make_plan("walmart.refund_order_lines", Config())
    assert not plan.proof.prepare()
    assert {each.code for each in refundkit.check("walmart.refund_order_lines", body).findings} == {"RF999"}


def test_a_rule_that_is_switched_on_switches_the_proof_off() -> None:
    """A rule that is off by default and that no screen names leaves no proof once it is on."""
    assert make_plan("woocommerce.create_refund", Config()).proof.prepare()
    assert not make_plan("woocommerce.create_refund", Config(severity=(("RF607", "warning"),))).proof.prepare()


@pytest.mark.parametrize("operation", SCREENED)
def test_a_rule_that_changed_switches_the_proof_off(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule that a screen restates switches the proof off once it is another than was read."""
    described, current = operations.get(operation), make_plan(operation, Config())
    assert current.proof.prepare()
    for changed in current.rules:
        other = msgspec.structs.replace(changed, run=lambda *_: None)
        rules_now = tuple(other if each is changed else each for each in current.rules)
        restated = changed.code in proof.current_digests(described, current.rules)
        assert proof.Proof(described, rules_now).prepare() != restated


def test_a_module_that_was_compiled_of_another_source_is_not_used(tmp_path: Path) -> None:
    """Who changes the scanner, or checks out another version, has no proof until it is installed again."""
    source = Path(refundkit.__file__).with_name("proofscan.py")
    assert proof.load_scanner(source) is proof.scanner
    other = tmp_path / "proofscan.py"
    other.write_bytes(source.read_bytes() + b"# changed")
    assert proof.load_scanner(other) is None


def test_the_environment_switches_the_proof_off() -> None:
    """REFUNDKIT_PROOF=0 switches the proof off, and --version says so."""
    assert "(with the fast proof)" in command("--version").out
    assert "switched off" in command("--version", REFUNDKIT_PROOF="0").out
