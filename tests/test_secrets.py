"""No credential of a request reaches any output, wherever it stands in the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from refundkit import cli
from story import story, text

SECRET = "sesame-open-9f27"


@pytest.mark.parametrize("output", ["full", "concise", "json"])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("header", ["WM_SEC.ACCESS_TOKEN", "wm_sec.access_token", "Authorization"])
def test_no_output_shows_a_credential(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str, indent: int | None, header: str
) -> None:
    """A token in a request's headers is not shown, neither for a finding about it nor for one on the same line."""
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
    """A URL that no operation has is named without its query."""
    file = tmp_path / "r.json"
    file.write_text(json.dumps({"method": "PUT", "url": f"https://shop.example/x?consumer_secret={SECRET}"}))
    assert cli.main(["check", str(file), "--isolated", "--output-format", "concise"]) == 1
    assert SECRET not in capsys.readouterr().out
