"""The configuration: keys, file patterns, a user's own rules, and errors about wrong names."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import refundkit
from commands import SHOP, TAX, US, Cli, command, flat, refund, write
from refundkit import rules, user_rules
from refundkit.config import Config, config_for_file, find_operation, is_excluded
from refundkit.errors import ConfigError, RuleError
from refundkit.rule import REGISTRY

OWN = '''\
"""Rules of our own."""
from refundkit import finding, rule


@rule("RF901", "currency-not-ours", severity="warning", on=["walmart"])
def currency_not_ours(refund):
    """We refund in Canadian dollars only."""
    for amount in refund.amounts:
        if amount.currency != "CAD":
            pointer = amount.pointer.removesuffix("/amount")
            yield finding(pointer, f"{amount.currency} is not ours", "send CAD")
'''
BODY = '''\
from refundkit import finding, rule


@rule({code!r}, {name!r}, severity="{severity}", on={on!r})
def judge({asks}):
    """{title}"""
    {does}
'''


def rule_file(
    code: str = "RF901",
    name: str = "our-own",
    severity: str = "error",
    on: tuple[str, ...] = (),
    asks: str = "body",
    title: str = "Ours.",
    does: str = 'return finding("", "said")',
) -> str:
    """Write a Python file with one rule, and return its path."""
    return BODY.format(code=code, name=name, severity=severity, on=on, asks=asks, title=title, does=does)


@pytest.fixture(autouse=True)
def fresh_rules() -> Iterator[None]:
    """Rules of the user's own are registered for the process: a test takes its own back."""
    rules.load_all()
    before = dict(REGISTRY)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)
    user_rules._FILES.clear()
    user_rules._load_file.cache_clear()
    import_module("refundkit.checking.plan").make_plan.cache_clear()


def found(cli: Cli, *arguments: str) -> list[tuple[str, str]]:
    """Return the file and id of every finding."""
    outcome = cli("check", "--output-format", "json", *arguments)
    return [(one["file"], one["code"]) for one in outcome.document["findings"]]


# Patterns.


@pytest.mark.parametrize(
    ("pattern", "names", "others"),
    [
        ("*.json", ["a.json", "x/y/a.json", ".json"], ["a.jsonl", "json", "a.json.bak"]),
        ("old", ["old", "x/old", "old/a.json", "x/old/y/a.json"], ["older", "x/gold/a.json"]),
        ("old/", ["old/a.json", "x/old/y/a.json"], ["old", "x/old"]),
        ("/old", ["old", "old/a.json"], ["x/old", "x/old/a.json"]),
        ("x/*.json", ["x/a.json"], ["x/y/a.json", "y/x/a.json", "a.json"]),
        ("./x/*.json", ["x/a.json"], ["y/x/a.json"]),
        ("x/y", ["x/y", "x/y/a.json"], ["y", "z/x/y"]),
        ("x/**", ["x/a.json", "x/y/a.json"], ["x", "a.json"]),
        ("x/**/a.json", ["x/a.json", "x/y/a.json", "x/y/z/a.json"], ["a.json", "x/ya.json"]),
        ("**/a.json", ["a.json", "x/y/a.json"], ["x/ba.json"]),
        ("**", ["a.json", "x/y/a.json"], []),
        ("r?.json", ["r1.json", "x/r2.json"], ["r.json", "r12.json"]),
        ("r[0-3].json", ["r1.json"], ["r4.json", "r.json"]),
        ("r[!0-3].json", ["r4.json"], ["r1.json", "r/.json"]),
        ("r[", ["r["], ["r"]),
        ("a.json", ["a.json"], ["axjson", "a.json\n"]),
        ("*", ["a.json", "x/y/a.json"], []),
    ],
)
def test_patterns(pattern: str, names: list[str], others: list[str]) -> None:
    """A pattern matches as in .gitignore: `*` within a name, `**` across folders, a name at any depth."""
    one = Config(exclude=(pattern,))
    assert [name for name in names if not is_excluded(one, name)] == []
    assert [name for name in others if is_excluded(one, name)] == []


@pytest.mark.parametrize("pattern", ["", "/", "!keep.json", "../other/*.json", "r[z-a].json"])
@pytest.mark.parametrize("key", ["exclude", "files", "per-file-ignores"])
def test_wrong_pattern(cli: Cli, key: str, pattern: str) -> None:
    """A pattern that can never match is exit 2."""
    values = {"exclude": "[{}]", "files": f'{{{{{{}} = "{US}"}}}}', "per-file-ignores": '{{{} = ["RF2"]}}'}
    write("refundkit.toml", f"{key} = {values[key].format(json.dumps(pattern))}")
    outcome = cli("check", write("r.json", refund()))
    assert (outcome.status, outcome.out) == (2, "")
    assert f"{pattern!r} is no pattern" in outcome.err


def test_patterns_are_relative_to_the_configuration(cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patterns are relative to the configuration's folder, wherever the command runs."""
    write("refundkit.toml", f'exclude = ["a/old/*"]\nfiles = {{"a/*.json" = "{US}", "*" = "{SHOP}"}}')
    write("a/r.json", refund("1"))
    write("a/old/r.json", refund("1"))
    assert found(cli, "a") == [("a/r.json", "RF201")]
    monkeypatch.chdir("a")
    assert found(cli, ".") == [("r.json", "RF201")]
    for name in (str(folder / "a/r.json"), "old/../r.json"):
        assert found(cli, name, "old/r.json", "--config", "../refundkit.toml") == [(name, "RF201")]


def test_standard_input_is_never_excluded(cli: Cli) -> None:
    """No pattern of `exclude` matches standard input; `files` may name its operation."""
    write("refundkit.toml", f'exclude = ["*"]\nfiles = {{"*" = "{US}"}}')
    assert cli("check", "-", stdin=refund("1").encode()).status == 1


def test_excludes_hold_in_folders_globs_and_for_explicit_paths(cli: Cli) -> None:
    """Excluded files are never checked, even if they are named; if none is left, that is an error."""
    write("refundkit.toml", f'exclude = ["generated", "*.yaml"]\nfiles = {{"*" = "{US}"}}')
    write("in/a.json", refund("1"))
    write("in/generated/b.json", refund("1"))
    write("in/c.yaml", refund("1"))
    for arguments in (["in"], ["in/**/*.*"], ["in/a.json", "in/generated/b.json", "in/c.yaml"]):
        outcome = cli("check", "--output-format", "json", *arguments)
        assert [one["file"] for one in outcome.document["findings"]] == ["in/a.json"]
        assert outcome.document["summary"]["files"] == 1
    only = cli("check", "in/c.yaml")
    assert (only.status, only.out) == (2, "")
    assert "no payload" in only.err
    assert cli("check", "in/c.yaml", "--allow-empty").status == 0
    assert cli("check", "in/c.yaml", "--isolated", "--as", US).status == 1


def test_first_pattern_of_files_counts(cli: Cli) -> None:
    """The first matching pattern of `files` names the operation."""
    one = Config(files=(("shop/*.json", SHOP), ("shop", TAX), ("*.json", US)))
    names = [find_operation(one, name) for name in ("shop/a.json", "shop/x/a.json", "b.json", "b.xml")]
    assert names == [SHOP, TAX, US, None]


def test_per_file_ignores(cli: Cli) -> None:
    """All matching patterns of `per-file-ignores` add to `ignore`."""
    write(
        "refundkit.toml",
        f'files = {{"*.json" = "{US}"}}\n'
        'per-file-ignores = {"old/*" = ["RF206"], "**/two.json" = ["placeholder-value"]}',
    )
    for name in ("one.json", "two.json", "old/one.json", "old/two.json"):
        write(name, refund("-1.005", line="string"))
    assert found(cli, "one.json", "two.json", "old") == [
        ("one.json", "RF504"),
        ("one.json", "RF206"),
        ("two.json", "RF206"),
        ("old/one.json", "RF504"),
    ]


def test_per_file_ignores_are_one_configuration_each(cli: Cli) -> None:
    """Files with the same ignores share one configuration object."""
    one = Config(per_file_ignores=(("*.json", ("RF206",)),))
    assert config_for_file(one, "a.json") is config_for_file(one, "b.json")
    assert config_for_file(one, "a.xml") is one
    assert config_for_file(one, "a.json").ignore == ("RF206",)


# What is wrong in a configuration.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("exlude = []", "unknown key 'exlude'; did you mean 'exclude'?"),
        ("per_file_ignores = {}", "unknown key 'per_file_ignores'; did you mean 'per-file-ignores'?"),
        ("folder = 'x'", "unknown key 'folder'"),
        ("exclude = 'old'", "exclude must be a list of texts"),
        ("rules = [1]", "rules must be a list of texts"),
        ("per-file-ignores = ['RF201']", "per-file-ignores must be a table of lists"),
        ("per-file-ignores = {'*' = 'RF201'}", "must be a table of lists of texts"),
        ("per-file-ignores = {'*' = ['RF2001']}", "unknown rule 'RF2001'; did you mean 'RF201'?"),
        ("per-file-ignores = {'*' = ['amount-not-negativ']}", "did you mean 'amount-not-negative'?"),
        ("ignore = ['amount-presicion']", "did you mean 'amount-precision'?"),
        ("severity = {RF999 = 'error'}", "unknown rule 'RF999'"),
        ("severity = {RF201 = 'fatal'}", "'fatal' of RF201 is none of error, warning and off"),
        (f"files = {{'no/such/*' = '{US}s'}}", f"unknown operation '{US}s'; did you mean '{US}'?"),
    ],
)
def test_wrong_name_in_a_configuration(cli: Cli, content: str, said: str) -> None:
    """A wrong key, value, rule or operation is exit 2 with the file and a suggestion."""
    write("refundkit.toml", content)
    outcome = cli("check", write("r.json", refund()), "--as", US)
    assert (outcome.status, outcome.out) == (2, "")
    assert "refundkit.toml: " in outcome.err
    assert said in outcome.err


def test_every_mistake_of_a_configuration_is_named(cli: Cli) -> None:
    """All mistakes of a file are reported at once, a line each with the file's name."""
    write(
        "refundkit.toml",
        "exlude = []\nselect = 'RF201'\nignore = ['RF9999']\nseverity = {RF201 = 'fatal'}\norder = 7\n",
    )
    outcome = cli("check", write("r.json", refund()), "--as", US)
    assert (outcome.status, outcome.out) == (2, "")
    lines = outcome.err.removeprefix("refundkit: ").splitlines()
    assert all("refundkit.toml: " in line for line in lines)
    assert [line.partition("refundkit.toml: ")[2].split(";")[0] for line in lines] == [
        "unknown key 'exlude'",
        "select must be a list of texts",
        "order must be a text",
        "unknown rule 'RF9999'",
        "severity 'fatal' of RF201 is none of error, warning and off",
    ]


@pytest.mark.parametrize("content", ["tool = 3", "[tool]\nrefundkit = 3", "[tool]\nrefundkit = ['RF201']"])
def test_table_that_is_none(cli: Cli, content: str) -> None:
    """A pyproject.toml whose tool.refundkit is no table is exit 2."""
    write("pyproject.toml", content)
    outcome = cli("check", write("r.json", refund()), "--as", US)
    assert outcome.status == 2
    assert "must be a table" in outcome.err


def test_empty_table_ends_the_search(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty [tool.refundkit] is a configuration, and parent folders are not searched."""
    write("refundkit.toml", 'ignore = ["RF206"]')
    write("in/pyproject.toml", "[tool.refundkit]\n")
    write("in/r.json", refund("-1.005"))
    monkeypatch.chdir("in")
    assert found(cli, "--as", US, "r.json") == [("r.json", "RF206")]


# --require-context and what stands behind it.


@pytest.mark.parametrize("name", ["r.json", "*.json", "-"])
def test_path_behind_require_context(cli: Cli, name: str) -> None:
    """A path after a bare --require-context is a file to check; order and refunds are required."""
    write("r.json", refund())
    outcome = cli("check", "--as", US, "--output-format", "json", "--require-context", name, stdin=refund().encode())
    assert outcome.document["summary"]["checked"] == 1
    assert outcome.codes == ["RF006"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("ordr", "unknown part 'ordr'; did you mean 'order'?"),
        ("order,refund", "unknown part 'refund'; did you mean 'refunds'?"),
        ("r.json", "unknown part 'r.json'; known are order, refunds, path, query, headers, and there is no such file"),
    ],
)
def test_wrong_part_of_require_context(cli: Cli, given: str, said: str) -> None:
    """A value after --require-context that is neither a part nor a file is exit 2."""
    write("s.json", refund())
    outcome = cli("check", "--as", US, "s.json", "--require-context", given)
    assert outcome.status == 2
    assert said in outcome.err


def test_part_wins_over_a_file_of_its_name(cli: Cli) -> None:
    """A part after --require-context is a part, even if a file has that name."""
    write("order", refund())
    outcome = cli(
        "check", "--as", US, "--output-format", "json", write("r.json", refund()), "--require-context", "order"
    )
    assert outcome.document["summary"]["checked"] == 1


# Rules of the user's own.


def test_own_rule_runs(cli: Cli) -> None:
    """A rule from a file beside the configuration runs with its own severity and pointer."""
    write("team/refundkit.toml", f'rules = ["rules/ours.py"]\nfiles = {{"*" = "{US}"}}')
    write("team/rules/ours.py", OWN)
    write("team/r.json", refund())
    outcome = cli("check", "--config", "team/refundkit.toml", "--output-format", "json", "team/r.json")
    assert outcome.status == 0
    one = outcome.only
    assert (one["code"], one["name"], one["severity"]) == ("RF901", "currency-not-ours", "warning")
    assert (one["line"], one["message"], one["help"]) == (8, "USD is not ours", "send CAD")


def test_own_rule_is_chosen_like_any_other(cli: Cli) -> None:
    """select, ignore, severity and per-file-ignores accept a user's rule by id and by name."""
    write("refundkit.toml", f'rules = ["ours.py"]\nselect = ["RF9"]\nfiles = {{"*" = "{US}"}}')
    write("ours.py", OWN)
    write("r.json", refund("-1.005"))
    assert found(cli, "r.json") == [("r.json", "RF901")]
    assert found(cli, "r.json", "--ignore", "currency-not-ours") == []
    assert cli("check", "r.json", "--severity", "RF901=error").status == 1
    write("refundkit.toml", 'rules = ["ours.py"]\nper-file-ignores = {"r.json" = ["RF901"]}')
    assert found(cli, "--as", US, "r.json") == [("r.json", "RF206")]


def test_own_rule_is_there_in_a_process_of_its_own(folder: Path) -> None:
    """The installed command runs a user's rules; with --isolated it does not."""
    write("refundkit.toml", f'rules = ["ours.py"]\nfiles = {{"*" = "{US}"}}')
    write("ours.py", OWN)
    write("r.json", refund())
    assert "r.json:8:88: warning RF901 currency-not-ours: USD is not ours" in command("check", "r.json").out
    assert "RF901" not in command("check", "--isolated", "--as", US, "r.json").out
    assert not Path("__pycache__").exists()


def test_own_rule_has_docs(cli: Cli) -> None:
    """`refundkit rule` and `refundkit rules` show the configuration's rules."""
    write("refundkit.toml", 'rules = ["ours.py"]')
    write("ours.py", OWN)
    assert "We refund in Canadian dollars only." in cli("rule", "RF901").out
    assert cli("rule", "currency-not-ours").out == cli("rule", "RF901").out
    assert "RF901  warning  currency-not-ours" in cli("rules").out


def test_own_rule_in_the_library(folder: Path) -> None:
    """Config.load loads the rules, which run only in checks with that configuration."""
    write("pyproject.toml", '[tool.refundkit]\nrules = ["ours.py"]')
    write("ours.py", OWN)
    own = Config.load("pyproject.toml")
    assert [one.code for one in refundkit.check(US, refund(), config=own).findings] == ["RF901"]
    assert refundkit.check(US, refund()).findings == ()
    assert pickle.loads(pickle.dumps(own)) == own  # noqa: S301 - our own bytes, as a worker process gets them


def test_own_rules_are_run_once(folder: Path) -> None:
    """A file of rules is executed once per process, however many configurations name it."""
    write("ours.py", f"{rule_file()}\nimport sys\nsys.runs = getattr(sys, 'runs', 0) + 1\n")
    for _ in range(3):
        Config(rules=("ours.py",))
        Config(rules=("./ours.py",), folder=str(folder))
    import sys

    assert sys.__dict__.pop("runs") == 1


RIGHT = rule_file()
WRONG = {
    "no such file": (None, "no/ours.py: No such file or directory"),
    "syntax": ("def (:\n", "ours.py:1: invalid syntax"),
    "null": ("x = 1\0\n", "ours.py"),
    "encoding": (b"x = '\xff'\n", "ours.py"),
    "raises": ("x = 1\n\ny = x / 0\n", "ours.py:3: ZeroDivisionError: division by zero"),
    "import": ("import no_such_module_of_ours\n", "ours.py:1: ModuleNotFoundError"),
    "exits": ("import sys\nsys.exit(0)\n", "ours.py:2: SystemExit"),
    "id of ours": (rule_file("RF201", "other-name"), "ours.py:4: UsageError: rule RF201 other-name is registered"),
    "id out of range": (rule_file("RF801"), "ours.py:4: rule 'RF801': rules of your own have ids from RF900 to RF999"),
    "id too long": (rule_file("RF9000"), "ours.py:4: rule 'RF9000'"),
    "id of others": (rule_file("X901"), "ours.py:4: rule 'X901'"),
    "name of ours": (rule_file(name="amount-precision"), "ours.py:4: UsageError: rule RF901 amount-precision is regi"),
    "name": (rule_file(name="Our Own"), "ours.py:4: rule RF901: name it in small letters"),
    "severity": (rule_file(severity="fatal"), "ours.py:4: rule RF901: severity 'fatal' is none of"),
    "operation": (
        rule_file(on=("walmrt",)),
        "ours.py:4: rule RF901: unknown operation 'walmrt'; did you mean 'walmart'",
    ),
    "asks": (rule_file(asks="order_id"), "ours.py:4: UsageError: rule judge: a rule cannot ask for 'order_id'"),
    "asks for nothing": (rule_file(asks=""), "ours.py:4: rule RF901 would never run"),
    "no docs": (rule_file(title=""), "ours.py:4: rule RF901 has no docstring"),
    "twice": (RIGHT + rule_file(name="two"), "ours.py:11: UsageError: rule RF901 two is registered already"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_file_of_rules(cli: Cli, what: str) -> None:
    """A file of rules that fails to load is exit 2 with file and line, and registers nothing."""
    content, said = WRONG[what]
    name = "no/ours.py" if content is None else write("ours.py", content)
    write("refundkit.toml", f'rules = ["{name}"]')
    for _ in range(2):
        outcome = cli("check", write("r.json", refund()), "--as", US)
        assert (outcome.status, outcome.out) == (2, "")
        assert said in outcome.err
        assert "Traceback" not in outcome.err
        assert outcome.err.count("\n") == 1
    assert not [code for code in REGISTRY if code.startswith(("RF9", "RF8", "X"))]


def test_two_files_of_rules_that_clash(cli: Cli) -> None:
    """Two files that define one id are exit 2 at the second one."""
    write("a.py", rule_file())
    write("b.py", rule_file(name="other"))
    write("refundkit.toml", 'rules = ["a.py", "b.py"]')
    outcome = cli("check", write("r.json", refund()), "--as", US)
    assert outcome.status == 2
    assert "b.py:4: UsageError: rule RF901 other is registered already" in outcome.err


FAILING = {
    "raises": ("return body.no_such_field", "raised AttributeError at {}:7"),
    "raises in a loop": ("yield finding('', 'one'); 1 / 0", "raised ZeroDivisionError at {}:7"),
    "leaves": ("raise SystemExit(0)", "raised SystemExit at {}:7"),
    "gives text": ("return 'wrong'", "at {}:4 gives something else than findings"),
    "gives a number": ("return 7", "raised TypeError"),
}


@pytest.mark.parametrize("what", FAILING)
def test_own_rule_that_fails_while_it_judges(cli: Cli, folder: Path, what: str) -> None:
    """A user's rule that raises is exit 2 with its id and line, and no payload is shown."""
    does, said = FAILING[what]
    write("ours.py", rule_file(does=does))
    write("refundkit.toml", 'rules = ["ours.py"]')
    outcome = cli("check", write("r.json", refund()), "--as", US)
    assert (outcome.status, outcome.out) == (2, "")
    assert "rule RF901 our-own" in outcome.err
    assert said.format(folder / "ours.py") in outcome.err
    assert outcome.err.endswith(", with record 1 of r.json\n")
    assert "defect" not in outcome.err
    with pytest.raises(RuleError, match="RF901"):
        refundkit.check(US, refund(), config=Config.load("refundkit.toml"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_an_own_rule_prints_is_no_output(folder: Path, jobs: str) -> None:
    """What a user's rule prints goes to standard error."""
    write("ours.py", "print('loaded')\n" + rule_file(does="print('judged')"))
    write("refundkit.toml", 'rules = ["ours.py"]')
    outcome = command("check", "--as", US, "--output-format", "json", "--jobs", jobs, write("r.json", refund()))
    assert (outcome.status, outcome.codes) == (0, [])
    assert outcome.err.split()[-1] == "judged"
    listed = command("rules", "--output-format", "json")
    assert json.loads(listed.out)
    assert listed.err == "loaded\n"


@pytest.mark.parametrize(
    ("does", "count"),
    [
        ("return None", 0),
        ("return finding('', 'one')", 1),
        ("return [finding('', 'one'), finding('', 'two')]", 2),
        ("yield from (finding('', str(number)) for number in range(3))", 3),
    ],
)
def test_own_rule_gives_none_one_or_many(folder: Path, does: str, count: int) -> None:
    """A user's rule may return None, a finding or a list of findings, or yield them."""
    write("ours.py", rule_file(does=does))
    assert len(refundkit.check(US, refund(), config=Config(rules=("ours.py",))).findings) == count


@pytest.mark.parametrize("lines", [1, 40])
def test_own_rules_run_in_every_process(folder: Path, lines: int) -> None:
    """With --jobs each process runs the configuration's rules."""
    write("ours.py", OWN)
    write("refundkit.toml", f'rules = ["ours.py"]\nfiles = {{"*" = "{US}"}}')
    write("r.jsonl", "".join(flat(refund()) + "\n" for _ in range(lines)))
    outcome = command("check", "r.jsonl", "--jobs", "2", "--output-format", "json")
    assert outcome.codes == ["RF901"] * lines


def test_wrong_rule_in_the_library() -> None:
    """Config raises for unknown names, without any file."""
    wrong: list[dict[str, Any]] = [
        {"per_file_ignores": (("*", ("RF2001",)),)},
        {"files": (("*", "walmart.refund"),)},
        {"exclude": ("!x",)},
        {"rules": ("no_such.py",)},
    ]
    for keys in wrong:
        with pytest.raises(ConfigError):
            Config(**keys)
