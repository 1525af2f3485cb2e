"""What the command reads: folders, patterns, streams, excludes, and where in a file each record stands."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from processes import COMMAND, WITHIN, run, running
from refundkit.cli import main
from refundkit.lint import entry, sources
from refundkit.lint.paths import expand_paths
from refundkit.lint.sources import Part, read_lines, read_records
from story import examples, story, text

US, CA = "walmart.refund_order_lines", "walmart_ca.refund_order_lines"
GOOD = text(examples(US)[0])
BAD = b'{"orderRefund": {"purchaseOrderId": 1}}'
Check = Callable[..., dict[str, Any]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Runs `refundkit check` in an empty folder: its JSON output, of exit status 0 or 1."""
    monkeypatch.chdir(tmp_path)

    def check(*arguments: str) -> dict[str, Any]:
        status = main(["check", "--as", US, "--output-format", "json", *arguments])
        captured = capsys.readouterr()
        assert (status in (0, 1), captured.err) == (True, "")
        document: dict[str, Any] = json.loads(captured.out)
        return document

    return check


def places(document: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    """Code, record, line and column of each finding."""
    return [(one["code"], one["record"], one["line"], one["column"]) for one in document["findings"]]


# Which files.


def laid_out(*names: str) -> None:
    """Files with one good payload each."""
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(GOOD)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["a"], ["a/b/c.JSON", "a/b/d.jsonl", "a/b.json", "a/x.yaml", "a/y.YML", "a/z.ndjson"]),
        (["."], ["a/b/c.JSON", "a/b/d.jsonl", "a/b.json", "a/x.yaml", "a/y.YML", "a/z.ndjson", "e.json"]),
        (["a/"], ["a/b/c.JSON", "a/b/d.jsonl", "a/b.json", "a/x.yaml", "a/y.YML", "a/z.ndjson"]),
        (["*.json"], ["e.json"]),
        (["*/*.json"], ["a/b.json"]),
        (["**/*.json"], ["a/b.json", "e.json"]),
        (["**/b.json"], ["a/b.json"]),
        (["a/**/d.*"], ["a/b/d.jsonl"]),
        (["./**/d.*"], ["./a/b/d.jsonl"]),
        (["a/**"], ["a/b.json", "a/b/c.JSON", "a/b/d.jsonl", "a/n.txt", "a/x.yaml", "a/y.YML", "a/z.ndjson"]),
        (["**/b/**/*.jsonl"], ["a/b/d.jsonl"]),
        (["[ab]/b.jso?"], ["a/b.json"]),
        (["e.json", "e.json", "*.json"], ["e.json"]),
        (["e.json", "a/b.json"], ["e.json", "a/b.json"]),
        (["a/n.txt"], ["a/n.txt"]),
        (["-", "e.json"], ["-", "e.json"]),
    ],
)
def test_paths(check: Check, arguments: list[str], wanted: list[str]) -> None:
    """A folder is every known file in it, a pattern what it matches, each once and in order; a name is itself."""
    laid_out("a/b.json", "a/b/c.JSON", "a/b/d.jsonl", "a/x.yaml", "a/y.YML", "a/z.ndjson", "a/n.txt", "e.json")
    assert expand_paths(arguments) == wanted


def test_file_that_is_named_twice(check: Check, tmp_path: Path) -> None:
    """A file is checked once, under its first name, however it is named: a batch does not send it twice."""
    laid_out("a/r.json")
    found = check("--batch", "a/r.json", "a", "./a/../a/r.json", str(tmp_path / "a/*.json"))
    assert (found["summary"]["files"], found["findings"]) == (1, [])


def test_absolute_pattern(check: Check, tmp_path: Path) -> None:
    """A pattern may begin at the root, and keeps to what is below its first part."""
    laid_out("a/b.json", "a/c/d.json", ".hidden/e.json")
    assert expand_paths([f"{tmp_path}/**/*.json"]) == [f"{tmp_path}/a/b.json", f"{tmp_path}/a/c/d.json"]


def test_name_with_the_characters_of_a_pattern(check: Check) -> None:
    """A file that is there is meant by its name, whatever characters that has."""
    laid_out("a[1].json", "[x]/**/r.json", "[x]/**/s/t.json")
    assert expand_paths(["a[1].json", "[[]x]/**/r.json"]) == ["a[1].json", "[x]/**/r.json"]


def test_excluded_files(check: Check) -> None:
    """What the configuration excludes is not read, in a folder, by a pattern and by name."""
    laid_out("keep.json", "drop.json", "vendor/a.json")
    Path("drop.json").write_bytes(b"{")
    Path("refundkit.toml").write_text('exclude = ["drop.json", "vendor"]\n')
    for arguments in (["."], ["**/*.json"], ["keep.json", "drop.json", "vendor/a.json"]):
        assert check(*arguments)["summary"]["files"] == 1


@pytest.mark.parametrize("arguments", [["drop.json"], ["."], ["--jobs", "2", "drop.json"]])
def test_everything_excluded(check: Check, capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Where everything is excluded there is no payload: exit 2, unless that is allowed."""
    laid_out("drop.json")
    Path("refundkit.toml").write_text('exclude = ["*.json"]\n')
    assert main(["check", *arguments]) == 2
    assert capsys.readouterr().err.startswith("refundkit: no payload at all")
    assert main(["check", "--allow-empty", *arguments]) == 0


# Where a record stands.


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_lines_that_are_blank(check: Check, ending: bytes) -> None:
    """Blank lines are no records, and count as lines."""
    Path("r.jsonl").write_bytes(ending.join([b"", GOOD, b"", b" \t", b"  " + BAD, GOOD, b""]))
    assert places(check("r.jsonl"))[0] == ("RF101", 5, 5, 19)


def test_byte_order_mark_of_lines(check: Check) -> None:
    """A byte order mark at the beginning of a line is no part of it."""
    Path("r.jsonl").write_bytes(b"\xef\xbb\xbf" + GOOD + b"\n\xef\xbb\xbf" + BAD + b"\n\xef\xbb\xbf\n")
    assert {one[:3] for one in places(check("r.jsonl"))} == {("RF101", 2, 2), ("RF102", 2, 2)}


@pytest.mark.parametrize("space", ["\v", "\f", "\x85", "\N{NO-BREAK SPACE}"])
def test_line_of_other_space(check: Check, space: str) -> None:
    """A line of what is no space to JSON is no blank line."""
    Path("r.jsonl").write_text(f"{space}\n", encoding="utf-8", newline="\n")
    assert [one["code"] for one in check("r.jsonl")["findings"]] == ["RF001"]


def test_key_that_stands_twice_in_a_line(check: Check) -> None:
    """The message names the line of the file, not of the record."""
    Path("r.jsonl").write_bytes(GOOD + b"\n" + b'{"orderRefund": {}, "orderRefund": {}}\n')
    (twice,) = [one for one in check("r.jsonl")["findings"] if one["code"] == "RF002"]
    assert (twice["line"], twice["column"]) == (2, 21)
    assert twice["message"].endswith("first at line 2")


ENTRY = '{"orderRefund": {"purchaseOrderId": "\N{SNOWMAN}", "x": 1, "orderLines": {"orderLine": []}}}'


@pytest.mark.parametrize(
    ("before", "line", "column"),
    [("[", 1, 2), ("\ufeff[", 1, 2), (" [ ", 1, 4), ("[\n", 2, 1), ("[\n  ", 2, 3), (f"[{ENTRY}, ", 1, len(ENTRY) + 4)],
)
def test_place_in_a_batch(check: Check, before: str, line: int, column: int) -> None:
    """A finding in an entry of an array stands where it stands in the file, whatever is before it."""
    Path("r.json").write_text(f"{before}{ENTRY}]", encoding="utf-8")
    found = places(check("r.json"))
    number = 2 if ENTRY in before else 1
    assert ("RF103", number, line, column + ENTRY.index('"x"')) in found


def test_entries_of_many_lines(check: Check) -> None:
    """Lines are counted through every entry, its strings and what is between them."""
    item = json.dumps(json.loads(ENTRY), indent=2, ensure_ascii=False)
    Path("r.json").write_text(f"[\n{item},\n\n{item}\n]", encoding="utf-8")
    rows = [number for number, row in enumerate(Path("r.json").read_text("utf-8").split("\n"), 1) if '"x"' in row]
    assert [one[1:] for one in places(check("r.json")) if one[0] == "RF103"] == [
        (index, row, 5) for index, row in enumerate(rows, 1)
    ]


def test_last_line_without_an_end(check: Check) -> None:
    """The last line counts with or without a newline."""
    Path("r.jsonl").write_bytes(GOOD + b"\n" + BAD)
    assert check("r.jsonl")["summary"]["checked"] == 2


def test_yaml_of_several_documents(check: Check) -> None:
    """Every document of a YAML file is a record, at its lines of the file."""
    Path("r.yaml").write_text("orderRefund:\n  purchaseOrderId: 1\n---\norderRefund:\n  purchaseOrderId: 2\n")
    found = check("r.yaml")
    assert found["summary"]["checked"] == 2
    assert [one[1:3] for one in places(found) if one[0] == "RF102"] == [(1, 2), (2, 5)]


# Sizes.


def test_line_of_the_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document of just the largest size is read, one byte more is not, in the middle of a file and at its end."""
    monkeypatch.setattr(sources, "MOST", 10)
    file = tmp_path / "r.jsonl"
    for ending in (b"", b"\n"):
        file.write_bytes(b"0123456789\n01234567890\nx\n0123456789" + ending)
        assert list(read_lines(Part(str(file)))) == [(1, b"0123456789"), (2, None), (3, b"x"), (4, b"0123456789")]
        file.write_bytes(b"0123456789\r\nx\r\n01234567890\r\n\r\n0123456789\r" + ending)
        assert list(read_lines(Part(str(file)))) == [(1, b"0123456789"), (2, b"x"), (3, None), (5, b"0123456789")]
        file.write_bytes(b"y\n01234567890123456789" + ending)
        assert list(read_lines(Part(str(file)))) == [(1, b"y"), (2, None)]


def test_array_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is one of documents: an array of them may be larger, and what is too large in it is one entry."""
    monkeypatch.setattr(sources, "MOST", 10)
    file = tmp_path / "r.json"
    file.write_bytes(b'[{"a": 1},{"a":           1},{"a": 2}]')
    found = list(read_records(str(file), lambda root: None))
    assert [one.data for one in found] == [b'{"a": 1}', None, b'{"a": 2}']
    (problem,) = found[1].document.problems
    assert (problem.code, problem.line, found[1].number) == ("RF001", 1, 2)
    for content in (b'[{"a": 1},{"a":  ', b'{"a":          1}'):
        file.write_bytes(content)
        (only,) = read_records(str(file), lambda root: None)
        assert only.data is None


def test_context_that_is_too_large(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    """An order that is too large cannot be checked against: exit 2 with its name."""
    laid_out("r.json")
    Path("order.json").write_bytes(b'{"order": "' + b"x" * entry.MOST + b'"}')
    assert main(["check", "--isolated", "--as", US, "--order", "order.json", "r.json"]) == 2
    assert capsys.readouterr().err == f"refundkit: order.json: the document has more than {entry.MOST:,} bytes\n"


# Streams, and many contexts.


def test_standard_input_that_is_closed(tmp_path: Path) -> None:
    """Where there is no standard input, `-` is exit 2 and says so."""
    command = ("/bin/sh", "-c", 'exec "$@" <&-', "sh")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running(*COMMAND, "check", "--as", US, "-", folder=tmp_path, command=command, **pipes) as process:
        out, err = process.communicate(timeout=WITHIN)
    assert (process.returncode, out, err) == (2, b"", b"refundkit: -: there is no standard input\n")


def test_standard_input_beside_processes(tmp_path: Path) -> None:
    """Standard input is read once, whatever --jobs says, and the files beside it as well."""
    (tmp_path / "in").write_bytes(GOOD)
    (tmp_path / "r.json").write_bytes(GOOD)
    left = run(
        "check", "--as", US, "--jobs", "4", "--output-format", "json", "-", "r.json", folder=tmp_path,
        stdin=tmp_path / "in",
    )  # fmt: skip
    assert (left.status, json.loads(left.out)["summary"]["checked"]) == (0, 2)


def test_orders_of_many_records(check: Check) -> None:
    """A pattern finds the order of each record, however many there are; each is judged by its own."""
    request = story(US)
    order = request.pop("order")
    Path("orders").mkdir()
    bodies = []
    for index in range(100):
        name = f"29613804{index:05}"
        order["order"]["purchaseOrderId"] = request["body"]["orderRefund"]["purchaseOrderId"] = name
        request["path"]["purchaseOrderId"] = name
        order["order"]["orderLines"]["orderLine"][0]["lineNumber"] = "7" if index == 60 else "1"
        Path("orders", f"{name}.json").write_bytes(text(order))
        bodies.append(text(request))
    Path("r.jsonl").write_bytes(b"\n".join([*bodies, bodies[0]]))
    found = check("--order", "orders/{purchaseOrderId}.json", "r.jsonl")
    assert found["summary"]["checked"] == 101
    assert {(one["record"], one["code"]) for one in found["findings"]} == {(61, "RF301")}


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the lines take no more memory, in one process and in several."""
    (tmp_path / "small.jsonl").write_bytes((GOOD + b"\n") * 2_000)
    (tmp_path / "large.jsonl").write_bytes((GOOD + b"\n") * 20_000)
    for jobs in ("1", "2"):
        small, large = (
            run("check", "--isolated", "--as", US, "--jobs", jobs, name, folder=tmp_path)
            for name in ("small.jsonl", "large.jsonl")
        )
        assert (small.status, large.status) == (0, 0)
        assert large.peak < small.peak + 8


@pytest.mark.skipif(not os.path.exists("/dev/stdin"), reason="there is no /dev/stdin here")  # noqa: PTH110
def test_device_beside_processes(tmp_path: Path) -> None:
    """/dev/stdin is that of the command, and not of a process of its own."""
    (tmp_path / "in").write_bytes(GOOD)
    left = run("check", "--as", US, "--jobs", "2", "/dev/stdin", folder=tmp_path, stdin=tmp_path / "in")
    assert (left.status, left.err) == (0, "")
