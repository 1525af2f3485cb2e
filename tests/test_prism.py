"""The ready clients against Prism, an independent server that is made from nothing but our specs."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import story
import users
from processes import WITHIN, running
from refundkit import operations
from refundkit.client.attempt import moves_money

ROOT = Path(__file__).parent.parent
PRISM = ROOT / ".venv" / "node" / "node_modules" / ".bin" / "prism"
# Walmart's older Canadian API speaks XML, which Prism does not make from schemas.
APIS = [api for api in operations.APIS if api != "walmart_ca"]
pytestmark = pytest.mark.node


@pytest.fixture(scope="module", params=APIS)
def mock(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """An API and the address of a Prism that plays it and refuses what its spec does not allow."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    spec = ROOT / "specs" / f"{request.param}.yaml"
    command = (str(PRISM), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(spec))
    with running(folder=ROOT, command=command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if b"Prism is listening" in line:
                break
        else:
            raise AssertionError(b"".join(lines).decode("utf-8", "replace"))
        yield request.param, f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("way", ["sync", "async"])
def test_every_operation_is_what_its_spec_says(mock: tuple[str, str], way: str) -> None:
    """Prism accepts each call, credentials and headers included, and its answer is the success model."""
    api, url = mock
    for name in operations.of_api(api):
        answer = users.call(name, way, url)
        assert (answer is None) == (name == "woocommerce_legacy.delete_refund")


def test_prism_refuses_what_the_spec_refuses(mock: tuple[str, str]) -> None:
    """The mock is no yes-man: a change without credentials, and one with a bad body, is a 4xx."""
    api, url = mock
    changes = [operation for operation in operations.of_api(api).values() if moves_money(operation)]
    assert changes
    for operation in changes:
        described = operation.described
        path = url + described.path.format_map(users.path(operation.name))
        body = story.text(story.examples(operation.name)[0]) if described.body else b""
        kind = {"Content-Type": "application/json"} if body else {}
        nobody = httpx.request(described.method, path, content=body, headers=kind, timeout=WITHIN)
        assert nobody.status_code // 100 == 4
        if body:
            wrong = {"surplus": 1, "amount": 1}
            answer = httpx.request(described.method, path, json=wrong, headers=story.HEADERS[api], timeout=WITHIN)
            assert answer.status_code // 100 == 4
