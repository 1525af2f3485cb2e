"""python -m bench.journal [postgresql://…]: what a journal adds to a refund over a loopback socket.

Each refund is of an order of its own, as the journal counts what it has made of an order. It takes three commits; what
one write costs that the disk confirms is shown beside.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

import msgspec
from refundkit import connect
from refundkit.journal import Journal
from refundkit.journal import open as open_journal
from refundkit_apis._runtime.codec import decode
from refundkit_apis.walmart.models import OrderRefundRequest

from .payloads import orders, texts
from .test_guard import TOKEN, Handler

ORDER = orders("typical")[0]
ORDER_ID = json.loads(ORDER)["order"]["purchaseOrderId"].encode()
REFUNDS, ROUNDS = 100, 5


class OrderHandler(Handler):
    """Answers the order under the id that is asked for."""

    def do_GET(self) -> None:  # noqa: N802 - the base class has it so
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = TOKEN if self.path == "/v3/token" else ORDER.replace(ORDER_ID, self.path.split("/")[3].encode())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


def table() -> list[str]:
    """Return the table of the results that bench.journal wrote into the current folder."""
    file = Path(".journal.json")
    if not file.exists():
        return []
    costs: dict[str, float] = json.loads(file.read_text("utf-8"))
    lines = ["| microseconds a refund over a loopback socket, each of an order of its own | median |", "|---|---|"]
    return lines + [f"| {name} | {cost:,.0f} |" for name, cost in costs.items()]


def measure(url: str, opened: Journal | None) -> float:
    """Return the median microseconds of a refund."""
    body = decode(texts("typical", 0)[0], OrderRefundRequest).order_refund
    seconds = []
    with connect.walmart("an-id", "a-secret", base_url=url, journal=opened) as walmart:
        for number in range(REFUNDS):
            order = f"{10**12 + number}"
            refund = msgspec.structs.replace(body, purchase_order_id=order)
            started = time.perf_counter()
            walmart.refund_order_lines(order, refund)
            seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1e6


def measure_disk(folder: str) -> float:
    """Return the median microseconds of a write of 4 KB that the disk confirms."""
    seconds = []
    descriptor = os.open(Path(folder, "plain"), os.O_WRONLY | os.O_CREAT)
    for _ in range(REFUNDS):
        started = time.perf_counter()
        os.write(descriptor, b"x" * 4096)
        os.fsync(descriptor)
        seconds.append(time.perf_counter() - started)
    os.close(descriptor)
    return statistics.median(seconds) * 1e6


def _measure_way(url: str, address: str | None) -> float:
    if address is None:
        return measure(url, None)
    with open_journal(address) as opened:
        opened.forget(float("inf"))
        return measure(url, opened)


def main(addresses: list[str]) -> int:
    """Measure without a journal, with SQLite, and with the databases that are named, in turn; print the table."""
    disk: list[float] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), OrderHandler) as server, tempfile.TemporaryDirectory(dir=".") as folder:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        ways: dict[str, str | None] = {"refundkit.connect": None}
        ways["refundkit.connect, journal in SQLite"] = str(Path(folder, "refunds.sqlite"))
        if addresses:
            ways["refundkit.connect, journal in PostgreSQL"] = addresses[0]
        runs: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, address in ways.items():
                runs[name].append(_measure_way(url, address))
            disk.append(measure_disk(folder))
        costs = {name: statistics.median(medians) for name, medians in runs.items()}
        costs["a write of 4 KB and fsync, for comparison"] = statistics.median(disk)
        server.shutdown()
    Path(".journal.json").write_text(json.dumps(costs), encoding="utf-8")
    print("\n".join(table()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
