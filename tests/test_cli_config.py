"""The command line: which rules run and how loud they are, from flags and from the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import CA, SHOP, US, Cli, asking, example_order, refund, write
from story import examples, text


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        ((), ["RF504", "RF206"]),
        (("--select", "RF206"), ["RF206"]),
        (("--select", "amount-precision,RF5"), ["RF504", "RF206"]),
        (("--select", "RF206", "--select", "placeholder-value"), ["RF504", "RF206"]),
        (("--select", "RF3"), []),
        (("--ignore", "RF2"), ["RF504"]),
        (("--ignore", "placeholder-value,RF206"), []),
        (("--select", "RF", "--ignore", "RF504"), ["RF206"]),
        (("--severity", "RF504=off"), ["RF206"]),
    ],
)
def test_select_and_ignore(check: Cli, arguments: tuple[str, ...], codes: list[str]) -> None:
    """--select and --ignore take ids, names and prefixes of ids, and --severity can turn a rule off."""
    write("r.json", refund("-1.005", line="string"))
    found = check("--as", US, *arguments, "r.json")
    assert found.codes == codes
    assert found.status == ("RF504" in codes)


def test_severity_changes_the_exit_status(check: Cli) -> None:
    """A warning that is made an error fails, an error that is made a warning does not; a later word wins."""
    write("r.json", refund("-1.005"))
    arguments = ("--as", US, "r.json")
    assert check(*arguments).status == 0
    found = check(*arguments, "--severity", "amount-precision=error")
    assert (found.status, found.only["severity"]) == (1, "error")
    assert check(*arguments, "--severity", "RF206=error", "--severity", "RF206=warning").status == 0


def test_rule_that_is_off_is_turned_on(check: Cli) -> None:
    """A rule that is off by default runs when its severity says so, or when it is selected by its own id."""
    write("r.json", text(examples("walmart_ca.cancel_order_lines")[0]))
    arguments = ("--as", "walmart_ca.cancel_order_lines", "r.json")
    assert check(*arguments).codes == []
    assert check(*arguments, "--severity", "RF603=warning").codes == ["RF603"]
    assert check(*arguments, "--select", "inventory-not-updated").codes == ["RF603"]


@pytest.mark.parametrize(
    ("level", "flags", "status"),
    [
        ("warning", (), 1),
        ("never", (), 0),
        ("warning", ("--fail-on", "error"), 0),
        ("error", ("--fail-on", "warning"), 1),
    ],
)
def test_fail_on_of_the_configuration(cli: Cli, level: str, flags: tuple[str, ...], status: int) -> None:
    """`fail-on` of the configuration says what makes the exit status 1, and the flag is stronger."""
    write("refundkit.toml", f'fail-on = "{level}"\n')
    write("r.json", refund("-1.005"))
    assert cli("check", "--as", US, *flags, "r.json").status == status


def test_a_wrong_fail_on_is_refused(cli: Cli) -> None:
    """A `fail-on` that is none of the three is exit 2, and the message says which there are."""
    write("refundkit.toml", 'fail-on = "warn"\n')
    write("r.json", refund("-1.005"))
    run = cli("check", "--as", US, "r.json")
    assert (run.status, "fail-on must be error, warning or never" in run.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "table"),
    [("pyproject.toml", "tool.refundkit."), ("refundkit.toml", "")],
)
def test_nearest_configuration_counts(cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str, table: str) -> None:
    """The nearest pyproject.toml or refundkit.toml upwards says which files are for which operation."""
    write(name, f'{table}ignore = ["RF206"]\n[{table}files]\n"fixtures/ca/*.json" = "{CA}"\n"*" = "{US}"\n')
    write("fixtures/ca/r.json", refund("-1.005"))
    write("fixtures/r.json", refund("-1.005"))
    write("fixtures/pyproject.toml", "[tool.other]\nx = 1\n")
    monkeypatch.chdir("fixtures")
    found = cli("check", "--output-format", "json", "ca/r.json", "r.json")
    assert found.codes == []
    assert {one["operation"] for one in found.document["not_run"]} == {CA, US}
    assert cli("check", "--isolated", "--output-format", "json", "r.json").codes == ["RF003"]


def test_configuration_of_a_flag(cli: Cli) -> None:
    """--config names the file instead; flags add to it."""
    write("pyproject.toml", "[tool.refundkit]\nselect = ['RF5']\n")
    write("own.toml", f'select = ["RF206"]\nseverity = {{RF206 = "error"}}\nfiles = {{"*.json" = "{US}"}}\n')
    write("r.json", refund("-1.005", line="string"))
    found = cli("check", "--config", "own.toml", "--output-format", "json", "r.json")
    assert (found.status, found.codes) == (1, ["RF206"])
    assert cli("check", "--config", "own.toml", "--ignore", "RF206", "r.json").status == 0


def test_order_and_refunds_of_the_configuration(cli: Cli) -> None:
    """The configuration's order and refunds patterns are those of the flags."""
    write(
        "refundkit.toml",
        f'order = "orders/{{id}}.json"\nrefunds = "past/{{id}}.json"\nfiles = {{"*.json" = "{SHOP}"}}\n',
    )
    write("orders/1204.json", example_order("woocommerce_legacy"))
    write("past/1204.json", text(examples("woocommerce_legacy.list_refunds", "200")[0]))
    write("r.json", '{"order_refund": {"amount": "85.81"}}')
    assert cli("check", "--path", "id=1204", "--output-format", "json", "r.json").codes == ["RF204"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("selekt = []", "select"),
        ("select = ['RF9999']", "RF9999"),
        ("select = 'RF201'", "list"),
        ("severity = {RF201 = 'loud'}", "warning"),
        ("files = {'*' = 'walmart.refund_order_line'}", US),
        ("select = [", "refundkit.toml"),
        ("order = 7", "order"),
        ("output-format = 'jsn'", "jsonl"),
        ("require-context = ['ordr']", "'order'"),
        ("require-context = true", "list"),
        ("baseline = 'missing.json'", "missing.json"),
    ],
)
def test_wrong_configuration(cli: Cli, content: str, said: str) -> None:
    """An unknown key, rule, operation or value of the configuration is exit 2, with what was meant."""
    write("refundkit.toml", content)
    write("r.json", refund())
    found = cli("check", "r.json")
    assert (found.status, found.out) == (2, "")
    assert said in found.err
    assert cli("check", "--isolated", "--as", US, "r.json").status == 0


def test_request_s_word_wins_over_the_configuration(cli: Cli) -> None:
    """What a request says of its operation wins over the configuration."""
    write("refundkit.toml", f'files = {{"*" = "{CA}"}}')
    write("r.json", asking(SHOP, '"body": {"order_refund": {"amount": "-1"}}'))
    assert cli("check", "--output-format", "json", "r.json").only["operation"] == SHOP


def test_severity_of_a_configuration_may_name_the_rule(cli: Cli) -> None:
    """The configuration takes a rule's name for its severity; with --fail-on never no severity fails."""
    write("r.json", refund("-1.005"))
    write("refundkit.toml", f'severity = {{amount-precision = "error"}}\nfiles = {{"*.json" = "{US}"}}')
    failed = cli("check", "r.json")
    assert failed.status == 1
    assert "error RF206 amount-precision" in failed.out
    assert cli("check", "--fail-on", "never", "r.json").status == 0


def test_flags_of_the_configuration(cli: Cli) -> None:
    """The output format, the required context and the baseline may stand in the configuration; a flag wins."""
    write(
        "refundkit.toml",
        f'''files = {{"r.json" = "{US}"}}
output-format = "json"
require-context = ["order"]
baseline = "known.json"
''',
    )
    write("in/r.json", refund("-1.005"))
    assert cli("check", "--isolated", "--as", US, "--write-baseline", "known.json", "in").status == 0
    found = cli("check", "in")
    assert (found.status, found.codes) == (1, ["RF006"])
    assert found.document["summary"]["suppressed"] == 1
    assert "RF006" in cli("check", "--output-format", "concise", "in").out
    assert "order" not in cli("check", "--require-context", "headers", "in").only["message"]
    write("other.json", '{"version": 1, "findings": []}')
    assert "RF206" in cli("check", "--baseline", "other.json", "in").codes


def test_baseline_of_the_configuration_is_found_from_anywhere(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The baseline of a configuration stands beside it, wherever the command runs; --write-baseline replaces it."""
    write("refundkit.toml", f'files = {{"r.json" = "{US}"}}\nbaseline = "known.json"\n')
    write("in/r.json", refund("-1.005"))
    assert cli("check", "--write-baseline", "known.json", "in").status == 0
    monkeypatch.chdir(folder / "in")
    found = cli("check", "--fail-on", "warning", "r.json")
    assert found.status == 0
    assert "1 in the baseline" in found.out


def test_required_context_of_the_configuration_is_not_for_answers(cli: Cli) -> None:
    """Answers want no context, so --response leaves the configuration's alone."""
    write("refundkit.toml", 'require-context = ["order"]\n')
    write("r.json", example_order("walmart"))
    assert cli("check", "--as", "walmart.get_order", "--response", "200", "r.json").status == 0
