"""schemathesis asks the documented servers over a socket: what the specs allow, and what they do not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from processes import WITHIN
from refundkit import testing
from story import HEADERS, ROOT

pytestmark = pytest.mark.slow

# Left out: that each value which a schema refuses is refused (a server ignores some), and that an unknown method is a
# 405 (no spec documents one, so it is a 404).
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
FIRST = {
    "walmart": {"purchaseOrderId": "2961380412345"},
    "woocommerce": {"id": "1204", "refund_id": "1301"},
    "woocommerce_legacy": {"id": "1204", "refund_id": "1301"},
    "taxcloud": {"connectionId": "0b9a3f52-6c1d-4e7f-8a25-93d4c7e1f608", "orderId": "SO-1077"},
}


def credentials(shop: testing.Server) -> dict[str, str]:
    """Headers that the server takes."""
    if shop.api == "taxcloud":
        return {"X-API-KEY": "a-key-of-our-own"}
    basic = {"Authorization": "Basic Y2tfdGVzdDpjc190ZXN0"}
    if shop.api.startswith("woocommerce"):
        return basic
    headers = {**HEADERS["walmart"], **basic, "Content-Type": "application/x-www-form-urlencoded"}
    token = httpx.post(
        f"{shop.url}/v3/token", headers=headers, content=b"grant_type=client_credentials", timeout=WITHIN
    ).json()
    return {**basic, "WM_SEC.ACCESS_TOKEN": token["access_token"]}


@pytest.mark.parametrize("phases", ["examples,coverage,fuzzing", "fuzzing"], ids=["first order", "any order"])
@pytest.mark.parametrize("api", FIRST)
def test_no_5xx_and_no_undocumented_answer(api: testing.Api, phases: str, tmp_path: Path) -> None:
    """schemathesis finds no 5xx, and no status, content type or body that the spec does not describe.

    Asked about the first order, so that refunds are made, and about whatever ids it makes up.
    """
    known = FIRST[api] if "coverage" in phases else {}
    values = "".join(f'"path.{name}" = {json.dumps(value)}\n' for name, value in known.items())
    config = tmp_path / "schemathesis.toml"
    config.write_text(f"[parameters]\n{values}" if values else "")
    with testing.server(api) as shop:
        before = sum(len(shop.refunds(order)) for order in shop.orders)
        command = [
            *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config)),
            *("run", str(ROOT / "specs" / f"{api}.yaml"), "--url", shop.url, "--phases", phases, "--checks", CHECKS),
            *("--mode", "all", "--max-examples", "10", "--generation-deterministic", "--no-color"),
            *("--request-timeout", str(WITHIN)),
        ]
        for name, value in credentials(shop).items():
            command += ["-H", f"{name}: {value}"]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        made = sum(len(shop.refunds(order)) for order in shop.orders) - before
        asked = len(shop.requests)
    assert run.returncode == 0, run.stdout + run.stderr
    assert asked > 10
    assert made > 0 if known else made == 0
