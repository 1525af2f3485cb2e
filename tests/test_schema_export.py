"""`refundkit schema` in a validator of another language: ajv refuses what we refuse by a schema, and nothing else.

`make peers` installs ajv into .venv/node, so that nothing is downloaded here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from typing import Any

import pytest
import refundkit
from commands import command
from processes import WITHIN
from refundkit import operations
from refundkit.checking.body import read_body
from refundkit.reading.json import read_json
from refundkit.request import Request
from story import ROOT
from test_cases import CASES, case

NODE = shutil.which("node")
PACKAGES = ROOT / ".venv" / "node"
pytestmark = pytest.mark.node

WITH_BODY = [name for name in operations.names() if operations.get(name).described.body is not None]


@cache
def bodies(operation: str) -> dict[str, str]:
    """The bodies of an operation's cases that are JSON, by the names of the cases."""
    found = {}
    for file in sorted((CASES / operation).glob("*/*.json")):
        request = case(file).request or {}
        named = json.loads(bytes(request["operation"])) if "operation" in request else operation
        if "body" in request and named == operation and read_json(bytes(request["body"])).readable:
            found[f"{file.parent.name}/{file.stem}"] = bytes(request["body"]).decode()
    return found


@cache
def verdicts() -> dict[str, list[bool]]:
    """What ajv says of every body, by the schemas as the command prints them."""
    given = {
        "schemas": {name: json.loads(command("schema", name).out) for name in WITH_BODY},
        "bodies": {name: list(bodies(name).values()) for name in WITH_BODY},
    }
    done = subprocess.run(
        [NODE or "node", str(ROOT / "tests" / "node" / "verdicts.cjs"), str(PACKAGES)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, list[bool]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("operation", WITH_BODY)
def test_another_validator_gives_our_verdicts(operation: Any) -> None:
    """In strict mode ajv takes each schema, accepts the good cases, and refuses just what jsonschema refuses."""
    plain: Any = refundkit.reference(operation)
    expected = {name: plain.is_valid(read_json(text.encode()).value) for name, text in bodies(operation).items()}
    assert dict(zip(bodies(operation), verdicts()[operation], strict=True)) == expected
    assert all(accepted for name, accepted in expected.items() if name.startswith("good/"))
    assert not all(expected.values())


@pytest.mark.parametrize("operation", WITH_BODY)
def test_another_validator_refuses_what_our_schema_rules_find(operation: str) -> None:
    """A body that a rule of the schema is raised for, an x-rule such as RF201 included, is one that ajv refuses.

    An object that takes any field is the exception: there a wrong field is ours to find.
    """
    is_open = operations.get(operation).schema().get("additionalProperties") is not False
    ours_alone = {"RF002", "RF103", "RF108"} if is_open else {"RF002"}
    for (name, text), accepted in zip(bodies(operation).items(), verdicts()[operation], strict=True):
        _, problems = read_body(operations.get(operation), Request(body=text.encode()))
        assert bool({code for code, _ in problems} - ours_alone) != accepted, name
