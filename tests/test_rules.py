"""Each rule's docs: the Bad example raises the rule, the Good example has no finding."""

from __future__ import annotations

from typing import Any

import pytest
import refundkit
from refundkit import apis, operations, rules
from refundkit.lint.batch import Batch
from refundkit.lint.document import RequestDocument
from refundkit.lint.entry import Record
from refundkit.lint.places import RecordContext
from refundkit.lint.record import Settings, lint_record
from refundkit.reading.json import read_json
from refundkit.reading.xml import is_xml, read_xml
from refundkit.rule import REGISTRY, Rule
from refundkit_apis._runtime.codec import encode
from story import examples_of_docs, text, varied

rules.load_all()
RULES = [REGISTRY[code] for code in sorted(REGISTRY)]


def home(rule: Rule) -> str:
    """The operation that a rule's docs are about unless they name another."""
    for name in ("walmart.refund_order_lines", *operations.names()):
        operation = operations.get(name)
        has_home = operation.described.body is not None or name.endswith(".delete_refund")
        if has_home and rule.covers(name, apis.traits(name)):
            return name
    raise AssertionError(rule.code)


def codes(changes: dict[str, Any], rule: Rule) -> set[str]:
    """The ids that the story, so changed, raises; `before` are the changes of an earlier record of the same batch."""
    told = [changes.get("before"), {key: value for key, value in changes.items() if key != "before"}]
    batch = None if told[0] is None else Batch()
    return [found(one, rule, batch) for one in told if one is not None][-1]


def found(changes: dict[str, Any], rule: Rule, batch: Batch | None) -> set[str]:
    """Return the ids of one record's findings."""
    has_defect = changes.get("defect", False)
    request = varied({key: value for key, value in changes.items() if key != "defect"}, home(rule))
    require = tuple(request.pop("require", ()))
    data = request["text"].encode() if "text" in request else text({k: v for k, v in request.items() if v is not None})
    named = changes.get("operation", home(rule))
    settings = Settings(
        config=refundkit.Config(severity=((rule.code, "warning"),) if rule.severity == "off" else ()),
        operation=operations.get(named) if "text" in request and named else None,
        require=require,
    )
    record = Record("docs.json", 1, data, lambda: read_json(data))
    if is_xml(data):
        document = read_xml(data, operations.get(named).schema())
        record = Record("docs.xml", 1, encode(document.value), lambda: document, from_json=False)

    def find_context(asked: RequestDocument) -> RecordContext:
        if has_defect:
            raise ZeroDivisionError
        return RecordContext()

    return {one.code for one, _ in lint_record(record, settings, find_context, batch).findings}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_bad_raises_it(rule: Rule) -> None:
    """The Bad example in a rule's docs raises the rule."""
    assert rule.code in codes(examples_of_docs(rule.doc)["bad"], rule)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if "good" in examples_of_docs(rule.doc)], ids=lambda rule: rule.code
)
def test_good_is_clean(rule: Rule) -> None:
    """The Good example in a rule's docs has no finding."""
    assert codes(examples_of_docs(rule.doc)["good"], rule) == set()
