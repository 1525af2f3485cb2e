"""An API that is only a YAML spec is checked, called and served without any Python of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import refundkit_apis

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from codegen import build  # noqa: E402

FOLDER = Path(__file__).parent / "yaml_only"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH whose refundkit_apis holds the ferry API beside the shipped ones."""
    folder = tmp_path_factory.mktemp("yaml_only")
    made = build.generate(FOLDER, folder / "made")
    shutil.copytree(refundkit_apis.__path__[0], folder / "path" / "refundkit_apis")
    shutil.copytree(made / "ferry", folder / "path" / "refundkit_apis" / "ferry")
    return folder / "path"


def act(packages: Path, name: str) -> Any:
    run = subprocess.run(
        [sys.executable, "-W", "error", str(FOLDER / "acts.py"), name],
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_no_python_knows_it() -> None:
    """No folder and no module of the package names the API."""
    package = ROOT / "validators" / "refundkit"
    assert not (package / "apis" / "ferry").exists()
    assert not [path for path in package.rglob("*.py") if '"ferry' in path.read_text("utf-8")]


def test_its_requests_are_checked(packages: Path) -> None:
    """A valid request has no finding, and an amount with the wrong sign has its schema's finding."""
    assert act(packages, "check") == {"good": [], "bad": ["RF105"]}


def test_it_is_called_over_a_socket(packages: Path) -> None:
    """connect.api calls it over a socket with models, and a bad request is not sent."""
    assert act(packages, "over_a_socket") == {
        "types": ["Booked", "Repaid"],
        "fare": "41.3",
        "repaid": "12.3",
        "bodies": ['{"repayment":{"amount":12.30,"reason":"STORM"}}'],
        "paths": ["/v1/harbours/den-helder/bookings/77/refund"],
        "query": {"showLegs": "yes"},
        "blocked": ["RF105"],
        "sent": 1,
    }


def test_it_is_called_in_process(packages: Path) -> None:
    """connect.api calls it over the server's transports, sync and async."""
    assert act(packages, "in_process") == {"same": True, "requests": 2}


def test_its_refunds_are_written_down(packages: Path) -> None:
    """A journal keeps its refunds; of one whose answer was lost nobody can tell, so that it holds the order."""
    told = act(packages, "journalled")
    assert told == {"states": ["made", "made", "unknown"], "raised": "RefundUnresolved"}


def test_its_server_refuses_what_a_check_refuses(packages: Path) -> None:
    """Its server answers a bad request with 401, 404 or the documented 4xx."""
    told = act(packages, "refusals")
    assert told["statuses"] == {
        "good": 201,
        "no key": 401,
        "no route": 404,
        "wrong sign": 422,
        "no json": 400,
        "no number": 422,
    }
    assert told["code"] == "RF105"
    assert "keeps no orders" in told["orders"]


def test_a_mistake_is_told(packages: Path) -> None:
    """An unknown API, a missing id or a mistyped option is an error that names it."""
    assert act(packages, "mistakes") == [
        "UsageError: unknown API 'ferri'; did you mean 'ferry'?",
        "UsageError: ferry needs harbour_id for every call: give it here",
        "UsageError: woocommerce_legacy has no address of its own: give base_url=",
        "UsageError: unknown option 'gaurd'; did you mean 'guard'?",
    ]
