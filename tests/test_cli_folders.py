"""The command line: what of a folder is checked, and what standard input is."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import CA, SHOP, US, Cli, flat, refund, write, xml_refund

BAD = refund("19.99")


def checked(check: Cli, *arguments: str) -> set[str]:
    """The files in which something is found, of those that are all bad."""
    found = check("--as", US, *arguments)
    files = {one["file"] for one in found.document["findings"]}
    assert found.document["summary"]["files"] == len(files)
    return files


# Folders.


def test_installed_and_hidden_folders_are_left_out(check: Cli) -> None:
    """.git, .venv, node_modules and other hidden folders are left out of folders and patterns, unless one is named."""
    for name in (
        "in/r.json",
        "in/node_modules/p/r.json",
        "in/.venv/r.json",
        "in/.git/r.json",
        "in/a/node_modules/r.json",
    ):
        write(name, BAD)
    assert checked(check, "in") == checked(check, "in/**/*.json") == {"in/r.json"}
    assert checked(check, "in/node_modules") == {"in/node_modules/p/r.json"}
    assert checked(check, "in/.venv/r.json") == {"in/.venv/r.json"}


def test_ignored_files_are_left_out(check: Cli) -> None:
    """What .gitignore says is left out of folders; the nearest file decides, and `!` takes back."""
    write(".gitignore", "# built\nbuild/\n*.log.json\n/in/top.json\n")
    write("in/deep/.gitignore", "!kept.log.json\nmine.json\n")
    for name in (
        "r.json",
        "top.json",
        "build/r.json",
        "x.log.json",
        "deep/kept.log.json",
        "deep/mine.json",
        "deep/top.json",
    ):
        write(f"in/{name}", BAD)
    Path(".git").mkdir()
    assert checked(check, "in") == {"in/r.json", "in/deep/kept.log.json", "in/deep/top.json"}
    assert checked(check, ".") == {"in/r.json", "in/deep/kept.log.json", "in/deep/top.json"}


def test_ignored_file_that_is_named(check: Cli) -> None:
    """What is named, as a file, a pattern or a folder, is checked whatever .gitignore says."""
    write(".gitignore", "build/\n")
    write("build/r.json", BAD)
    Path(".git").mkdir()
    assert (
        checked(check, "build/r.json") == checked(check, "build/*.json") == checked(check, "build") == {"build/r.json"}
    )


def test_files_above_the_repository_say_nothing(check: Cli) -> None:
    """A .gitignore counts up to the root of its repository; without one, in the named folder and below."""
    write(".gitignore", "*.json\n")
    write("team/in/r.json", BAD)
    assert checked(check, "team") == {"team/in/r.json"}
    Path("team/.git").mkdir()
    assert checked(check, "team/in") == {"team/in/r.json"}
    Path(".git").mkdir()
    assert checked(check, "team/in") == {"team/in/r.json"}
    Path("team/.git").rmdir()
    assert check("--as", US, "team/in").status == 2


def test_everything_ignored_is_no_payload(check: Cli) -> None:
    """A folder of which nothing is left is exit 2: a check of nothing is no pass."""
    write("in/.gitignore", "*\n")
    write("in/r.json", BAD)
    found = check("--as", US, "in")
    assert (found.status, found.out) == (2, "")


@pytest.mark.parametrize(
    ("pattern", "left"), [("old", {"in/r.json"}), ("in/*.json", {"in/old/r.json"}), ("r.json", set())]
)
def test_exclude(check: Cli, pattern: str, left: set[str]) -> None:
    """--exclude leaves files out, also those that are named, by patterns as in a .gitignore."""
    write("in/r.json", BAD)
    write("in/old/r.json", BAD)
    assert checked(check, "--allow-empty", "--exclude", pattern, "in") == left
    assert checked(check, "--allow-empty", "--exclude", pattern, "in/r.json", "in/old/r.json") == left


def test_exclude_is_beside_the_configuration_s(cli: Cli) -> None:
    """Patterns of the flag are from where the command runs, those of the configuration from its folder; both hold."""
    write("refundkit.toml", 'exclude = ["/team/a.json"]\n')
    for name in "abcd":
        write(f"team/{name}.json", BAD)
    found = cli("check", "--as", US, "--exclude", "b.json", "--exclude", "/team/c.json", "team")
    assert [line.split(":")[0] for line in found.out.splitlines()[:-1]] == ["team/d.json"]
    wrong = cli("check", "--as", US, "--exclude", "!b.json", "team")
    assert wrong.status == 2
    assert "'!b.json' is no pattern" in wrong.err


# Standard input.


@pytest.mark.parametrize(
    ("name", "text", "operation", "line"),
    [
        ("r.json", BAD, US, 9),
        ("r.jsonl", f"\n{flat(refund())}\n{flat(BAD)}\n", US, 3),
        ("r.ndjson", flat(BAD), US, 1),
        ("r.yaml", "order_refund:\n  amount: -1.00\n", SHOP, 2),
        ("r.yml", "order_refund: {amount: -1.00}", SHOP, 1),
        ("r.xml", xml_refund("19.99"), CA, 4),
        ("noted.txt", BAD, US, 9),
    ],
)
def test_name_of_standard_input(check: Cli, name: str, text: str, operation: str, line: int) -> None:
    """--stdin-filename says the format of standard input by its suffix, and findings bear the name."""
    found = check("--as", operation, "--stdin-filename", f"in/{name}", "-", stdin=text.encode())
    assert found.status == 1
    assert (found.only["file"], found.only["line"]) == (f"in/{name}", line)
    again = check("--as", operation, "--stdin-filename", f"in/{name}", stdin=text.encode())
    assert again.document["findings"] == found.document["findings"]


def test_configuration_matches_the_name_of_standard_input(cli: Cli) -> None:
    """The configuration knows standard input by its name: operation, ignored rules, excludes."""
    write(
        "refundkit.toml",
        f'files = {{"in/*" = "{US}"}}\nexclude = ["out"]\nper-file-ignores = {{"in/old*" = ["RF206"]}}\n',
    )
    odd = refund("-1.005").encode()
    assert "RF206" in cli("check", "--stdin-filename", "in/r.json", "-", stdin=odd).out
    assert "RF206" not in cli("check", "--stdin-filename", "in/old.json", "-", stdin=odd).out
    assert "RF003" in cli("check", "--stdin-filename", "r.json", "-", stdin=odd).out
    assert cli("check", "--stdin-filename", "out/r.json", "-", stdin=odd).status == 2


def test_context_by_the_name_of_standard_input(check: Cli) -> None:
    """{stem} in a pattern of orders is that of the name."""
    found = check("--as", US, "--stdin-filename", "in/7.json", "--order", "orders/{stem}.json", "-", stdin=BAD.encode())
    assert found.status == 2
    assert "orders/7.json" in found.err


def test_name_without_standard_input(check: Cli) -> None:
    """--stdin-filename beside files alone, or empty, is exit 2."""
    write("r.json", refund())
    for arguments in (("--stdin-filename", "r.yaml", "r.json"), ("--stdin-filename", "", "-")):
        found = check("--as", US, *arguments)
        assert (found.status, found.out) == (2, "")
        assert "--stdin-filename" in found.err
