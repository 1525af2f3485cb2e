"""Recorded traffic (.har): calls with a body are records, held to the answers before them."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from commands import CA, US, Cli, flat, refund, write, xml_refund
from story import ROOT, story, text

WALMART = "https://marketplace.walmartapis.com"
RECORDINGS = ROOT / "tests/recordings"


def exchange(method: str, url: str, body: str | None = None, answer: Any = None, **response: Any) -> dict[str, Any]:
    """One entry, as a recorder writes it."""
    content = {"text": answer if isinstance(answer, str) else text(answer).decode(), "mimeType": "application/json"}
    request: dict[str, Any] = {
        "method": method,
        "url": url,
        "headers": [{"name": ":authority", "value": "x"}],
        "queryString": [],
    }
    if body is not None:
        request["postData"] = {"mimeType": "application/json", "text": body}
    return {"request": request, "response": {"status": 200, "headers": [], "content": content, **response}}


def recording(*entries: dict[str, Any]) -> str:
    """A recording, laid out as browsers do it."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "a browser"}, "entries": entries}}, indent=2)


def order(**changes: str) -> dict[str, Any]:
    """The answer with the order of Walmart's story."""
    return exchange("GET", f"{WALMART}/v3/orders/{story(US)['path']['purchaseOrderId']}", answer=story(US)["order"])


def send(body: str, order_id: str = "") -> dict[str, Any]:
    """A refund of the order of Walmart's story."""
    return exchange("POST", f"{WALMART}/v3/orders/{order_id or story(US)['path']['purchaseOrderId']}/refund", body)


def too_much() -> str:
    """A refund of more than was charged."""
    return text(story(US)["body"]).decode().replace("-19.99", "-39.99")


def test_call_with_a_body_is_a_record(check: Cli) -> None:
    """Of a recording the calls of operations with a body are checked, and each finding stands at the body's text."""
    page = exchange("GET", "https://shop.example/cart")
    write("r.har", recording(page, order(), send(refund("19.99")), exchange("POST", "https://other.example/log", "{")))
    found = check("r.har")
    assert found.document["summary"]["checked"] == 1
    wrong = next(one for one in found.document["findings"] if one["code"] == "RF201")
    line = Path("r.har").read_text().splitlines()[wrong["line"] - 1]
    assert (wrong["record"], wrong["operation"]) == (3, US)
    assert line[: wrong["column"] - 1].strip() == '"text":'
    assert "19.99" in line


def test_order_is_the_answer_before_it(check: Cli) -> None:
    """A refund is held to the last answer with its order before it, not to one behind it or of another order."""
    other = exchange("GET", f"{WALMART}/v3/orders/1", answer={"order": "of somebody else"})
    write("known.har", recording(order(), other, send(too_much())))
    assert "RF203" in check("known.har").codes
    write("unknown.har", recording(other, send(too_much()), order()))
    found = check("unknown.har")
    assert "RF203" not in found.codes
    assert "order" in {entry["missing"] for entry in found.document["not_run"]}


@pytest.mark.parametrize(
    "spoiled",
    [
        {"status": 404},
        {"status": 0, "content": {}},
        {"headers": [{"name": "Link", "value": '<https://shop.example/?page=2>; rel="next"'}]},
    ],
)
def test_answer_that_is_no_whole_success_is_no_context(check: Cli, spoiled: dict[str, Any]) -> None:
    """A refused call, a lost answer and one page of several tell nothing of the order."""
    got = order()
    got["response"] |= spoiled
    write("r.har", recording(got, send(too_much())))
    found = check("r.har")
    assert "order" in {entry["missing"] for entry in found.document["not_run"]}


def test_answer_in_base64(check: Cli) -> None:
    """An answer that the recorder wrote in Base64 is read."""
    got = order()
    content = got["response"]["content"]
    content |= {"text": b64encode(content["text"].encode()).decode(), "encoding": "base64"}
    write("r.har", recording(got, send(too_much())))
    assert "RF203" in check("r.har").codes


def test_answer_in_base64_that_is_none(check: Cli) -> None:
    """An answer whose Base64 is broken is an order that cannot be used, and said to be one."""
    broken = order()
    broken["response"]["content"] = {"text": "a", "encoding": "base64"}
    write("r.har", recording(broken, send(too_much())))
    found = check("r.har")
    assert [entry["pointer"] for entry in found.document["findings"] if entry["code"] == "RF005"] == ["order:"]
    assert "RF007" not in found.codes


def test_xml_on_the_wire(check: Cli) -> None:
    """Walmart's XML is read, as a request and as the order that came back."""
    sent = exchange("POST", f"{WALMART}/v3/ca/orders/2961380412345/refund", xml_refund("19.99"))
    write("r.har", recording(sent))
    assert "RF201" in check("--as", CA, "r.har").codes


def test_shop_that_was_recorded(check: Cli) -> None:
    """Traffic of a real shop is read whole: each call with a body is a record, and those behind their order have it."""
    entries = []
    for line in (RECORDINGS / "woocommerce-wc-v3.jsonl").read_text("utf-8").splitlines():
        call = json.loads(line)
        if "request" not in call or call["response"]["status"] not in (200, 201):
            continue
        body = call["request"].get("body")
        url = f"https://shop.example{call['request']['path']}"
        sent = None if body is None else body if isinstance(body, str) else json.dumps(body)
        entries.append(exchange(call["request"]["method"], url, sent, call["response"]["body"]))
    write("shop.har", recording(*entries))
    found = check("shop.har")
    posts = [entry for entry in entries if entry["request"]["method"] in ("POST", "PUT")]
    assert found.document["summary"]["checked"] == len(posts) > 10
    assert "RF007" not in found.codes
    (without_order,) = [entry["records"] for entry in found.document["not_run"] if entry["missing"] == "order"]
    assert without_order < len(posts)


@pytest.mark.parametrize("content", ["{}", '{"log": {}}', "[]", "{", ""])
def test_what_is_no_recording_is_rf001(check: Cli, content: str) -> None:
    """A .har file that is no recording is RF001, and not a run without payloads."""
    write("r.har", content)
    found = check("r.har")
    assert (found.status, found.codes) == (1, ["RF001"])


def test_recording_without_a_refund_is_no_payload(check: Cli) -> None:
    """A recording in which nothing is to check is exit 2, as any input without a payload."""
    write("r.har", recording(order()))
    found = check("r.har")
    assert found.status == 2
    assert "no payload at all" in found.err


def test_entry_that_is_broken_is_named(check: Cli) -> None:
    """An entry that is none ends the run with its number: what it was, nobody knows."""
    write("r.har", recording(order(), {"request": {"url": "https://shop.example/"}}))
    found = check("r.har")
    assert found.status == 2
    assert "entry 2 of the recording" in found.err


def test_recording_is_no_order(check: Cli) -> None:
    """A recording in place of an order or an answer is exit 2, with why."""
    write("r.har", recording(order()))
    write("r.json", flat(refund()))
    for arguments in (("--order", "r.har", "r.json"), ("--response", "200", "r.har")):
        found = check("--as", US, *arguments)
        assert found.status == 2
        assert "a recording (.har) holds requests" in found.err


def test_body_that_is_no_json(check: Cli) -> None:
    """A body that nobody can read is a finding of its entry, and the others are checked."""
    write("r.har", recording(send("{"), send(refund("19.99"))))
    found = check("r.har")
    assert [one["record"] for one in found.document["findings"] if one["code"] in ("RF102", "RF201")] == [1, 2]


def test_recording_is_not_fixed(cli: Cli) -> None:
    """--fix leaves a recording as it is, and says so."""
    shop = "https://shop.example/wp-json/wc/v3/orders/7/refunds"
    before = recording(exchange("POST", shop, '{"amount": "5.00", "id": 3}'))
    write("r.har", before)
    found = cli("check", "--isolated", "--fix", "r.har")
    assert Path("r.har").read_text() == before
    assert "a recording is what was sent" in found.err


def test_credentials_of_a_recording_are_hidden(cli: Cli) -> None:
    """Credentials that were recorded stand in no output."""
    sent = send(refund("19.99"))
    sent["request"]["headers"].append({"name": "WM_SEC.ACCESS_TOKEN", "value": "tok-9f8e7d6c5b4a"})
    write("r.har", json.dumps({"log": {"entries": [sent]}}))
    found = cli("check", "--isolated", "--output-format", "full", "r.har")
    assert found.status == 1
    assert "tok-9f8e7d6c5b4a" not in found.out + found.err
