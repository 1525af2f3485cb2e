"""The folder examples/, which `make demo` checks: each file has the findings that its name says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from refundkit import operations
from refundkit.cli import main
from story import ROOT

FOLDER = ROOT / "examples"
AMOUNT = "/charge/chargeAmount/amount"
# What each file raises: the ids, and how the pointer ends.
RAISED: dict[str, list[tuple[str, str]]] = {
    "taxcloud-half-a-kilo.json": [],
    "taxcloud-more-than-was-ordered.json": [("RF401", "/items/0/quantity"), ("RF108", "/items/0/price")],
    "taxcloud-whole-order-by-mistake.json": [("RF405", "/items"), ("RF601", "/items")],
    "walmart-a-cent-more-than-is-left.json": [("RF203", AMOUNT)],
    "walmart-cancels-a-shipped-line.json": [("RF304", "/lineNumber")],
    "walmart-cancels-for-a-reason-of-seller-center.json": [("RF305", "/cancellationReason")],
    "walmart-cancels-for-the-customer.json": [],
    "walmart-cancels-what-is-out-of-stock.json": [],
    "walmart-part-of-a-line.json": [],
    "walmart-positive-amount.json": [("RF201", AMOUNT), ("RF214", AMOUNT), ("RF312", AMOUNT)],
    "walmart-returns-by-the-purchase-order.json": [("RF005", "/customerOrderId")],
    "walmart-returns-more-than-came-back.json": [("RF401", "/quantity/measurementValue")],
    "walmart-returns-one-piece.json": [],
    "walmart-returns-what-is-left.json": [],
    "walmart-whole-line-in-canada.json": [],
    "walmart_ca-cancels-a-shipped-line.json": [("RF304", "/lineNumber")],
    "walmart_ca-cancels-for-the-customer.json": [],
    "walmart_ca-cancels-more-than-was-ordered.json": [("RF403", "/statusQuantity/amount")],
    "walmart_ca-cancels-one-of-two-pieces.json": [],
    "walmart_ca-operation-not-named.xml": [("RF003", "")],
    "walmart_ca-part-of-a-line.json": [],
    "woocommerce-both-aprons-though-one-went-back.json": [
        ("RF404", "/line_items/0/quantity"),
        ("RF213", "/line_items/0/refund_total"),
    ],
    "woocommerce-delete-into-the-trash.json": [("RF104", "force")],
    "woocommerce-delete-of-a-refund-that-was-not-paid.json": [],
    "woocommerce-delete-of-another-order.json": [("RF323", "refund_id")],
    "woocommerce-delete-of-the-second-of-two.json": [],
    "woocommerce-goodwill-without-the-gateway.json": [],
    "woocommerce-more-than-is-left.json": [("RF204", "/amount")],
    "woocommerce-the-other-apron-and-the-shipping.json": [],
    "woocommerce_legacy-comma-in-the-amount.yaml": [("RF210", "/order_refund/amount")],
    "woocommerce_legacy-more-than-is-left.json": [("RF204", "/order_refund/amount")],
    "woocommerce_legacy-one-item-and-the-shipping.json": [],
    "woocommerce_legacy-other-amount.json": [],
}


def linted(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return the JSON output of a check of examples."""
    main(("check", "--isolated", "--output-format", "json", *arguments))
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_every_file_is_spoken_of() -> None:
    """The folder holds exactly the files that these tests know."""
    names = {file.name for file in FOLDER.iterdir()}
    assert names == set(RAISED)
    assert {name.split("-")[0] for name in names} == set(operations.APIS)
    assert {name.rpartition(".")[2] for name in names} == {"json", "yaml", "xml"}


@pytest.mark.parametrize("name", RAISED)
def test_example_raises_what_its_name_tells(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A bad example has exactly its finding, a good one none, with all of its context."""
    found = linted(capsys, str(FOLDER / name))
    assert [one["code"] for one in found["findings"]] == [code for code, _ in RAISED[name]]
    for one, (_, end) in zip(found["findings"], RAISED[name], strict=True):
        assert one["pointer"].endswith(end)
        assert (one["line"] is not None) != one["pointer"].startswith(("path:", "query:"))
    if not RAISED[name]:
        # Credentials are left out, as from any fixture.
        assert {one["missing"] for one in found["not_run"]} <= {"credentials"}


def test_the_named_xml_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """The XML example has no finding if its operation is named."""
    file = str(FOLDER / "walmart_ca-operation-not-named.xml")
    assert linted(capsys, "--as", "walmart_ca.refund_order_lines", file)["findings"] == []


def test_the_demo_exits_0() -> None:
    """`refundkit check examples --isolated --fail-on never` prints all findings and exits 0."""
    done = subprocess.run(
        [sys.executable, "-m", "refundkit", "check", "examples", "--isolated", "--fail-on", "never"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
    )
    assert done.returncode == 0
    assert done.stderr == b""
    out = done.stdout.decode()
    assert out.count("\n") == sum(len(found) for found in RAISED.values()) + 1
    assert f"Checked {len(RAISED)} payloads in {len(RAISED)} files: 16 errors, 6 warnings." in out
