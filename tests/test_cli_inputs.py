"""The command line: files, folders, patterns and standard input."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import AMOUNT, CA, ID, SHOP, US, Cli, asking, command, flat, refund, write, xml_refund


def test_array_is_a_batch(check: Cli) -> None:
    """An array in a .json file is a batch: its entries are records, and a pointer is one into the entry's body."""
    last = asking(US, f'"body": {refund("2")}')
    write("r.json", f"[\n{flat(refund())},\n{flat(refund('1'))},\n{last}\n]")
    found = check("--as", US, "r.json")
    assert found.document["summary"]["checked"] == 3
    assert [(one["record"], one["line"], one["pointer"]) for one in found.document["findings"]] == [
        (2, 3, AMOUNT),
        (3, 12, AMOUNT),
    ]


def test_lines_keep_their_numbers(check: Cli) -> None:
    """In JSON Lines each line is a record of its own; empty lines count as lines, and a broken one breaks no other."""
    write("r.jsonl", f"{flat(refund('1'))}\r\n\n{{broken\n   {flat(refund('2'))}\n{flat(refund())}")
    found = check("--as", US, "r.jsonl")
    assert found.document["summary"]["checked"] == 4
    assert [(one["code"], one["record"], one["line"]) for one in found.document["findings"]] == [
        ("RF201", 1, 1),
        ("RF001", 3, 3),
        ("RF201", 4, 4),
    ]
    first, _, last = found.document["findings"]
    assert last["column"] == first["column"] + 3


def test_every_suffix_is_read(check: Cli) -> None:
    """A folder stands for every file in it that has a known suffix, however deep."""
    write("in/a.json", refund("1"))
    write("in/deep/b.jsonl", flat(refund("2")))
    write("in/deep/c.ndjson", flat(refund("3")))
    write("in/d.yaml", refund("4"))
    write("in/e.yml", refund("5"))
    write("in/f.txt", "nothing for us")
    found = check("--as", US, "in")
    assert found.document["summary"]["files"] == 5
    assert {one["file"] for one in found.document["findings"]} == {
        *("in/a.json", "in/deep/b.jsonl", "in/deep/c.ndjson", "in/d.yaml", "in/e.yml")
    }
    assert set(found.codes) == {"RF201"}


def test_several_documents_of_a_yaml_file(check: Cli) -> None:
    """Each document of a YAML file is a record; its literals are kept and its places are those of the file."""
    body = "order_refund:\n  amount: {0}\n"
    write("r.yaml", "---\n".join(body.format(amount) for amount in ("1.10", "-0.50", "5.555")))
    found = check("--as", SHOP, "r.yaml")
    assert found.document["summary"]["checked"] == 3
    assert [(one["code"], one["record"], one["line"], one["column"]) for one in found.document["findings"]] == [
        ("RF202", 2, 5, 11),
        ("RF206", 3, 8, 11),
    ]
    assert "5.555" in found.document["findings"][1]["message"]


def test_duplicate_key_in_yaml(check: Cli) -> None:
    """A key that stands twice is RF002 in YAML too, at the second of them."""
    write("r.yaml", 'order_refund:\n  amount: "1.00"\n  amount: "100.00"\n')
    found = check("--as", SHOP, "r.yaml")
    assert found.status == 1
    assert (found.only["code"], found.only["line"], found.only["column"]) == ("RF002", 3, 3)


def test_xml_payload(check: Cli) -> None:
    """walmart_ca's wire format is read, by its root element where nothing else names the operation."""
    write("r.xml", xml_refund("19.99"))
    found = check("--as", CA, "r.xml").only
    assert (found["code"], found["line"], found["column"], found["pointer"]) == ("RF201", 4, 33, AMOUNT)


def test_xml_without_an_operation(check: Cli) -> None:
    """XML whose operation nothing names is RF003, and not judged."""
    write("r.xml", xml_refund("-19.99"))
    assert check("r.xml").codes == ["RF003"]


def test_standard_input(folder: Path) -> None:
    """- reads one document from standard input."""
    found = command("check", "--as", US, "--output-format", "json", "-", stdin=refund("19.99").encode())
    assert found.status == 1
    assert (found.only["file"], found.only["line"]) == ("-", 9)


def test_patterns_are_expanded(check: Cli) -> None:
    """A pattern stands for the files that it matches, in every folder for **; a file named twice is read once."""
    write("a/r1.json", refund())
    write("a/b/r2.json", refund())
    write("a/b/other.json", "{}")
    found = check("--as", US, "**/r*.json", "a/r1.json")
    assert found.status == 0
    assert found.document["summary"]["files"] == 2


@pytest.mark.parametrize("path", ["missing.json", "missing/", "*.json", "in/**/*.yaml", "link.json"])
def test_nothing_to_read_is_exit_2(check: Cli, folder: Path, path: str) -> None:
    """A file that is not there, a pattern that matches nothing and a link to nowhere are exit 2."""
    Path("link.json").symlink_to("nowhere")
    Path("in").mkdir()
    if path == "*.json":
        Path("link.json").unlink()
    found = check("--as", US, path)
    assert (found.status, found.out) == (2, "")
    assert path.rstrip("/") in found.err


@pytest.mark.parametrize("name", ["r.json", "r.yaml", "r.yml", "r.xml"])
@pytest.mark.parametrize("content", ["", " \n"])
def test_empty_document(check: Cli, name: str, content: str) -> None:
    """An empty document is RF001."""
    write(name, content)
    found = check("--as", CA, name)
    assert (found.status, found.codes) == (1, ["RF001"])


def test_empty_standard_input(check: Cli) -> None:
    """Empty standard input is RF001."""
    found = check("--as", CA, "-")
    assert (found.status, found.codes) == (1, ["RF001"])


@pytest.mark.parametrize(
    ("name", "content"), [("r.jsonl", ""), ("r.jsonl", "\n \n"), ("r.json", "[]"), ("in/x.txt", "")]
)
def test_no_payload_at_all(check: Cli, name: str, content: str) -> None:
    """Inputs without any payload are exit 2, unless --allow-empty says that this is fine."""
    path = write(name, content).partition("/")[0]
    found = check("--as", US, path)
    assert (found.status, found.out) == (2, "")
    assert "--allow-empty" in found.err
    found = check("--as", US, "--allow-empty", path)
    assert found.status == 0
    assert found.document["summary"]["checked"] == 0


@pytest.mark.parametrize(
    "content",
    [
        refund("19.99"),
        f"[{refund('19.99')}]",
        asking(US, f'"body": {refund("19.99")}'),
        f'{{"body": {refund("19.99")}, "path": {{"purchaseOrderId": "{ID}"}}}}',
    ],
    ids=["body", "batch", "operation", "request"],
)
@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "r.yaml"])
def test_byte_order_mark_is_accepted(check: Cli, name: str, content: str) -> None:
    """A UTF-8 byte order mark changes nothing of what a document says."""
    if name == "r.jsonl" and content[0] == "[":
        pytest.skip("a line of JSON Lines is one record")
    if name == "r.yaml" and content[0] == "[":
        pytest.skip("a YAML file is a batch by its documents")
    flattened = flat(content)
    write(name, flattened)
    plain = check("--as", US, name)
    assert plain.codes == ["RF201"]
    write(name, b"\xef\xbb\xbf" + flattened.encode())
    marked = check("--as", US, name)
    assert marked.document["findings"] == plain.document["findings"]


def test_byte_order_mark_hides_nothing(check: Cli) -> None:
    """Behind a byte order mark the rules that read raw values see as much as without."""
    body = flat(refund(line="string"))
    write("r.json", b"\xef\xbb\xbf" + body.encode())
    assert check("--as", US, "--path", "purchaseOrderId=17", "r.json").codes == ["RF501", "RF504"]


def test_broken_record_of_a_batch_breaks_no_other(check: Cli) -> None:
    """One entry of an array that cannot be read is its own RF001; the others are judged, and keep their places."""
    write("r.json", f"[{flat(refund('1'))},\n{flat(refund('-1e999'))},\n{flat(refund('2'))}]")
    found = check("--as", US, "r.json").document["findings"]
    assert [(one["record"], one["code"], one["line"]) for one in found] == [
        (1, "RF201", 1),
        (2, "RF001", 2),
        (3, "RF201", 3),
    ]


def test_array_that_is_not_closed(check: Cli) -> None:
    """An array that is no JSON is one document, and one RF001."""
    write("r.json", f"[{flat(refund('1'))},")
    assert check("--as", US, "r.json").codes == ["RF001"]


def test_hidden_folders_are_left_out(cli: Cli) -> None:
    """A folder stands for what a person sees in it: .venv in it is not entered, and is read where it is named."""
    write("in/r.json", refund())
    write("in/.venv/s.json", "no JSON")
    assert cli("check", "--isolated", "--as", US, "in").status == 0
    assert cli("check", "--isolated", "--as", US, "in/.venv").status == 1


@pytest.mark.parametrize("path", ["gone.json", "*.json", "gone/**/*.jsonl", "empty.jsonl", "empty", "none.json"])
def test_allow_empty_allows_no_missing_file(cli: Cli, path: str) -> None:
    """--allow-empty is for inputs without a payload; what is not there is exit 2 all the same."""
    write("empty.jsonl", "\n")
    Path("empty").mkdir()
    if path == "none.json":
        write("none.json", "[]")
    refused = cli("check", "--as", US, path)
    assert (refused.status, refused.out) == (2, "")
    assert cli("check", "--as", US, "--allow-empty", path).status == (0 if Path(path).exists() else 2)


def test_payload_without_an_operation_is_found_among_others(check: Cli) -> None:
    """A file that nothing names an operation for is RF003 in a folder too, and never skipped."""
    write("deployment.json", '{"kind": "Deployment"}')
    write("good.json", asking(US, f'"body": {refund()}'))
    found = check(".")
    assert found.status == 1
    assert (found.only["file"], found.only["code"]) == ("deployment.json", "RF003")
    assert found.document["summary"]["checked"] == 2


def test_standard_input_patterns_folders_and_files_in_one_run(check: Cli) -> None:
    """Standard input, a pattern, a folder and a file are checked in the order of the arguments."""
    for name in ("a/one.json", "b/two.json", "c.json"):
        write(name, refund("1"))
    found = check("--as", US, "-", "b/*.json", "a", "c.json", stdin=refund("1").encode())
    assert [finding["file"] for finding in found.document["findings"]] == ["-", "b/two.json", "a/one.json", "c.json"]
