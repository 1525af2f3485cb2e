"""The command line: help with examples that run, and the completion of arguments."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tomllib

import pytest
import refundkit
from commands import US, Cli, module_paths, write
from refundkit.cli import parser
from story import ROOT, story, text

PAGES = tomllib.loads((ROOT / "validators/refundkit/cli/help.toml").read_text("utf-8"))
COMMANDS = sorted(parser._COMMANDS)
ACTIONS = [f"journal {action}" for action in ("list", "show", "resolve", "forget")]
EXAMPLES = [(name, command) for name, page in PAGES.items() for command, _ in page["examples"]]


def test_bare_command_prints_its_help(cli: Cli) -> None:
    """Without arguments the command shows its help; nothing was checked, so it is no success."""
    found = cli()
    assert (found.status, found.out) == (2, "")
    assert found.err == cli("--help").out
    assert found.err.startswith("usage: refundkit")
    assert all(name in found.err for name in COMMANDS)


@pytest.mark.parametrize(
    "words", [*COMMANDS, *(f"journal {action}" for action in ("list", "show", "resolve", "forget"))]
)
def test_help_ends_with_examples_and_statuses(cli: Cli, words: str) -> None:
    """Each subcommand's help ends with two examples and the exit statuses, and so does that of its actions."""
    found = cli(*words.split(), "--help")
    name = words.partition(" ")[0]
    assert (found.status, found.err) == (0, "")
    examples, statuses = found.out.partition("\nexamples:\n")[2].split("\nexit status:\n")
    assert examples.count(f"  refundkit {name} ") + examples.count(f"  refundkit {name}\n") == 2
    assert [line.split()[0] for line in statuses.splitlines()] == [
        *dict.fromkeys(line[0] for line in PAGES[name]["status"])
    ]
    assert statuses.startswith("  0  ")
    assert "  2  " in statuses


@pytest.mark.parametrize(("name", "line"), [pair for pair in EXAMPLES if "parquet" not in pair[1]])
def test_example_of_the_help_runs(cli: Cli, name: str, line: str) -> None:
    """An example is what somebody may type: in a folder with its files it ends as it should."""
    if name == "audit":
        pytest.importorskip("duckdb")
    good = story(US)
    write("refunds/r.json", text(good))
    write("refund.json", text(good["body"]))
    write("order.json", text(good["order"]))
    write("history.jsonl", text({"time": "2026-01-31T12:00:00Z", **good}) + b"\n")
    write("orders.jsonl", text({"order": good["order"]}) + b"\n")
    refundkit.journal.open("refunds.sqlite").close()
    found = cli(*shlex.split(line)[1:])
    assert (found.status, found.err) == (0, found.err if name == "draft" else "")
    assert found.out or name == "journal"  # which is empty


def test_every_example_is_one_of_the_command() -> None:
    """Every example is one that the parser takes, also those that want files of a kind that no test has at hand."""
    for _, line in EXAMPLES:
        parser.build_parser().parse_args(shlex.split(line)[1:])


def test_start_reads_no_help() -> None:
    """A check reads no help text: that would cost every start."""
    code = (
        "import sys; from refundkit.cli import main; main(['rules'])\n"
        "print([name for name in ('tomllib', 'shtab', 'pathspec') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=module_paths(), cwd="/"
    )
    assert done.stderr == "[]\n"


# Completion.

SCRIPT = """
eval "$(cat completion)"
function=$(complete -p refundkit | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p')
COMP_WORDS=(refundkit "$@"); COMP_CWORD=$#; COMPREPLY=()
"$function" refundkit "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (("ch",), {"check"}),
        (("check", "--output-f"), {"--output-format"}),
        (("check", "--output-format", "s"), {"sarif"}),
        (("check", "--as", "walmart.refund_o"), {US}),
        (("rule", "RF20"), {f"RF20{digit}" for digit in range(1, 10)}),
    ],
)
def test_bash_completes(cli: Cli, words: tuple[str, ...], completed: set[str]) -> None:
    """Bash completes subcommands, flags, their values, operations and rules."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not here")
    found = cli("completion", "bash")
    assert (found.status, found.err) == (0, "")
    write("completion", found.out)
    done = subprocess.run([bash, "-c", SCRIPT, "bash", *words], capture_output=True, text=True, check=True)
    listed = set(done.stdout.split())
    assert completed <= listed
    assert all(word.startswith(words[-1]) for word in listed)


@pytest.mark.parametrize(("shell", "arguments"), [("zsh", ("-n",)), ("fish", ("--no-execute",))])
def test_other_shells_read_their_completion(cli: Cli, shell: str, arguments: tuple[str, ...]) -> None:
    """What zsh and fish get names the flags, and is good syntax where the shell is here to say so."""
    found = cli("completion", shell)
    assert (found.status, found.err) == (0, "")
    assert "stdin-filename" in found.out
    assert US in found.out
    path = shutil.which(shell)
    if path is not None:
        subprocess.run([path, *arguments, write("completion", found.out)], check=True, capture_output=True)


def test_completion_of_an_unknown_shell(cli: Cli) -> None:
    """A shell that has no completion is exit 2, with those that have."""
    found = cli("completion", "csh")
    assert (found.status, found.out) == (2, "")
    assert all(shell in found.err for shell in ("bash", "zsh", "fish"))


def test_help_fits_the_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flags' help is as wide as the terminal."""
    monkeypatch.setenv("COLUMNS", "120")
    flags = cli("check", "--help").out.partition("\nexamples:")[0]
    assert 90 < max(map(len, flags.splitlines())) <= 120
