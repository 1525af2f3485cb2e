"""The docs of the rules as one page.

`python -m refundkit.rules.page docs/rules.md` writes it, and with `--check` fails where it is not what the rules say.
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
In brackets is the severity; a rule that is off runs when `--select` or `--severity` names it. A source is the page that
says so, `facts` a published schema or a server that was seen to; without a source it is our own judgement.
"""


def text(rule: Rule) -> str:
    """The docs of one rule, as the terminal, the page and SARIF show them; valid as Markdown too."""
    about = ", ".join(covered_operations(rule)) or "every operation"
    parts = [f"{rule.code} {rule.name} ({rule.severity})", _spaced(rule.doc), f"For: {about}"]
    return "\n\n".join([*parts, f"Source: {rule.source}"] if rule.source else parts)


def _spaced(doc: str) -> str:
    """The docstring with an empty line around its examples, which Markdown wants."""
    return doc.replace("\nBad:\n", "\nBad:\n\n").replace("\nGood:\n", "\n\nGood:\n\n")


def is_ours(rule: Rule) -> bool:
    """Whether a rule comes with refundkit, and not from a file of the user."""
    return rule.run.__module__.startswith("refundkit.")


def page() -> str:
    """The whole page in Markdown: a table of the rules, then a section each, whose anchor is the rule's id."""
    load_all()
    known = [REGISTRY[code] for code in sorted(REGISTRY) if is_ours(REGISTRY[code])]
    rows = [f"| [{rule.code}](#{rule.code}) | {rule.name} | {rule.severity} | {_cell(rule.title)} |" for rule in known]
    table = "\n".join(["| id | name | severity | |", "|---|---|---|---|", *rows])
    sections = [f'<a id="{rule.code}"></a>\n\n## {text(rule)}' for rule in known]
    return "\n\n".join([_HEAD.rstrip(), table, *sections]) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


def main(arguments: list[str]) -> None:
    """Write the page to the file that is named, or with --check leave with a message where the file differs."""
    files = [one for one in arguments if one != "--check"]
    if len(files) != 1:
        sys.exit("usage: python -m refundkit.rules.page [--check] FILE")
    file = Path(files[0])
    if "--check" not in arguments:
        file.write_text(page(), encoding="utf-8")
    elif not file.exists() or file.read_text("utf-8") != page():
        sys.exit(f"{file} is not what the rules say: run python -m refundkit.rules.page {file}")


if __name__ == "__main__":
    main(sys.argv[1:])
