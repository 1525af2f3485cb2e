"""The command line: line and column of a finding."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from commands import GUID, SHOP, UPDATE, US, Cli, asking, flat, refund, write
from refundkit.reading.document import Document, Location
from refundkit.reading.places import Part


@pytest.mark.parametrize(
    ("body", "code", "line", "column"),
    [
        ('{"order_refund": {\n  "amount": "1.00", "note": 1}}', "RF103", 2, 21),
        ('{"order_refund": {\n  "amount": "1.00", "id": 1}}', "RF108", 2, 21),
        ('{"order_refund":\n   {"reason": ""}}', "RF101", 2, 4),
        ('{"order_refund": {"amount":\n true}}', "RF102", 2, 2),
        ('{"order_refund": {"amount": 1,\n"amount": 2}}', "RF002", 2, 1),
        ('{"order_refund": {"amount": "é\U0001f4b6", "line_items":\n []}}', "RF210", 1, 29),
        ('{"order_refund": {"reason": "é\U0001f4b6", "amount": -1}}', "RF202", 1, 45),
        ('{"order_refund": {"amount": 1,}}', "RF001", 1, 30),
    ],
)
def test_place_of_a_finding(check: Cli, body: str, code: str, line: int, column: int) -> None:
    """A finding is at its value, at the key for a field too many, at the object for one too few; in characters."""
    write("r.json", body)
    found = check("--as", SHOP, "r.json").only
    assert (found["code"], found["line"], found["column"]) == (code, line, column)


def test_place_of_what_a_request_lacks(check: Cli) -> None:
    """A header or path parameter that a whole request lacks is found at the object that should hold it."""
    write(
        "r.json",
        asking(
            UPDATE,
            '\n "path": {"id": "1"},\n "query": {"consumer_key": "k"},\n "headers": {},\n "body": {"order_refund": {}}',
        ),
    )
    found = check("r.json").document["findings"]
    assert [(one["code"], one["pointer"], one["line"], one["column"]) for one in found] == [
        ("RF505", "path:refund_id", 2, 10),
        ("RF502", "query:consumer_secret", 3, 11),
    ]
    write("r.json", asking(US, f'"body": {flat(refund())},\n "headers": {{"WM_QOS.CORRELATION_ID": "{GUID}"}}'))
    found = check("r.json").only
    assert (found["pointer"], found["line"], found["column"]) == ("header:WM_SVC.NAME", 2, 13)


def test_places_are_for_findings_alone(check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines and columns are computed only for payloads with findings, so a clean one does not pay for them."""
    located: list[int] = []
    locate = Document.locate_all

    def note(document: Document, queries: Sequence[tuple[str, Part]]) -> list[Location | None]:
        located.append(document.source.first_line)
        return locate(document, queries)

    monkeypatch.setattr(Document, "locate_all", note)
    write("r.jsonl", "\n".join(flat(refund(amount)) for amount in ("-1.00", "19.99", "-2.00")))
    found = check("--as", US, "r.jsonl")
    assert found.only["line"] == 2
    assert set(located) == {2}
