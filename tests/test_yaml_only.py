"""An API that is YAML alone: checked, called and answered without a line of Python for it."""

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
    """A folder for PYTHONPATH whose refundkit_apis has the ferry beside the shipped APIs."""
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
    """The package has no folder for it, and no module that names it."""
    package = ROOT / "validators" / "refundkit"
    assert not (package / "apis" / "ferry").exists()
    assert not [path for path in package.rglob("*.py") if '"ferry' in path.read_text("utf-8")]


def test_its_requests_are_checked(packages: Path) -> None:
    """A good request has no finding; an amount of the wrong sign has that of its schema."""
    assert act(packages, "check") == {"good": [], "bad": ["RF105"]}


def test_it_is_called_over_a_socket(packages: Path) -> None:
    """connect.api gives its generated client; inner models go in and come out, and a bad request never leaves."""
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
    """The same over the server's transports, sync and async."""
    assert act(packages, "in_process") == {"same": True, "requests": 2}


def test_its_server_refuses_what_a_check_refuses(packages: Path) -> None:
    """The example of success is for a good request: else 401, 404, or the 4xx that the spec documents."""
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
    """An unknown API, an id that is missing and a mistyped option are errors with words."""
    assert act(packages, "mistakes") == [
        "ValueError: unknown API 'ferri'; did you mean 'ferry'?",
        "TypeError: ferry needs harbour_id for every call: give it here",
        "TypeError: woocommerce_legacy has no address of its own: give base_url=",
        "TypeError: unknown option 'gaurd'; did you mean 'guard'?",
    ]
