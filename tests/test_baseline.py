"""The baseline: what a team knows of is left out, and nothing that is new hides behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import AMOUNT, CARD, LINE, SHOP, US, Cli, Outcome, asking, command, example_order, flat, refund, write
from refundkit import Config
from refundkit.lint.baseline import read_baseline

FILE = "known.json"


def check(cli: Cli, *arguments: str) -> Outcome:
    """Checks with JSON output."""
    return cli("check", "--isolated", "--output-format", "json", "--as", US, *arguments)


def learn(cli: Cli, *arguments: str) -> list[dict[str, Any]]:
    """Writes the baseline; its entries."""
    outcome = check(cli, "--write-baseline", FILE, *arguments)
    assert (outcome.status, outcome.codes) == (0, [])
    content = json.loads(Path(FILE).read_text("utf-8"))
    assert content["version"] == 1
    return list(content["findings"])


def test_what_is_known_is_left_out(cli: Cli) -> None:
    """--write-baseline writes what is found and exits 0; with --baseline the same run finds nothing, and says how much
    it left out."""
    write("a.json", refund("-1.005", line="string"))
    write("b.json", refund("-1.00", line="string"))
    written = check(cli, "--write-baseline", FILE, "a.json", "b.json")
    assert (written.status, written.codes) == (0, [])
    assert written.err == f"Wrote 3 findings to {FILE}\n"
    again = check(cli, "--baseline", FILE, "a.json", "b.json")
    assert (again.status, again.codes, again.err) == (0, [], "")
    assert again.document["summary"]["suppressed"] == 3
    text = cli("check", "--isolated", "--as", US, "--baseline", FILE, "a.json", "b.json").out
    assert text.startswith("Checked 2 payloads in 2 files: 0 errors, 0 warnings, 3 in the baseline.")
    assert check(cli, "a.json", "b.json").codes == ["RF504", "RF206", "RF504"]


def test_what_is_new_is_found(cli: Cli) -> None:
    """A finding at another place, by another rule or in another file is new, and fails."""
    write("a.json", refund("-1.00", line="string"))
    learn(cli, "a.json")
    write("a.json", refund("-1.005", line="string", order="string"))
    write("b.json", refund("-1.00", line="string"))
    found = check(cli, "--baseline", FILE, "a.json", "b.json")
    assert found.status == 1
    assert [(one["file"], one["code"], one["line"]) for one in found.document["findings"]] == [
        ("a.json", "RF504", 3),
        ("a.json", "RF206", 9),
        ("b.json", "RF504", 5),
    ]
    assert found.document["summary"]["suppressed"] == 1


def test_baseline_holds_no_line(cli: Cli) -> None:
    """A document that moved down in its file, or changed elsewhere, is known all the same."""
    write("a.json", refund("-1.005"))
    (entry,) = learn(cli, "a.json")
    assert entry.keys() == {"file", "pointer", "code"}
    write("a.json", "\n\n" + refund("-2.005", line="2"))
    assert check(cli, "--baseline", FILE, "a.json").codes == []


def test_baseline_is_sorted_and_relative_to_its_folder(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is the same whatever the order of the arguments, and it serves a run from any folder."""
    for name in ("in/b.json", "in/a.json", "c.json"):
        write(name, refund("-1.005", line="string"))
    Path("ci").mkdir()
    check(cli, "--write-baseline", "ci/known.json", "in", "c.json")
    first = Path("ci/known.json").read_bytes()
    check(cli, "--write-baseline", "ci/known.json", "c.json", "in/b.json", str(Path("in/a.json").absolute()))
    assert Path("ci/known.json").read_bytes() == first
    names = [(one["file"], one["code"]) for one in json.loads(first)["findings"]]
    assert names == [
        (f"../{name}", code) for name in ("c.json", "in/a.json", "in/b.json") for code in ("RF504", "RF206")
    ]
    monkeypatch.chdir("in")
    assert check(cli, "--baseline", "../ci/known.json", "a.json", "b.json", "../c.json").codes == []


# Payloads that no pointer alone can tell, and those that no rule has judged.


def lines(*amounts: str) -> str:
    """JSON Lines, a refund each."""
    return "".join(flat(refund(amount)) + "\n" for amount in amounts)


def test_added_line_moves_nothing(cli: Cli) -> None:
    """In JSON Lines a payload is known by what it says: lines may come and go above it."""
    write("r.jsonl", lines("-1.005", "-2.00", "-3.005"))
    learn(cli, "r.jsonl")
    write("r.jsonl", lines("-9.00", "-3.005", "-8.00", "-1.005").replace(",", " ,  "))
    found = check(cli, "--baseline", FILE, "r.jsonl")
    assert (found.codes, found.document["summary"]["suppressed"], found.err) == ([], 2, "")


def test_new_line_does_not_take_the_place_of_a_fixed_one(cli: Cli) -> None:
    """A payload of a batch that was repaired does not let another one through with the same finding."""
    write("r.jsonl", lines("-1.005", "-2.00"))
    learn(cli, "r.jsonl")
    write("r.jsonl", lines("-1.00", "-2.005"))
    found = check(cli, "--baseline", FILE, "r.jsonl")
    assert [(one["code"], one["line"]) for one in found.document["findings"]] == [("RF206", 2)]
    assert "no longer found: RF206 r.jsonl" in found.err


def test_count_of_payloads_alike(cli: Cli) -> None:
    """Of payloads that say the same so many are known as there were; one more is new."""
    write("r.jsonl", lines("-1.005", "-1.005"))
    (entry,) = learn(cli, "r.jsonl")
    assert entry["count"] == 2
    write("r.jsonl", lines("-1.005", "-1.005", "-1.005"))
    found = check(cli, "--baseline", FILE, "r.jsonl")
    assert [one["line"] for one in found.document["findings"]] == [3]


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("r.json", "[{0}, {1}]", "[{2},\n{1}, {0}]"),
        ("r.yaml", "{0}\n---\n{1}\n", "{2}\n---\n# moved\n{1}\n---\n{0}\n"),
    ],
)
def test_every_batch_is_known_by_what_its_payloads_say(cli: Cli, name: str, before: str, after: str) -> None:
    """Entries of an array and documents of a YAML file are known wherever they move to."""
    payloads = [flat(refund(amount)) for amount in ("-1.005", "-2.005", "-3.00")]
    write(name, before.replace("{0}", payloads[0]).replace("{1}", payloads[1]))
    assert len(learn(cli, name)) == 2
    moved = after.replace("{0}", payloads[0]).replace("{1}", payloads[1]).replace("{2}", payloads[2])
    write(name, moved)
    assert check(cli, "--baseline", FILE, name).codes == []
    write(name, moved.replace("-2.005", "-4.005"))
    assert check(cli, "--baseline", FILE, name).codes == ["RF206"]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("r.json", refund("1.00"), "RF201"),
        ("r.json", '{"a":', "RF001"),
        ("r.json", "", "RF001"),
        ("r.yaml", "a: [", "RF001"),
        ("r.json", asking("walmart.refunds", '"body": {}'), "RF003"),
    ],
)
def test_payload_that_nothing_judged_fails_though_it_is_known(cli: Cli, name: str, content: str, code: str) -> None:
    """A baseline cannot hold why a payload is refused, says so as it is written, and the payload fails all the same."""
    write(name, content)
    written = check(cli, "--write-baseline", FILE, name)
    assert (written.status, written.codes) == (1, [code])
    assert "1 more stay: a baseline cannot hold" in written.err
    assert json.loads(Path(FILE).read_text("utf-8"))["findings"] == []
    again = check(cli, "--baseline", FILE, name)
    assert (again.status, again.codes) == (1, [code])
    assert again.document["summary"]["not_judged"] == (code != "RF201")


def test_ignored_rule_judges_nothing(cli: Cli) -> None:
    """A payload that is refused by an ignored rule alone has no finding to be known by, and never passes."""
    write("r.json", refund("1.00"))
    assert check(cli, "--ignore", "RF201", "--write-baseline", FILE, "r.json").status == 1
    assert check(cli, "--ignore", "RF201", "--baseline", FILE, "r.json").status == 1


# What is stale.


def test_stale_entries_are_reported(cli: Cli) -> None:
    """What is known and no longer found is named on standard error, with the way to take it out; it fails nothing
    unless warnings do."""
    write("a.json", refund("-1.005", line="string"))
    write("b.json", refund("-1.005"))
    learn(cli, "a.json", "b.json")
    write("a.json", refund("-1.005"))
    Path("b.json").unlink()
    found = check(cli, "--baseline", FILE, "a.json")
    assert (found.status, found.codes) == (0, [])
    first, second, last = found.err.splitlines()
    assert first == f"refundkit: {FILE}: no longer found: RF504 a.json {LINE}"
    assert second == f"refundkit: {FILE}: no longer found: RF206 b.json {AMOUNT}"
    assert last == f"refundkit: `--write-baseline {FILE}` takes what is stale out"
    assert check(cli, "--baseline", FILE, "--fail-on", "warning", "a.json").status == 1
    assert check(cli, "--baseline", FILE, "--fail-on", "never", "a.json").status == 0
    text = cli("check", "--isolated", "--as", US, "--baseline", FILE, "a.json").out
    assert "1 in the baseline, 2 stale there." in text
    assert len(learn(cli, "a.json")) == 1
    assert check(cli, "--baseline", FILE, "--fail-on", "warning", "a.json").err == ""


def test_what_was_not_looked_for_is_not_stale(cli: Cli) -> None:
    """An entry is stale only where its rule ran on its file: not for a file that is left out, a rule that is, or an
    order that is not given."""
    body = '{"order_refund": {"amount": "999.00", "api_refund": true}}'
    write("shop/order.json", example_order("woocommerce_legacy"))
    write("shop/r.json", body)
    write("a.json", refund("-1.005"))
    order = ("--order", "shop/order.json")
    run = ("check", "--isolated", "--output-format", "json")
    cli(*run, "--as", SHOP, *order, "--write-baseline", FILE, "shop/r.json")
    assert json.loads(Path(FILE).read_text())["findings"]
    assert cli(*run, "--as", SHOP, *order, "--baseline", FILE, "shop/r.json").err == ""
    assert cli(*run, "--as", SHOP, "--baseline", FILE, "shop/r.json").err == ""
    assert cli(*run, "--as", SHOP, *order, "--baseline", FILE, "--select", "RF5", "shop/r.json").err == ""
    assert cli(*run, "--as", US, "--baseline", FILE, "a.json").err == ""


def test_only_so_many_stale_entries_are_named(cli: Cli) -> None:
    """Of many stale entries twenty are named, and the number of the others."""
    write("r.jsonl", lines(*(f"-{number}.005" for number in range(1, 31))))
    learn(cli, "r.jsonl")
    write("r.jsonl", lines("-1.00"))
    err = check(cli, "--baseline", FILE, "r.jsonl").err.splitlines()
    assert len(err) == 21
    assert err[-1] == f"refundkit: 10 more are; `--write-baseline {FILE}` takes what is stale out"


# The file.


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "findings": []}',
        '{"version": 1}',
        '{"version": 1, "findings": [{"file": "a.json"}]}',
        '{"version": 1, "findings": [], "more": 1}',
        '{"version": 1, "findings": [{"file": "a", "pointer": "", "code": "RF201", "line": 3}]}',
        b"\xff",
        "[" * 100_000,
        None,
    ],
)
def test_wrong_baseline(cli: Cli, content: str | bytes | None) -> None:
    """A baseline that is none, or is not there, is exit 2."""
    if content is not None:
        write(FILE, content)
    outcome = check(cli, "--baseline", FILE, write("r.json", refund()))
    assert (outcome.status, outcome.out) == (2, "")
    assert f"--baseline {FILE}: " in outcome.err


def test_baseline_that_cannot_be_written(cli: Cli) -> None:
    """A place that a baseline cannot be written to is exit 2."""
    outcome = check(cli, "--write-baseline", "no/such/folder.json", write("r.json", refund("1")))
    assert outcome.status == 2
    assert "--write-baseline no/such/folder.json: No such file or directory" in outcome.err


def test_one_baseline_at_a_time(cli: Cli) -> None:
    """--baseline beside --write-baseline is exit 2: what would be written is not clear."""
    outcome = check(cli, "--baseline", FILE, "--write-baseline", FILE, write("r.json", refund()))
    assert outcome.status == 2
    assert "use one" in outcome.err


def test_nothing_is_written_where_nothing_was_checked(cli: Cli) -> None:
    """A run without a payload leaves the baseline as it was."""
    write(FILE, "old")
    write("r.jsonl", "")
    assert check(cli, "--write-baseline", FILE, "r.jsonl").status == 2
    assert Path(FILE).read_text() == "old"


def test_no_value_of_a_payload_is_in_a_baseline(cli: Cli) -> None:
    """A baseline holds pointers and digests, and no value of any payload."""
    write("r.json", refund("-1.005", reason=CARD))
    assert learn(cli, "r.json")
    assert CARD not in Path(FILE).read_text()
    assert "DamagedItem" not in Path(FILE).read_text()


def test_baseline_in_a_checked_folder(cli: Cli) -> None:
    """A baseline that stands among the payloads is none of them."""
    write("in/r.json", refund("-1.005"))
    for _ in range(2):
        outcome = check(cli, "--write-baseline", "in/known.json", "in")
        assert (outcome.status, outcome.document["summary"]["checked"]) == (0, 1)
    found = check(cli, "--baseline", "in/known.json", "in")
    assert (found.status, found.document["summary"]["checked"]) == (0, 1)


def test_baseline_that_a_hook_names(cli: Cli) -> None:
    """A baseline is no payload either where it stands among the paths, as a hook names all that a commit holds."""
    write("a.json", refund("-1.005"))
    learn(cli, "a.json")
    found = check(cli, "--baseline", FILE, "a.json", FILE)
    assert (found.status, found.document["summary"]["checked"]) == (0, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--write-baseline", "a.json", "a.json"),
        ("--output-file", "./a.json", "a.json"),
        ("--output-file", "o.json", "--order", "o.json", "a.json"),
        ("--output-file", FILE, "--write-baseline", FILE, "a.json"),
    ],
)
def test_nothing_is_written_over_what_is_read(cli: Cli, arguments: tuple[str, ...]) -> None:
    """A payload, an order or a baseline is not written over by the run that has it for that."""
    write("a.json", refund("1.00"))
    write("o.json", example_order("walmart"))
    before = [Path(name).read_bytes() for name in ("a.json", "o.json")]
    outcome = check(cli, *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert "name another one" in outcome.err
    assert before == [Path(name).read_bytes() for name in ("a.json", "o.json")]


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_baseline_with_several_processes(folder: Path, jobs: str) -> None:
    """What is known is left out whatever the number of processes."""
    write("r.jsonl", lines(*(["-1.005"] * 5 + ["-1.00"] * 5)))
    write("s.jsonl", lines("-2.005"))
    run = ("check", "--isolated", "--output-format", "json", "--as", US, "--jobs", jobs)
    assert command(*run, "--write-baseline", FILE, "r.jsonl", "s.jsonl").status == 0
    found = command(*run, "--baseline", FILE, "r.jsonl", "s.jsonl")
    assert (found.status, found.codes, found.document["summary"]["suppressed"]) == (0, [], 6)


def test_unknown_rule_of_a_baseline_is_stale(cli: Cli) -> None:
    """An entry of a rule that is no more is stale, and nothing worse."""
    write("r.json", refund())
    write(FILE, '{"version": 1, "findings": [{"file": "r.json", "pointer": "/a", "code": "RF999"}]}')
    found = check(cli, "--baseline", FILE, "r.json")
    assert found.status == 0
    assert "no longer found: RF999 r.json /a" in found.err


def test_entries_of_a_baseline_nothing_has_met(folder: Path) -> None:
    """A baseline that was read and not used has only entries of files that are gone to tell of."""
    write("r.json", refund())
    write(FILE, '{"version": 1, "findings": [{"file": "r.json", "pointer": "/a", "code": "RF201"}]}')
    assert read_baseline(FILE).find_stale(Config(), []) == []
    Path("r.json").unlink()
    assert [one.file for one in read_baseline(FILE).find_stale(Config(), [])] == ["r.json"]
