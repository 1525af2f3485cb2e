"""Files made to break a reader: each ends with its exit status and bounded memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import WITHIN, ended, run, running, without_rights
from refundkit.lint.entry import MOST

US = "walmart.refund_order_lines"
CHECK = ("check", "--isolated", "--output-format", "json", "--as", US)
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
# A check of one small file takes 20 MB; one document of 8 MiB is held a few times over while it is read.
SMALL, HELD = 60, 120
GOOD: dict[str, Any] = {
    "orderRefund": {
        "purchaseOrderId": "2961380412345",
        "orderLines": {
            "orderLine": [
                {
                    "lineNumber": "1",
                    "refunds": {
                        "refund": [
                            {
                                "refundCharges": {
                                    "refundCharge": [
                                        {
                                            "refundReason": "DamagedItem",
                                            "charge": {
                                                "chargeType": "PRODUCT",
                                                "chargeName": "ItemPrice",
                                                "chargeAmount": {"amount": -1.5, "currency": "USD"},
                                            },
                                        }
                                    ]
                                }
                            }
                        ]
                    },
                }
            ]
        },
    }
}
LINE = json.dumps(GOOD).encode() + b"\n"
SUFFIXES = (".json", ".jsonl", ".yaml", ".xml")


def codes(out: str) -> list[str]:
    """Return the ids of the findings of the JSON output."""
    return [one["code"] for one in json.loads(out)["findings"]]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_hundred_megabytes_on_one_line(tmp_path: Path, suffix: str) -> None:
    """A line of 100 MB is refused by its size and never held; the lines after it are read."""
    file = tmp_path / f"r{suffix}"
    with file.open("wb") as stream:
        stream.write(b'{"orderRefund": {"purchaseOrderId": "')
        for _ in range(100):
            stream.write(b"1" * 1_000_000)
        stream.write(b'"}}\n' + (LINE if suffix == ".jsonl" else b""))
    left = run(*CHECK, file.name, folder=tmp_path)
    assert (left.status, codes(left.out), left.err) == (1, ["RF001"], "")
    (found,) = json.loads(left.out)["findings"]
    assert (found["line"], found["column"]) == (1, 1)
    assert f"{MOST:,} bytes" in found["message"]
    assert json.loads(left.out)["summary"]["checked"] == (2 if suffix == ".jsonl" else 1)
    assert left.peak < HELD


def test_hundred_megabytes_of_requests(tmp_path: Path) -> None:
    """An array of requests may have any length: each request is a document."""
    file = tmp_path / "r.json"
    count = 16_000_000 // len(LINE)
    with file.open("wb") as stream:
        stream.write(b"[" + (LINE.strip() + b",") * count + b"1]")
    left = run(*CHECK, file.name, folder=tmp_path)
    document = json.loads(left.out)
    assert (left.status, document["summary"]["checked"]) == (1, count + 1)
    (found,) = document["findings"]
    assert (found["code"], found["record"], found["line"], found["column"]) == (
        "RF102",
        count + 1,
        1,
        count * len(LINE) + 2,
    )
    assert left.peak < 10 * 16


BROKEN = {
    "nul": b"\0" * 1_000_000,
    "nul-in-text": b'{"orderRefund": "a\0b"}',
    "nul-before": b"\0" + LINE,
    "utf-16": '{"orderRefund": {"purchaseOrderId": "\N{SNOWMAN}"}}'.encode("utf-16"),
    "utf-16-le": '{"orderRefund": {"purchaseOrderId": "1"}}'.encode("utf-16-le"),
    "utf-16-be": '{"orderRefund": {"purchaseOrderId": "1"}}'.encode("utf-16-be"),
    "half-escaped": b'{"orderRefund": {"purchaseOrderId": "\\ud800"}}',
    "half": b'{"orderRefund": {"purchaseOrderId": "\xed\xa0\x80"}}',
    "digits": b'{"orderRefund": {"purchaseOrderId": ' + b"1" * 100_000 + b"}}",
    "decimals": b'{"orderRefund": {"purchaseOrderId": 1.' + b"1" * 100_000 + b"}}",
    "exponent": b'{"orderRefund": {"purchaseOrderId": 1e' + b"9" * 100_000 + b"}}",
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_text_that_is_none(tmp_path: Path, suffix: str) -> None:
    """NUL bytes, UTF-16, a lone surrogate and 100,000 digits are each RF001."""
    for name, text in BROKEN.items():
        (tmp_path / f"{name}{suffix}").write_bytes(text)
    left = run(*CHECK, ".", folder=tmp_path)
    found = sorted((one["file"], one["code"]) for one in json.loads(left.out)["findings"])
    assert (left.status, found, left.err) == (1, sorted((f"{name}{suffix}", "RF001") for name in BROKEN), "")
    assert left.peak < SMALL


@pytest.mark.parametrize("part", ["path", "query", "headers"])
def test_half_a_character_in_a_request(tmp_path: Path, part: str) -> None:
    """A lone surrogate in a part of a request is a finding, and the lines around it are read."""
    request = json.dumps({"operation": US, part: {"a": "?"}, "body": GOOD}).encode().replace(b"?", b"\xff")
    (tmp_path / "r.jsonl").write_bytes(LINE + request + b"\n" + LINE)
    left = run(*CHECK, "r.jsonl", folder=tmp_path)
    assert (left.status, codes(left.out), left.err) == (1, ["RF102"], "")
    assert json.loads(left.out)["summary"]["checked"] == 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_million_brackets(tmp_path: Path, suffix: str) -> None:
    """A million brackets are a finding in every format, closed or not."""
    opening, closing = (b"<a>", b"</a>") if suffix == ".xml" else (b"[", b"]")
    (tmp_path / f"closed{suffix}").write_bytes(opening * 500_000 + closing * 500_000)
    (tmp_path / f"open{suffix}").write_bytes(opening * 1_000_000)
    left = run(*CHECK, ".", folder=tmp_path)
    assert (left.status, codes(left.out), left.err) == (1, ["RF004", "RF004"], "")
    assert left.peak < SMALL


def test_links_in_circles(tmp_path: Path) -> None:
    """Symbolic links in a circle, to themselves or to nothing are not followed."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "r.json").write_bytes(LINE)
    for name, target in (("up", ".."), ("again", "../.."), ("self.json", "self.json"), ("gone.json", "gone")):
        (inner / name).symlink_to(target)
    for argument in (".", "**/*.json", "a/**"):
        left = run(*CHECK, argument, folder=tmp_path)
        assert (left.status, json.loads(left.out)["summary"]["files"], left.err) == (0, 1, "")


def test_link_to_itself_is_named(tmp_path: Path) -> None:
    """A named link to itself is an error."""
    (tmp_path / "r.json").symlink_to("r.json")
    left = run(*CHECK, "r.json", folder=tmp_path)
    assert (left.status, left.out) == (2, "")
    assert left.err.startswith("refundkit: r.json: ")
    assert "Traceback" not in left.err


@pytest.mark.parametrize(
    "arguments",
    [("r.json",), (".",), ("*.json",), ("r.jsonl",), ("--jobs", "2", "."), ("--order", "r.json", "ok.json")],
)
def test_file_that_may_not_be_read(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """An unreadable file is exit 2 with its name, whether it was named or found."""
    for name in ("r.json", "r.jsonl", "ok.json"):
        (tmp_path / name).write_bytes(LINE)
    for name in ("r.json", "r.jsonl"):
        (tmp_path / name).chmod(0)
    left = run(*CHECK, *arguments, folder=tmp_path, command=without_rights())
    assert (left.status, left.out) == (2, "")
    assert left.err.startswith("refundkit: r.json")
    assert left.err.endswith(": Permission denied\n")


def test_folder_that_may_not_be_read(tmp_path: Path) -> None:
    """An unreadable folder is exit 2 with its name."""
    (tmp_path / "in" / "side").mkdir(parents=True)
    (tmp_path / "in" / "side" / "r.json").write_bytes(LINE)
    (tmp_path / "in" / "side").chmod(0)
    for argument in ("in", "in/**/*.json"):
        left = run(*CHECK, argument, folder=tmp_path, command=without_rights())
        assert (left.status, left.out, left.err) == (2, "", "refundkit: in/side: Permission denied\n")
    (tmp_path / "in" / "side").chmod(0o700)


def test_folder_named_like_a_file(tmp_path: Path) -> None:
    """A folder named x.json is read as a folder."""
    (tmp_path / "x.json" / "y.json").mkdir(parents=True)
    (tmp_path / "x.json" / "r.json").write_bytes(LINE)
    for argument in ("x.json", ".", "**"):
        left = run(*CHECK, argument, folder=tmp_path)
        assert (left.status, json.loads(left.out)["summary"]["files"], left.err) == (0, 1, "")
    left = run(*CHECK, "*.json", folder=tmp_path)
    assert (left.status, left.err) == (2, "refundkit: *.json: the pattern matches no file\n")


@pytest.mark.parametrize("name", ["p.json", "p.jsonl", "p"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_pipe_with_a_name(tmp_path: Path, name: str, jobs: str) -> None:
    """A named pipe is read to its end, like standard input."""
    os.mkfifo(tmp_path / name)
    with running(*CHECK, "--jobs", jobs, name, folder=tmp_path, **PIPES) as process:
        with (tmp_path / name).open("wb") as stream:
            stream.write(LINE)
        out, err = process.communicate(timeout=WITHIN)
    assert (process.returncode, json.loads(out)["summary"]["checked"], err) == (0, 1, b"")


def test_pipe_in_a_folder(tmp_path: Path) -> None:
    """A pipe in a folder is skipped, so that the command does not wait for a writer."""
    os.mkfifo(tmp_path / "p.json")
    (tmp_path / "r.json").write_bytes(LINE)
    for argument in (".", "*.json"):
        left = run(*CHECK, argument, folder=tmp_path)
        assert (left.status, json.loads(left.out)["summary"]["files"], left.err) == (0, 1, "")


def test_pipe_that_nobody_writes_to(tmp_path: Path) -> None:
    """The command waits for the writer of a named pipe until it is interrupted."""
    os.mkfifo(tmp_path / "p.json")
    os.mkfifo(tmp_path / "first.jsonl")
    with running(*CHECK, "first.jsonl", "p.json", folder=tmp_path, **PIPES) as process:
        with (tmp_path / "first.jsonl").open("wb") as stream:
            stream.write(LINE)  # the command runs, and has nothing else left to read
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WITHIN)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("name", ["r.jsonl", "r.json"])
def test_file_cut_short_while_it_is_read(tmp_path: Path, name: str) -> None:
    """A file that shrinks while it is read is an error."""
    file = tmp_path / name
    count = 4_000
    file.write_bytes(LINE * count if name == "r.jsonl" else b"[" + b",".join([LINE] * count) + b"]")
    os.mkfifo(tmp_path / "order.json")
    arguments = ("--order", "order.json", name) if name == "r.jsonl" else (name,)
    if name == "r.json":  # read in one go: what counts is what was told when it was opened
        command = (sys.executable, "-c", _CUT)
        left = run(*CHECK, *arguments, folder=tmp_path, command=command)
        status, out, err = left.status, left.out, left.err
    else:
        with running(*CHECK, *arguments, folder=tmp_path, **PIPES) as process:
            with (tmp_path / "order.json").open("wb") as stream:
                os.truncate(file, len(LINE) * 100)
                stream.write(b"{}")
            output = process.communicate(timeout=WITHIN)
        status, out, err = process.returncode, *(one.decode() for one in output)
    assert (status, out, err) == (2, "", f"refundkit: {name}: the file was cut short while it was read\n")


# Between the moment that the file is opened and the moment that it is read, another one cuts it.
_CUT = """\
import os, sys
from refundkit import cli
from refundkit.lint import sources
told = sources._find_end
def cut(stream):
    end = told(stream)
    os.truncate(stream.name, end // 2)
    return end
sources._find_end = cut
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_reader_that_has_enough(tmp_path: Path, jobs: str) -> None:
    """If standard output is closed early, the command and its processes end silently."""
    (tmp_path / "r.jsonl").write_bytes(LINE.replace(b"-1.5", b"1.5") * 9_000)
    arguments = ("check", "--isolated", "--jobs", jobs, "--as", US, "--output-format", "concise", "r.jsonl")
    with running(*arguments, folder=tmp_path, **PIPES) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"r.jsonl:1:")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert ended(process) == 2


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupt(tmp_path: Path, jobs: str) -> None:
    """An interrupt ends the command and its processes with exit 130 and no output."""
    os.mkfifo(tmp_path / "order.json")
    (tmp_path / "r.jsonl").write_bytes(LINE * 40_000)
    arguments = (*CHECK, "--jobs", jobs, "--order", "{stem}.fifo", "r.jsonl")
    os.mkfifo(tmp_path / "r.fifo")
    with running(*arguments, folder=tmp_path, **PIPES) as process, (tmp_path / "r.fifo").open("wb"):
        process.send_signal(signal.SIGINT)  # somebody waits for the order now
        out, err = process.communicate(timeout=WITHIN)  # its processes end too: they hold the same pipes
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (US, b'{"orderRefund": {"purchaseOrderId": "1", "orderLines": {"orderLine": [' + b"1," * 500_000 + b"1]}}}"),
        (US, b"{" + b",".join(b'"a%d":1' % index for index in range(200_000)) + b"}"),
        (US, b'{"orderRefund": {' + b'"a":1,' * 300_000 + b'"a":1}}'),
        (
            "woocommerce_legacy.create_refund",
            b'{"order_refund": {"amount": "1", "line_items": {'
            + b",".join(b'"%d":1' % index for index in range(200_000))
            + b"}}}",
        ),
    ],
    ids=["entries", "fields", "twice", "items"],
)
def test_as_many_faults_as_there_is_room_for(tmp_path: Path, operation: str, text: bytes) -> None:
    """A document with more problems than are listed ends with one finding that says so."""
    (tmp_path / "r.json").write_bytes(text)
    left = run("check", "--isolated", "--as", operation, "--output-format", "concise", "r.json", folder=tmp_path)
    assert (left.status, left.err) == (1, "")
    assert "not listed" in left.out
    assert left.out.count("\n") < 100_000
    assert left.peak < 250


def test_fault_beyond_those_that_are_told(tmp_path: Path) -> None:
    """A body whose only error is beyond the listed ones is refused; a valid one is not."""
    line = GOOD["orderRefund"]["orderLines"]["orderLine"][0]
    lines = [{**line, "lineNumber": str(number)} for number in range(6_000)]
    for name, last in (("good.json", []), ("bad.json", [1])):
        body = {"orderRefund": {"purchaseOrderId": "1", "orderLines": {"orderLine": [*lines, *last]}}}
        (tmp_path / name).write_text(json.dumps(body).replace("DamagedItem", "Damaged\\u0049tem", 1), encoding="utf-8")
    left = run(*CHECK, ".", folder=tmp_path)
    (found,) = [one for one in json.loads(left.out)["findings"] if one["severity"] == "error"]
    assert (left.status, found["file"], found["code"], found["pointer"]) == (1, "bad.json", "RF102", "")
