"""--fix and --diff: the fields that the server computes go, and not one other byte does."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from decimal import Decimal
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from commands import SHOP, TAX, US, Cli, asking, command, refund, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from refundkit import Config, operations
from refundkit.lint import fix
from refundkit.lint.fix import find_fix
from refundkit.lint.record import Settings
from refundkit.reading.json import read_json
from refundkit.reading.yaml import read_yaml


def settings_of(operation: str = SHOP, **more: Any) -> Settings:
    """What the command line would say for payloads of an operation."""
    return Settings(config=Config(), operation=operations.get(operation), forced=True, **more)


def fixed(name: str, content: str | bytes, operation: str = SHOP) -> str:
    """The content of a file as --fix would leave it."""
    found = find_fix(write(name, content), settings_of(operation), lambda root: None)
    assert Path(name).read_bytes() == found.before
    return found.after.decode()


# Where a cut goes.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"order_refund": {"amount": "1.00", "id": 5}}', '{"order_refund": {"amount": "1.00"}}'),
        ('{"order_refund": {"id": 5, "amount": "1.00"}}', '{"order_refund": {"amount": "1.00"}}'),
        ('{"order_refund": {"id": 5}}', '{"order_refund": {}}'),
        ('{"order_refund": { "id" : 5 , "amount": "1.00" }}', '{"order_refund": { "amount": "1.00" }}'),
        (
            '{"order_refund": {"amount": "1.00", "id": 5, "reason": "x"}}',
            '{"order_refund": {"amount": "1.00", "reason": "x"}}',
        ),
        (
            '{"order_refund": {\n  "amount": "1.00",\n  "id": 5,\n  "reason": "x"\n}}\n',
            '{"order_refund": {\n  "amount": "1.00",\n  "reason": "x"\n}}\n',
        ),
        (
            '{"order_refund": {\n  "amount": "1.00",\n  "id": 5\n}}\n',
            '{"order_refund": {\n  "amount": "1.00"\n}}\n',
        ),
        (
            '{"order_refund": {\r\n\t"id": 5,\r\n\t"amount": "1.00"\r\n}}\r\n',
            '{"order_refund": {\r\n\t"amount": "1.00"\r\n}}\r\n',
        ),
        (
            '{"order_refund": {\n  "amount": "1.00", "id": 5,\n  "reason": "x"\n}}',
            '{"order_refund": {\n  "amount": "1.00",\n  "reason": "x"\n}}',
        ),
        (
            '{"order_refund": {\n  "id": 5, "amount": "1.00",\n  "reason": "x"\n}}',
            '{"order_refund": {\n  "amount": "1.00",\n  "reason": "x"\n}}',
        ),
        (
            '{"order_refund": {\n    "amount": "1.00"\n  , "id": 5\n  , "reason": "x"\n}}',
            '{"order_refund": {\n    "amount": "1.00"\n  , "reason": "x"\n}}',
        ),
        (
            '{"order_refund": {\n    "amount": "1.00"\n  , "reason": "x"\n  , "id": 5\n}}',
            '{"order_refund": {\n    "amount": "1.00"\n  , "reason": "x"\n}}',
        ),
        (
            '{"order_refund": {"id": 5, "amount": "1.00", "created_at": "x"}}',
            '{"order_refund": {"amount": "1.00"}}',
        ),
        ('{"order_refund": {"amount": 1.000e0, "id": {"a": [1, "}"]}}}', '{"order_refund": {"amount": 1.000e0}}'),
        ('{"order_refund": {"amount": "1.00", "\\u0069d": 5}}', '{"order_refund": {"amount": "1.00"}}'),
        ('\ufeff{"order_refund": {"reason": "é𐀀", "id": 5}}', '\ufeff{"order_refund": {"reason": "é𐀀"}}'),
        ('{"body": {"order_refund": {"amount": "1.00", "id": 5}}}', '{"body": {"order_refund": {"amount": "1.00"}}}'),
        (
            '[{"order_refund": {"amount": "1", "id": 5}},\n {"order_refund": {"amount": "2"}}, {"order_refund": '
            '{"id": 6, "amount": "3"}}]',
            '[{"order_refund": {"amount": "1"}},\n {"order_refund": {"amount": "2"}}, {"order_refund": '
            '{"amount": "3"}}]',
        ),
        (
            '[{"order_refund": {"amount": "1", "id": 5}}, {"order_refund": {"id": 1, "id": 2}}]',
            '[{"order_refund": {"amount": "1"}}, {"order_refund": {"id": 1, "id": 2}}]',
        ),
    ],
)
def test_json(folder: Path, before: str, after: str) -> None:
    """Of JSON a field goes with its comma, and with its line where it has one to itself."""
    assert fixed("r.json", before) == after


def test_lines(folder: Path) -> None:
    """In JSON Lines each line is fixed by itself; broken and blank ones, whatever bytes they hold, stay as they are."""
    lines = [
        b'\xef\xbb\xbf{"order_refund": {"amount": "1", "id": 5}}\r\n',
        b"\r\n",
        b'{"order_refund": {"id": "\xff"}}\n',
        b'  {"order_refund": {"id": 5, "amount": "\xc3\xa9"}}  \n',
        b'{"order_refund": {"amount": "2"}}',
    ]
    write("r.jsonl", b"".join(lines))
    lines[0], lines[3] = lines[0].replace(b', "id": 5', b""), lines[3].replace(b'"id": 5, ', b"")
    assert find_fix("r.jsonl", settings_of(), lambda root: None).after == b"".join(lines)


YAML = [
    ("order_refund:\n  amount: '1.00'\n  id: 5\n", "order_refund:\n  amount: '1.00'\n"),
    ("order_refund:\n  id: 5\n  amount: '1.00'", "order_refund:\n  amount: '1.00'"),
    (
        "order_refund:\n  id: 5 # ours\n\n  # the sum\n  amount: '1.00'\n",
        "order_refund:\n\n  # the sum\n  amount: '1.00'\n",
    ),
    (
        "order_refund:\n  amount: 1.00\n  id:\n    a: 1\n    b: [2,\n 3]\n  reason: x\n",
        "order_refund:\n  amount: 1.00\n  reason: x\n",
    ),
    (
        "order_refund:\n  amount: '1'\n  id: |\n    text\n    more\n  reason: x\n",
        "order_refund:\n  amount: '1'\n  reason: x\n",
    ),
    ("order_refund:\n  amount: '1'\n  id:\n  reason: x\n", "order_refund:\n  amount: '1'\n  reason: x\n"),
    ("order_refund:\n  id: 5\n", "order_refund:\n  {}\n"),
    ("order_refund: {amount: '1.00', id: 5}\n", "order_refund: {amount: '1.00'}\n"),
    ("order_refund: {id: 5, amount: '1.00',}\n", "order_refund: {amount: '1.00',}\n"),
    (
        "order_refund:\r\n  amount: '1'\r\n  id: 5\r\n  reason: x\r\n",
        "order_refund:\r\n  amount: '1'\r\n  reason: x\r\n",
    ),
    (
        "# one\norder_refund:\n  amount: '1'\n  id: 5\n---\n# two\norder_refund:\n  id: 6\n  amount: '2'\n",
        "# one\norder_refund:\n  amount: '1'\n---\n# two\norder_refund:\n  amount: '2'\n",
    ),
    ("- order_refund:\n    amount: '1'\n    id: 5\n", None),
]


@pytest.mark.parametrize(("before", "after"), YAML)
def test_yaml(folder: Path, before: str, after: str | None) -> None:
    """Of YAML a field goes with its lines and the comment at their end; every other comment stays."""
    assert fixed("r.yaml", before) == (before if after is None else after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("items:\n- price: 3\n  itemId: A\n  quantity: 1\n", "items:\n- itemId: A\n  quantity: 1\n"),
        ("items:\n- itemId: A\n  price: 3 # p\n  quantity: 1 # q\n", "items:\n- itemId: A\n  quantity: 1 # q\n"),
        ("items:\n- price: 3\n  tax: 4\n  itemId: A\n  quantity: 1\n", "items:\n- itemId: A\n  quantity: 1\n"),
        ("items:\n-  price: 3\n   itemId: A\n   tax: 4\n   quantity: 1\n", "items:\n-  itemId: A\n   quantity: 1\n"),
        ("totalAmount: 3\nitems:\n- {itemId: A, price: 3, quantity: 1}\n", "items:\n- {itemId: A, quantity: 1}\n"),
    ],
)
def test_yaml_behind_a_dash(folder: Path, before: str, after: str) -> None:
    """What comes next moves up where the field behind a dash goes."""
    assert fixed("r.yaml", before, TAX) == after


@pytest.mark.parametrize(
    "content",
    [
        "items:\n- price: 3 # why\n  itemId: A\n  quantity: 1\n",
        "items:\n- itemId: A\n  price: &p 3\n  quantity: *p\n",
        "items:\n- &a {itemId: A, price: 3, quantity: 1}\n- *a\n",
        "items:\n- {itemId: A, # which\n   price: 3, quantity: 1}\n",
        "items:\n- ? price\n  : 3\n  itemId: A\n  quantity: 1\n",
    ],
)
def test_no_safe_cut(cli: Cli, content: str) -> None:
    """Where a cut could take a comment along or change another value the file is left as it is, and that is said."""
    write("r.yaml", content)
    outcome = cli("check", "--isolated", "--as", TAX, "--fix", "r.yaml")
    assert outcome.status == 1
    assert "RF108" in outcome.out
    assert "r.yaml: fields of RF108 were left where they are: its layout leaves no safe cut" in outcome.err
    assert Path("r.yaml").read_text() == content


def test_key_that_stands_twice_is_left(cli: Cli) -> None:
    """A document that names a key twice is left as it is: nobody knows which of the two counts."""
    content = '{"order_refund": {"amount": "1.00", "id": 5, "id": 6}}'
    outcome = cli("check", "--isolated", "--as", SHOP, "--fix", write("r.json", content))
    assert outcome.status == 1
    assert "left where they are: a key stands twice" in outcome.err
    assert Path("r.json").read_text() == content


# Whatever the layout.

SPACE = st.text(" \t\r\n", max_size=4)
SHORT = st.text(" \t", max_size=2)
LITERALS = st.one_of(
    st.sampled_from(
        ["-0.00", "1.10", "1e2", "-19.990", "9007199254740993.5", '"1.00"', '"-5"', "null", "true", "{}", "[]"]
    ),
    st.text(max_size=5).map(json.dumps),
    st.integers().map(str),
    st.just('{"amount": -1.50, "b": [1, {"}": ","}]}'),
)


class Laid:
    """A text as it is written, with the stretches of it that a fix takes out."""

    def __init__(self, draw: st.DrawFn, space: st.SearchStrategy[str]) -> None:
        self.draw = draw
        self.space = space
        self.text = ""
        self.gone: list[tuple[int, int]] = []

    def mark(self, token: str) -> None:
        """Writes a token, with space before it."""
        self.text += self.draw(self.space) + token

    def members(self, kept: dict[str, Any], server: list[str]) -> None:
        """Writes an object: what is kept, as literals or by functions, among fields of the server."""
        fields = [(name, value, False) for name, value in kept.items()]
        fields += [(name, self.draw(LITERALS), True) for name in server]
        self.mark("{")
        for index, (name, value, goes) in enumerate(self.draw(st.permutations(fields))):
            if index:
                self.mark(",")
            self.text += self.draw(self.space)
            start = len(self.text)
            self.text += json.dumps(name)
            self.mark(":")
            if callable(value):
                value()
            else:
                self.mark(value)
            if goes:
                self.gone.append((start, len(self.text)))
        self.mark("}")


@st.composite
def laid(draw: st.DrawFn, space: st.SearchStrategy[str] = SPACE) -> tuple[str, Laid]:
    """An operation, and a request of it with fields of the server in it, in any layout."""
    text = Laid(draw, space)
    some = st.lists(st.sampled_from(["id", "created_at"]), unique=True)
    money = st.lists(st.sampled_from(["price", "tax", "discountAmount", "tic"]), unique=True)
    if draw(st.booleans()):
        body = {"amount": draw(LITERALS), "reason": draw(LITERALS)}
        kept = {name: value for name, value in body.items() if draw(st.booleans())}
        text.members({"order_refund": lambda: text.members(kept, draw(some))}, [])
        operation = SHOP
    else:

        def items() -> None:
            text.mark("[")
            for index in range(draw(st.integers(1, 3))):
                if index:
                    text.mark(",")
                text.members({"itemId": draw(LITERALS), "quantity": draw(LITERALS)}, draw(money))
            text.mark("]")

        text.members({"items": items}, draw(st.lists(st.sampled_from(["createdDate", "totalTax"]), unique=True)))
        operation = TAX
    text.text += draw(space)
    return operation, text


def without(value: Any, operation: str, level: int = 0) -> Any:
    """The value without what the generator calls fields of the server."""
    if operation == SHOP:
        return {"order_refund": {k: v for k, v in value["order_refund"].items() if k in ("amount", "reason")}}
    items = [{k: v for k, v in item.items() if k in ("itemId", "quantity")} for item in value["items"]]
    return {"items": items}


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same to the last digit and sign."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(is_same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, Decimal):
        return isinstance(other, Decimal) and one.as_tuple() == other.as_tuple()
    return type(one) is type(other) and bool(one == other)


def stays(text: Laid) -> re.Pattern[str]:
    """What a fixed text looks like: all between the fields, to the byte; space and commas beside them may go."""
    pieces, position = [], 0
    for start, end in sorted(text.gone):
        pieces.append(text.text[position:start])
        position = end
    pieces.append(text.text[position:])
    first, last = pieces[0].rstrip(" \t\r\n,"), pieces[-1].lstrip(" \t\r\n,")
    inner = [piece.strip(" \t\r\n,") for piece in pieces[1:-1]]
    return re.compile("[ \t\r\n,]*".join(map(re.escape, [first, *inner, last])))


@settings(database=None, suppress_health_check=list(HealthCheck))
@given(laid())
def test_any_layout(tmp_path_factory: pytest.TempPathFactory, one: tuple[str, Laid]) -> None:
    """Whatever the layout: the fields go, no other value or byte changes, and a second run finds nothing."""
    operation, text = one
    file = tmp_path_factory.getbasetemp() / "laid.json"
    file.write_bytes(text.text.encode("utf-8"))
    found = find_fix(str(file), settings_of(operation), lambda root: None)
    assert found.unfixed == ""
    assert found.fields == len(text.gone)
    if not text.gone:
        assert found.after == found.before
        return
    after = found.after.decode()
    assert is_same(read_json(found.after).value, without(read_json(found.before).value, operation))
    assert stays(text).fullmatch(after), after
    fix.write_fix(found)
    assert file.read_bytes() == found.after
    again = find_fix(str(file), settings_of(operation), lambda root: None)
    assert (again.fields, again.after) == (0, found.after)


@settings(database=None, suppress_health_check=list(HealthCheck))
@given(st.lists(laid(SHORT).filter(lambda one: one[0] == TAX), min_size=1, max_size=4), st.booleans())
def test_any_layout_of_many(
    tmp_path_factory: pytest.TempPathFactory, many: list[tuple[str, Laid]], lines: bool
) -> None:
    """The same holds for JSON Lines and for an array of requests, record by record."""
    file = tmp_path_factory.getbasetemp() / ("laid.jsonl" if lines else "laid.json")
    texts = [text.text for _, text in many]
    file.write_bytes(("\n".join(texts) if lines else "[" + ",\n".join(texts) + "]").encode())
    found = find_fix(str(file), settings_of(TAX), lambda root: None)
    assert found.unfixed == ""
    assert found.fields == sum(len(text.gone) for _, text in many)
    after = found.after.decode()
    values = [read_json(line.encode()).value for line in after.split("\n")] if lines else read_json(found.after).value
    assert is_same(values, [without(read_json(text.encode()).value, TAX) for text in texts])


@st.composite
def blocks(draw: st.DrawFn) -> tuple[str, str, int]:
    """A YAML request in block style with comments, the same without the server's fields, and how many those are."""
    width = draw(st.integers(1, 4))
    pad, gone = " " * width, 0
    kept, dropped = "items:\n", "items:\n"
    for _ in range(draw(st.integers(1, 3))):
        names = [
            "itemId",
            *draw(st.permutations(["quantity", *draw(st.lists(st.sampled_from(["price", "tax"]), unique=True))])),
        ]
        for index, name in enumerate(names):
            note = draw(st.sampled_from(["", f"{pad}  # a note\n", "\n"])) if index else ""
            value = draw(st.sampled_from(["1", "-2.50", "'3'", '"4\\n"', "[5, 6]", "|\n        block", "1e3  # why"]))
            line = f"{pad}{'- ' if index == 0 else '  '}{name}: {value}\n"
            kept += note + line
            dropped += note + ("" if name in ("price", "tax") else line)
            gone += name in ("price", "tax")
    return kept, dropped, gone


@settings(database=None, suppress_health_check=list(HealthCheck))
@given(blocks())
def test_any_block_layout(tmp_path_factory: pytest.TempPathFactory, one: tuple[str, str, int]) -> None:
    """Of YAML in block style just the lines of the fields go, and every comment and empty line of the others stays."""
    before, after, fields = one
    file = tmp_path_factory.getbasetemp() / "laid.yaml"
    file.write_text(before)
    found = find_fix(str(file), settings_of(TAX), lambda root: None)
    if found.unfixed:  # a blank line behind a block scalar would become part of another one
        assert found.after == found.before
        return
    assert (found.after.decode(), found.fields) == (after, fields)
    assert is_same(read_yaml(found.after)[0].value, without(read_yaml(found.before)[0].value, TAX))


# The command.

BAD = '{\n  "order_refund": {\n    "amount": "1.00",\n    "id": 5\n  }\n}\n'
GOOD = '{\n  "order_refund": {\n    "amount": "1.00"\n  }\n}\n'


def test_fix_fixes_and_checks(cli: Cli) -> None:
    """--fix drops the fields, says how many, and checks what is there then."""
    write("a.json", BAD)
    write("b.json", BAD.replace('"1.00"', '"-1.00"'))
    write("c.json", GOOD)
    kept = Path("c.json").stat()
    outcome = cli("check", "--isolated", "--as", SHOP, "--fix", "--output-format", "json", ".")
    assert outcome.status == 1
    assert [one["file"] for one in outcome.document["findings"]] == ["b.json"]
    assert "RF108" not in outcome.codes
    assert outcome.err == "Dropped 2 fields in 2 files\n"
    assert Path("a.json").read_text() == Path("c.json").read_text() == GOOD
    assert Path("c.json").stat() == kept
    assert cli("check", "--isolated", "--as", SHOP, "--fix", "a.json", "--quiet") == (0, "", "")


def test_diff_shows_and_changes_nothing(cli: Cli) -> None:
    """--diff prints a unified diff that git applies, changes nothing, and exits 1 where something would change."""
    write("a.json", BAD)
    write("b.json", GOOD)
    outcome = cli("check", "--isolated", "--as", SHOP, "--diff", "a.json", "b.json")
    assert (outcome.status, outcome.err) == (1, "")
    assert outcome.out == (
        '--- a.json\n+++ a.json\n@@ -1,6 +1,5 @@\n {\n   "order_refund": {\n-    "amount": "1.00",\n'
        '-    "id": 5\n+    "amount": "1.00"\n   }\n }\n'
    )
    assert Path("a.json").read_text() == BAD
    assert cli("check", "--isolated", "--as", SHOP, "--diff", "--fix", "b.json") == (0, "", "")
    assert cli("check", "--isolated", "--as", SHOP, "--diff", "--fix", "a.json").out == outcome.out
    subprocess.run([which("git") or "git", "apply", "-p0"], input=outcome.out.encode(), check=True)
    assert Path("a.json").read_text() == GOOD


def test_diff_of_a_file_without_a_last_newline(cli: Cli) -> None:
    """A diff says where a file has no newline at its end."""
    write("a.json", '{"order_refund": {"amount": "1.00", "id": 5}}')
    outcome = cli("check", "--isolated", "--as", SHOP, "--diff", "a.json")
    assert outcome.out.count("\\ No newline at end of file\n") == 2


def test_only_newlines_end_a_line_of_a_diff(cli: Cli) -> None:
    """A line of a diff is a line of the file, whatever else there is that some call the end of a line."""
    content = '{"order_refund": {\n"reason": "one\u2028two\x85three", "id": 5\n}}\n'
    outcome = cli("check", "--isolated", "--as", SHOP, "--diff", write("a.json", content))
    assert [line[:1] for line in outcome.out.split("\n")] == ["-", "+", "@", " ", "-", "+", " ", ""]


@pytest.mark.parametrize("flag", ["--baseline", "--output-file"])
def test_nothing_is_fixed_where_nothing_can_be_checked(cli: Cli, flag: str) -> None:
    """A file that another flag names and that cannot be used is told before anything is fixed."""
    write("a.json", '{"order_refund": {"amount": "1.00", "id": 5}}')
    assert cli("check", "--isolated", "--as", SHOP, "--fix", "a.json", flag, "missing/x").status == 2
    assert "id" in Path("a.json").read_text()


@pytest.mark.parametrize("flag", ["--fix", "--diff"])
def test_standard_input_is_not_fixed(cli: Cli, flag: str) -> None:
    """There is no place for standard input to be fixed in: exit 2, with nothing changed."""
    write("a.json", BAD)
    outcome = cli("check", "--isolated", "--as", SHOP, flag, "a.json", "-", stdin=BAD.encode())
    assert (outcome.status, outcome.out) == (2, "")
    assert "not on standard input" in outcome.err
    assert Path("a.json").read_text() == BAD


@pytest.mark.parametrize(
    "arguments", [("--ignore", "RF108"), ("--select", "RF2"), ("--severity", "RF108=off"), ("--response", "201")]
)
def test_rule_that_does_not_run_is_not_fixed(cli: Cli, arguments: tuple[str, ...]) -> None:
    """What is not reported is not fixed: an ignored rule, or a response, which the server's fields belong to."""
    write("a.json", BAD)
    cli("check", "--isolated", "--as", SHOP, "--fix", "a.json", *arguments)
    assert Path("a.json").read_text() == BAD


def test_configuration_holds_for_fixes(cli: Cli) -> None:
    """Excluded files are not fixed, nor those that the rule is ignored for; `files` says what they are."""
    write(
        "refundkit.toml",
        f'exclude = ["out"]\nfiles = {{"*.json" = "{SHOP}"}}\nper-file-ignores = {{"old.json" = ["server-field"]}}',
    )
    for name in ("a.json", "old.json", "out/a.json"):
        write(name, BAD)
    cli("check", "--fix", "a.json", "old.json", "out/a.json")
    assert [Path(name).read_text() for name in ("a.json", "old.json", "out/a.json")] == [GOOD, BAD, BAD]


def test_request_is_fixed_by_its_own_operation(cli: Cli) -> None:
    """A request says itself what it is; the same name elsewhere in it, order and earlier refunds included, stays."""
    body = '"body": {"order_refund": {"amount": "1.00", "id": 5}}'
    rest = '"path": {"id": "7"}, "order": {"id": 7, "price": 1}'
    write("r.json", asking(SHOP, f"{body}, {rest}"))
    cli("check", "--isolated", "--fix", "r.json")
    assert Path("r.json").read_text() == asking(SHOP, f'"body": {{"order_refund": {{"amount": "1.00"}}}}, {rest}')


def test_wrong_sign_is_never_fixed(cli: Cli) -> None:
    """A sign, an amount, a quantity: what is wrong with them is for a person to decide."""
    contents = {US: refund("19.99"), SHOP: '{"order_refund": {"amount": "-1.00"}}'}
    contents[TAX] = '{"items": [{"itemId": "A", "quantity": -1}]}'
    for operation, content in contents.items():
        write("r.json", content)
        assert cli("check", "--isolated", "--as", operation, "--fix", "r.json").status == 1
        assert Path("r.json").read_text() == content


def test_mode_and_link_are_kept(cli: Cli) -> None:
    """The file keeps its mode, a link to it stays a link, and nothing is left beside it."""
    write("real/a.json", BAD)
    Path("real/a.json").chmod(0o640)
    Path("a.json").symlink_to("real/a.json")
    assert cli("check", "--isolated", "--as", SHOP, "--fix", "a.json").status == 0
    assert Path("a.json").is_symlink()
    assert Path("real/a.json").read_text() == GOOD
    assert stat.S_IMODE(Path("real/a.json").stat().st_mode) == 0o640
    assert sorted(path.name for path in Path("real").iterdir()) == ["a.json"]


@pytest.mark.parametrize("how", ["written", "replaced", "removed"])
def test_file_that_changed_meanwhile_is_left_alone(cli: Cli, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """A file that changes between reading and writing keeps what the other wrote: exit 2, and the others are fixed."""
    other = BAD.replace("1.00", "2.00")
    without_change = fix._is_faithful

    def changing(*arguments: Any) -> bool:
        agrees = without_change(*arguments)
        if arguments[1][0][0].file == "a.json":
            if how == "written":
                write("a.json", other)
            elif how == "replaced":
                write("new.json", other)
                Path("new.json").replace("a.json")
            else:
                Path("a.json").unlink()
        return agrees

    write("a.json", BAD)
    write("b.json", BAD)
    monkeypatch.setattr(fix, "_is_faithful", changing)
    outcome = cli("check", "--isolated", "--as", SHOP, "--fix", "--allow-empty", "a.json", "b.json")
    assert outcome.status == 2
    assert "a.json: " in outcome.err
    assert Path("b.json").read_text() == GOOD
    assert how == "removed" or Path("a.json").read_text() == other
    assert sorted(path.name for path in Path().iterdir()) == (["b.json"] if how == "removed" else ["a.json", "b.json"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_file_that_must_not_be_written(cli: Cli) -> None:
    """A file without permission to write it is left as it is, though its folder would allow to replace it: exit 2."""
    write("a.json", BAD)
    Path("a.json").chmod(0o444)
    outcome = cli("check", "--isolated", "--as", SHOP, "--fix", "a.json")
    assert outcome.status == 2
    assert "a.json: it cannot be written" in outcome.err
    assert Path("a.json").read_text() == BAD


def test_pipe_is_not_fixed(folder: Path) -> None:
    """What is no regular file is exit 2, and is not waited for."""
    os.mkfifo("pipe.json")
    outcome = command("check", "--isolated", "--as", SHOP, "--fix", "pipe.json")
    assert (outcome.status, outcome.out) == (2, "")
    assert "pipe.json: it is no regular file" in outcome.err
