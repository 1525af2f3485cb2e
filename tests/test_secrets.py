"""No credential of a request reaches any output, wherever it stands in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import CARD, SHOP, US, flat, refund
from refundkit import cli
from story import story, text

SECRET = "sesame-open-9f27"


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("header", ["WM_SEC.ACCESS_TOKEN", "wm_sec.access_token", "Authorization"])
def test_no_output_shows_a_credential(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, indent: int | None, header: str
) -> None:
    """A token in a request's headers is masked in every output, also beside a finding on its line."""
    request = json.loads(text(story("walmart.refund_order_lines")))
    request["url"] = "http://marketplace.walmartapis.com/v3/orders/1/refund"
    request["headers"] = {header: f"Basic {SECRET}\t", "WM_QOS.CORRELATION_ID": "x"}
    request["body"]["orderRefund"]["orderLines"]["orderLine"][0]["lineNumber"] = "string"
    file = tmp_path / "r.json"
    file.write_text(json.dumps(request, indent=indent), encoding="utf-8")
    status = cli.main(["check", str(file), "--isolated", "--output-format", output])
    shown = capsys.readouterr()
    assert status == 1
    assert "RF504" in shown.out
    assert SECRET not in shown.out + shown.err


def test_a_query_secret_is_not_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A URL of no operation is reported without its query."""
    file = tmp_path / "r.json"
    file.write_text(json.dumps({"method": "PUT", "url": f"https://shop.example/x?consumer_secret={SECRET}"}))
    assert cli.main(["check", str(file), "--isolated", "--output-format", "concise"]) == 1
    assert SECRET not in capsys.readouterr().out


BODY = flat(refund("1"))
ASKED = f'"operation": "{US}"'
WRITTEN = {
    "in a document that ends too early": f'{{{ASKED}, "headers": {{"Authorization": "Basic {SECRET}"}}, "body": {{',
    "under a key that stands twice": f'{{{ASKED}, "headers": {{"Cookie": "{SECRET}", "Cookie": "x"}}, "body": {BODY}}}',
    "in a list": f'{{{ASKED}, "headers": {{"Authorization": ["{SECRET}"]}}, "body": {BODY}}}',
    "escaped": f'{{{ASKED}, "headers": {{"Authorization": "\\u0020{SECRET}"}}, "body": {BODY}}}',
    "in what is no request": f'{{"headers": {{"x-api-key": "{SECRET}"}}, "data": {BODY}}}',
    "of an unknown operation": f'{{"operation": "x", "headers": {{"wm_sec.access_token": "{SECRET}"}}, "body": {{}}}}',
    "in a query": f'{{"method": "GET", "url": "https://a.example/x?oauth_token=%20{SECRET}", "body": {{}}}}',
    "before a host": f'{{"method": "GET", "url": "https://ck:{SECRET}@a.example/x", "body": {{}}}}',
}


@pytest.mark.parametrize("output", ["full", "json", "sarif", "github", "gitlab", "junit"])
@pytest.mark.parametrize("where", WRITTEN)
def test_no_output_shows_a_credential_that_was_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], where: str, output: str
) -> None:
    """A credential in an unreadable document is masked too."""
    file = tmp_path / "r.json"
    file.write_text(WRITTEN[where], encoding="utf-8")
    assert cli.main(["check", str(file), "--isolated", "--output-format", output]) == 1
    shown = capsys.readouterr()
    assert SECRET not in shown.out + shown.err


def test_no_diff_shows_a_credential_or_a_card_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--diff masks the same secrets as every other output."""
    card = "4111111111111111"
    body = f'{{"order_refund": {{"id": 1, "amount": "5.00", "reason": "{card}"}}}}'
    file = tmp_path / "r.json"
    file.write_text(f'{{"operation": "{SHOP}", "headers": {{"Authorization": "Basic {SECRET}"}}, "body": {body}}}')
    assert cli.main(["check", str(file), "--isolated", "--diff"]) == 1
    shown = capsys.readouterr().out
    assert '-{"operation"' in shown
    assert SECRET not in shown
    assert card not in shown


@pytest.mark.parametrize("output", cli.FORMATS)
def test_a_card_number_that_names_a_field_is_in_no_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    """A key that is a card number is masked in message and pointer, in every format."""
    file = tmp_path / "r.json"
    file.write_text(flat(refund()).replace('"purchaseOrderId"', f'"{CARD}": 1, "purchaseOrderId"', 1), encoding="utf-8")
    status = cli.main(["check", str(file), "--isolated", "--as", US, "--output-format", output])
    shown = capsys.readouterr()
    assert status == 1
    assert "RF103" in shown.out
    assert CARD not in shown.out + shown.err
