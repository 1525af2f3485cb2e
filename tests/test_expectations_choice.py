"""What users of such tools expect of choices, row by row of that table; the details are in the tests beside this."""

from __future__ import annotations

from pathlib import Path

import pytest
import test_action
import test_hook
from commands import US, Cli, command, refund, write
from test_action import Runner
from test_hook import Team, needs_all

cli, folder, team, runner = test_cli.cli, test_cli.folder, test_hook.team, test_action.runner


def test_severities_outside_the_id_per_rule_and_fail_on(folder: Path) -> None:
    """Severities stand outside the ids, are set per rule, and --fail-on says which of them fail."""
    write("r.json", refund("-1.005"))
    run = ("check", "--isolated", "--as", US, "r.json")
    assert command(*run).status == 0
    assert command(*run, "--fail-on", "warning").status == 1
    louder = command(*run, "--severity", "RF206=error")
    assert louder.status == 1
    assert "error RF206 amount-precision" in louder.out
    assert command(*run, "--severity", "amount-precision=error", "--fail-on", "never").status == 0
    write("refundkit.toml", f'severity = {{amount-precision = "error"}}\nfiles = {{"*.json" = "{US}"}}')
    assert command("check", "r.json").status == 1


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
def test_ids_and_names_everywhere_and_a_wrong_one_is_an_error_with_a_suggestion(
    cli: Cli, flag: str, right: str, wrong: str, meant: str
) -> None:
    """Wherever a rule is named its id and its name do; a wrong one is exit 2 and says what was meant."""
    run = ("check", "--isolated", "--as", US, write("r.json", refund()), flag)
    assert cli(*run, right).status == 0
    refused = cli(*run, wrong)
    assert (refused.status, refused.out) == (2, "")
    assert f"did you mean {meant}?" in refused.err
    assert cli("rule", right.partition("=")[0]).status == 0
    assert f"did you mean {meant}?" in cli("rule", wrong.partition("=")[0]).err


def test_baseline_keyed_on_rule_file_and_pointer_with_stale_entries_reported(folder: Path) -> None:
    """What the baseline knows by rule, file and pointer is left out, wherever its line moves; what is stale is said."""
    write("a.json", refund("-1.005"))
    write("b.json", refund("-1.005"))
    run = ("check", "--isolated", "--as", US, "--fail-on", "warning", "a.json", "b.json")
    assert command(*run).status == 1
    assert command(*run, "--write-baseline", "known.json").status == 0
    assert command(*run, "--baseline", "known.json").status == 0
    write("a.json", "\n\n" + refund("-1.005"))
    write("b.json", refund("-1.00", line="string"))
    found = command(*run, "--baseline", "known.json")
    assert found.status == 1
    assert [line.split(" ", 4)[:3] for line in found.out.splitlines()[:-1]] == [["b.json:5:21:", "error", "RF504"]]
    assert "no longer found: RF206 b.json" in found.err


def test_excludes_hold_for_explicit_paths(folder: Path) -> None:
    """A file that is excluded is not checked when it is named, which is what pre-commit does."""
    write("refundkit.toml", f'exclude = ["vendored/**"]\nfiles = {{"**/*.json" = "{US}"}}')
    write("vendored/r.json", refund("19.99"))
    write("r.json", refund())
    for paths in (["."], ["**/*.json"], ["r.json", "vendored/r.json"]):
        found = command("check", *paths)
        assert found.status == 0
        assert "Checked 1 payload in 1 file" in found.out
    assert command("check", "vendored/r.json").status == 2


@needs_all
def test_pre_commit_hook_tested_by_running_its_own_entry(team: Team) -> None:
    """pre-commit builds the hook from this source, runs its entry on what is staged, and stops a bad refund."""
    team.write("refunds/r.json", refund("19.99"))
    stopped = team.commit(args=["--as", US], files="^refunds/")
    assert stopped.status == 1
    assert "RF201 amount-not-negative" in stopped.out
    team.write("refunds/r.json", refund("-19.99"))
    assert team.commit(args=["--as", US], files="^refunds/").status == 0


@needs_all
def test_github_action(runner: Runner, tmp_path: Path) -> None:
    """The action installs this source and annotates a bad refund at its line."""
    (tmp_path / "r.json").write_text(refund("19.99"))
    done = runner.step(1, tmp_path, paths="r.json", args=f"--as {US}")
    assert done.status == 1
    assert "::error" in done.out
    assert "line=9" in done.out
