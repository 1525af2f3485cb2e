"""Writes the docs of the rules as one page.

`python -m refundkit.rules.page docs/rules.md` writes it, and `--check` fails if the file is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ..rule import REGISTRY, Rule
from . import covered_operations, load_all

_HEAD = """\
# The rules

What `refundkit rule ID` prints, for every rule. A Bad raises the rule and a Good is clean: each is a change of the good
request that the specs' own examples make; `…/` stands for the first place that ends so, and null takes a value away.
In brackets is the severity; a rule that is off runs when `--select` or `--severity` names it. One that is strict to
send is a warning to a linter and an error to the guard and the ready client, whatever `select` and `ignore` say; only
`severity` with its very name makes it a warning there.

The source is what shows that a rule is right: a documentation page by its name; a schema that the vendor published;
code that was published, with what its authors saw of servers; a live server, which is WooCommerce alone; or our own
judgement about money. We never sent anything to Walmart or TaxCloud.
"""


def text(rule: Rule) -> str:
    """Return the docs of one rule as the terminal, the page and SARIF show them, in Markdown."""
    about = ", ".join(covered_operations(rule)) or "every operation"
    parts = [f"{rule.code} {rule.name} ({_level(rule)})", _space_examples(rule.doc), f"For: {about}"]
    if rule.strict_to_send:
        parts.append("Strict to send: an error to the guard and the ready client, whatever select and ignore say")
    return "\n\n".join([*parts, f"Source: {source_of(rule)}"])


def source_of(rule: Rule) -> str:
    """Return what shows that a rule is right; without anything of the vendor's it is the judgement of its author."""
    return rule.source or ("our own judgement" if is_ours(rule) else "the rule's author")


def _level(rule: Rule) -> str:
    """Return the severity of a rule in words."""
    return f"{rule.severity}, strict to send" if rule.strict_to_send else rule.severity


def _space_examples(doc: str) -> str:
    """Put the empty lines around the examples that Markdown needs."""
    return doc.replace("\nBad:\n", "\nBad:\n\n").replace("\nGood:\n", "\n\nGood:\n\n")


def is_ours(rule: Rule) -> bool:
    """Return whether a rule comes with refundkit, not from a user's file."""
    return rule.run.__module__.startswith("refundkit.")


def page() -> str:
    """Return the page in Markdown: a table of the rules, then a section each with the rule's id as anchor."""
    load_all()
    rules = [REGISTRY[code] for code in sorted(REGISTRY) if is_ours(REGISTRY[code])]
    rows = [f"| [{rule.code}](#{rule.code}) | {rule.name} | {_level(rule)} | {_cell(rule.title)} |" for rule in rules]
    table = "\n".join(["| id | name | severity | |", "|---|---|---|---|", *rows])
    sections = [f'<a id="{rule.code}"></a>\n\n## {text(rule)}' for rule in rules]
    return "\n\n".join([_HEAD.rstrip(), table, *sections]) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def main(arguments: list[str]) -> None:
    """Write the page to a file, or with --check exit with a message if the file differs."""
    files = [argument for argument in arguments if argument != "--check"]
    if len(files) != 1:
        sys.exit("usage: python -m refundkit.rules.page [--check] FILE")
    file = Path(files[0])
    if "--check" not in arguments:
        file.write_text(page(), encoding="utf-8")
    elif not file.exists() or file.read_text("utf-8") != page():
        sys.exit(f"{file} is not what the rules say: run python -m refundkit.rules.page {file}")


if __name__ == "__main__":
    main(sys.argv[1:])
