"""The command line: wrong arguments, and errors that nobody foresaw."""

from __future__ import annotations

import pytest
from commands import US, Cli, refund, write


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("schema", "walmart.refund_order_line"), US),
        (("schema", "walmart.get_order"), "no body"),
        (("check", "--as", "walmart.refund_order_line", "-"), US),
        (("check", "--output-format", "jsn", "-"), "json"),
        (("check", "--ordr", "o.json", "-"), "--order"),
        (("check", "--fail-on", "warnings", "-"), "warning"),
        (("check", "--colour", "always", "-"), "--color"),
        (("check", "--select", "RF21O", "-"), "RF21"),
        (("check", "--ignore", "refund-exceeds-charges", "-"), "refund-exceeds-charge"),
        (("check", "--severity", "RF201=warn", "-"), "warning"),
        (("check", "--severity", "RF201", "-"), "--severity"),
        (("check", "--severity", "RF2011=off", "-"), "RF201"),
        (("check", "--require-context", "ordr", "-"), "order"),
        (("check", "--path", "id", "-"), "NAME=VALUE"),
        (("check", "--query", "=1", "-"), "NAME=VALUE"),
        (("check", "--header", "Accept: text/csv", "-"), "NAME=VALUE"),
        (("check", "--header", "Accept: text/csv;q=1", "-"), "no colon or space in the name"),
        (("check", "--severity", "RF201", "-"), "--severity: write RULE=LEVEL"),
        (("check", "--order", "", "-"), "--order: it is empty"),
        (("check", "--config", "", "-"), "--config: it is empty"),
        (("check", "--require-context=", "-"), "--require-context: it is empty"),
        (("check", "--isolated", "--config", "refundkit.toml", "-"), "--isolated and --config: use one"),
        (("check", "--response", "200", "-"), "--as"),
        (("check", "--as", US, "--response", "299", "-"), "200"),
        (("check", "--config", "missing.toml", "-"), "missing.toml"),
        (("check",), "-"),
        (("chek",), "check"),
        ((), "COMMAND"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_exit_2_with_a_suggestion(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    """A wrong flag, value, rule, operation or part is exit 2, with what to write instead, on standard error only."""
    found = cli(*arguments, stdin=refund().encode())
    assert (found.status, found.out) == (2, "")
    assert said in found.err
    assert "Traceback" not in found.err


def test_flags_between_paths(cli: Cli) -> None:
    """Paths may stand before, between and behind the flags, and are checked in that order."""
    for name in ("a.json", "b.json", "c.json"):
        write(name, refund("1"))
    found = cli("check", "a.json", "--isolated", "b.json", "--output-format", "json", "c.json", "--as", US)
    assert [one["file"] for one in found.document["findings"]] == ["a.json", "b.json", "c.json"]


def test_empty_path_is_no_folder(cli: Cli) -> None:
    """An empty argument, such as an unset variable leaves, is exit 2 and not the whole folder."""
    write("r.json", "{}")
    found = cli("check", "--isolated", "")
    assert found.status == 2
    assert "an empty path" in found.err


def test_error_that_nobody_foresaw(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of the program is exit 2 with its kind and place, without a traceback and without a payload's words."""

    def fail(*arguments: object, **options: object) -> None:
        raise KeyError("4111 1111 1111 1111")

    monkeypatch.setattr("refundkit.cli.check.list_files", fail)
    write("r.json", "{}")
    found = cli("check", "--isolated", "r.json")
    assert found.status == 2
    assert "a defect of refundkit: KeyError in cli/check.py:" in found.err
    assert "4111" not in found.out + found.err


@pytest.mark.parametrize("flag", ["--order=o.json", "--batch", "--path=id=1", "--require-context=order"])
def test_flags_about_requests_are_refused_beside_a_response(cli: Cli, flag: str) -> None:
    """A flag that means nothing for an answer is exit 2, and not ignored."""
    write("r.json", "{}")
    outcome = cli("check", "--isolated", "--as", US, "--response", "200", flag, "r.json")
    assert outcome.status == 2
    assert f"{flag.partition('=')[0]} is about requests" in outcome.err


@pytest.mark.parametrize(
    ("flag", "right", "wrong", "meant"),
    [
        ("--select", "RF206", "RF2006", "'RF206'"),
        ("--select", "amount-precision", "amount-precission", "'amount-precision'"),
        ("--ignore", "RF206", "RF2066", "'RF206'"),
        ("--ignore", "amount-precision", "amount_precision", "'amount-precision'"),
        ("--severity", "RF206=error", "RF2006=error", "'RF206'"),
        ("--severity", "amount-precision=error", "amount-precison=error", "'amount-precision'"),
    ],
)
def test_rule_is_named_by_its_id_or_its_name(cli: Cli, flag: str, right: str, wrong: str, meant: str) -> None:
    """Wherever a rule is named its id and its name do; a wrong one is exit 2 and says what was meant."""
    run = ("check", "--isolated", "--as", US, write("r.json", refund()), flag)
    assert cli(*run, right).status == 0
    refused = cli(*run, wrong)
    assert (refused.status, refused.out) == (2, "")
    assert f"did you mean {meant}?" in refused.err
    assert cli("rule", right.partition("=")[0]).status == 0
    assert f"did you mean {meant}?" in cli("rule", wrong.partition("=")[0]).err


@pytest.mark.parametrize(
    ("flag", "first", "second"),
    [
        ("--path", "purchaseOrderId=1", "purchaseOrderId=2"),
        ("--query", "force=true", "force=true"),
        ("--header", "Accept=application/json", "Accept=text/csv"),
        ("--header", "Accept=application/json", "accept=text/csv"),
    ],
)
def test_name_that_is_given_twice(cli: Cli, flag: str, first: str, second: str) -> None:
    """A part of the request that is given twice is exit 2: which of them is sent, nobody can tell."""
    found = cli("check", "--isolated", "--as", US, flag, first, flag, second, write("r.json", refund()))
    assert (found.status, found.out) == (2, "")
    assert "given twice" in found.err


@pytest.mark.parametrize(
    "arguments",
    [("--select", "rf206"), ("--select", "Amount-Precision"), ("--select", "rf2"), ("--severity", "rf206=error")],
)
def test_case_of_a_rule_is_of_no_account(cli: Cli, arguments: tuple[str, str]) -> None:
    """Ids, names and prefixes of ids may have any case, in flags as in `rule`."""
    run = ("check", "--isolated", "--as", US, "--fail-on", "warning", write("r.json", refund("-1.005")))
    found = cli(*run, *arguments)
    assert (found.status, found.err) == (1, "")
    assert "RF206" in found.out
    assert cli(*run, "--ignore", arguments[1].partition("=")[0]).status == 0
    assert cli("rule", "rf203").out == cli("rule", "Refund-Exceeds-Charge").out == cli("rule", "RF203").out


def test_message_of_argparse_is_shown_as_it_is(cli: Cli) -> None:
    """A wrong value is told with the values that there are, whatever Python says it, and an extra word is named."""
    found = cli("check", "--color", "unrecognized arguments: --ordr", "r.json")
    assert found.status == 2
    assert "did you mean" not in found.err
    assert all(word in found.err for word in ("auto", "always", "never"))
    assert "RF204: one argument too many" in cli("rule", "RF203", "RF204").err
