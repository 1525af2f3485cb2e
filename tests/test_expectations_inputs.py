"""What people expect of a payload linter in CI, a test for each: how it reads, what it says of that, how it starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import run
from story import examples, story, text

US = "walmart.refund_order_lines"
BODY = examples(US)[0]
AMOUNT = "/orderRefund/orderLines/orderLine/0/refunds/refund/0/refundCharges/refundCharge/0/charge/chargeAmount/amount"


def spoiled(amount: object = "19.99") -> dict[str, Any]:
    """The example with one amount replaced."""
    body: dict[str, Any] = json.loads(text(BODY))
    node: Any = body
    *above, last = AMOUNT.split("/")[1:]
    for key in above:
        node = node[int(key)] if isinstance(node, list) else node[key]
    node[last] = amount
    return body


def found(folder: Path, *arguments: str, stdin: Path | None = None) -> list[dict[str, Any]]:
    """The findings of the JSON output."""
    left = run("check", "--isolated", "--output-format", "json", *arguments, folder=folder, stdin=stdin)
    assert (left.status in (0, 1), left.err) == (True, "")
    findings: list[dict[str, Any]] = json.loads(left.out)["findings"]
    return findings


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("check", "--as", US, "good.json"), 0),
        (("check", "--as", US, "bad.json"), 1),
        (("check", "--as", US, "gone.json"), 2),
        (("check", "--flag", "good.json"), 2),
        (("check", "--as", "walmart.refund", "good.json"), 2),
        (("check", "--select", "RF999", "good.json"), 2),
        (("check", "--config", "bad.json", "good.json"), 2),
        (("check",), 2),
        (("chekc",), 2),
        ((), 2),
    ],
)
def test_exit_0_1_2_and_bad_flag_is_2(tmp_path: Path, arguments: tuple[str, ...], status: int) -> None:
    """Clean is 0, findings are 1, whatever could not be checked is 2; never a traceback."""
    (tmp_path / "good.json").write_bytes(text(BODY))
    (tmp_path / "bad.json").write_bytes(text(spoiled()))
    left = run(*arguments, folder=tmp_path)
    assert left.status == status
    assert bool(left.err) is (status == 2)
    assert "Traceback" not in left.err


@pytest.mark.parametrize("argument", ["gone.json", "*.json", "gone/**/*.jsonl", "empty.jsonl", "empty", "none.json"])
def test_missing_file_unmatched_glob_zero_payloads_is_exit_2(tmp_path: Path, argument: str) -> None:
    """What is not there is exit 2; only that nothing was in it may be allowed."""
    (tmp_path / "empty.jsonl").write_bytes(b"\n")
    (tmp_path / "empty").mkdir()
    if argument == "none.json":
        (tmp_path / "none.json").write_bytes(b"[]")
    left = run("check", "--as", US, argument, folder=tmp_path)
    assert (left.status, left.out) == (2, "")
    allowed = run("check", "--as", US, "--allow-empty", argument, folder=tmp_path)
    assert allowed.status == (0 if (tmp_path / argument).exists() else 2)


def test_payload_with_no_known_schema_is_a_finding_never_a_skip(tmp_path: Path) -> None:
    """A payload that nothing names an operation for is RF003 and exit 1, also among others."""
    (tmp_path / "deployment.json").write_bytes(b'{"kind": "Deployment"}')
    (tmp_path / "good.json").write_bytes(text({"operation": US, "body": BODY}))
    left = run("check", "--isolated", "--output-format", "json", ".", folder=tmp_path)
    assert left.status == 1
    assert [(one["file"], one["code"]) for one in json.loads(left.out)["findings"]] == [("deployment.json", "RF003")]
    assert json.loads(left.out)["summary"]["checked"] == 2


def test_unknown_fields_are_reported_by_default(tmp_path: Path) -> None:
    """A field that the API does not know is RF103 with the name that was likely meant."""
    (tmp_path / "r.json").write_bytes(text({"orderRefund": {**BODY["orderRefund"], "purchaseOrderID": "1"}}))
    (one,) = found(tmp_path, "--as", US, "r.json")
    assert (one["code"], one["pointer"]) == ("RF103", "/orderRefund/purchaseOrderID")
    assert "purchaseOrderId" in one["help"]


def test_all_findings_in_one_run(tmp_path: Path) -> None:
    """Everything that is wrong with every payload is said at once."""
    body = spoiled()
    body["x"] = 1
    del body["orderRefund"]["purchaseOrderId"]
    (tmp_path / "r.json").write_bytes(text([body, body]))
    codes = [(one["record"], one["code"]) for one in found(tmp_path, "--as", US, "r.json")]
    assert sorted(codes) == [(record, code) for record in (1, 2) for code in ("RF101", "RF102", "RF103")]


def test_json_lines_with_record_number_and_real_line(tmp_path: Path) -> None:
    """A finding of a JSON Lines file has the number of its line, and its column there, in one process and in two."""
    line = text(spoiled())
    (tmp_path / "r.jsonl").write_bytes(b"\n".join([text(BODY), b"", line, text(BODY), line]))
    for jobs in ("1", "2"):
        places = [
            (one["record"], one["line"], one["column"]) for one in found(tmp_path, "--as", US, "--jobs", jobs, ".")
        ]
        assert places == [(number, number, line.index(b'"19.99"') + 1) for number in (3, 5)]


def test_duplicate_keys(tmp_path: Path) -> None:
    """A key that stands twice is RF002 at its second place, on the fast way of JSON Lines as well."""
    twice = text(BODY).replace(b'"orderRefund"', b'"orderRefund":{},"orderRefund"', 1)
    for name in ("r.json", "r.jsonl"):
        (tmp_path / name).write_bytes(twice)
        (one,) = [one for one in found(tmp_path, "--as", US, name) if one["code"] == "RF002"]
        assert (one["line"], one["column"]) == (1, twice.rindex(b'"orderRefund"') + 1)


def test_stdin_is_a_dash_globs_directories(tmp_path: Path) -> None:
    """Standard input, a pattern, a folder and a file are all checked in one run."""
    (tmp_path / "in").write_bytes(text(spoiled()))
    for name in ("a/one.json", "b/two.json", "c.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text(spoiled()))
    findings = found(tmp_path, "--as", US, "-", "b/*.json", "a", "c.json", stdin=tmp_path / "in")
    assert [one["file"] for one in findings] == ["-", "b/two.json", "a/one.json", "c.json"]


def test_excludes_hold_for_explicit_paths(tmp_path: Path) -> None:
    """pre-commit names the files that changed: what is excluded stays so."""
    (tmp_path / "old.json").write_bytes(text(spoiled()))
    (tmp_path / "new.json").write_bytes(text(BODY))
    (tmp_path / "refundkit.toml").write_text('exclude = ["old.json"]\n')
    assert run("check", "--as", US, "old.json", "new.json", folder=tmp_path).status == 0


@pytest.mark.parametrize("kind", ["good", "bad", "whole"])
def test_start_imports_nothing_heavy(tmp_path: Path, kind: str) -> None:
    """A check of one file imports nothing that serves other things: that is what makes it start fast."""
    request = {"good": BODY, "bad": spoiled(), "whole": story(US)}[kind]
    (tmp_path / "r.json").write_bytes(text(request))
    heavy = {"httpx", "pydantic", "jinja2", "rich", "tqdm", "multiprocessing", "yaml", "attr", "asyncio", "subprocess"}
    heavy |= {"defusedxml", "cryptography", "oauthlib", "jsonschema", "duckdb", "pyarrow", "pandas", "hashlib", "ssl"}
    heavy |= set() if kind == "bad" else {"jsonschema_rs"}
    code = (
        "import atexit, sys; from refundkit.cli import run\n"
        f"atexit.register(lambda: print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)); run()"
    )
    left = run("check", "--as", US, "r.json", folder=tmp_path, command=(sys.executable, "-c", code))
    assert (left.status, left.err) == (int(kind == "bad"), "[]\n")
