"""What the formats for people share: the headline of a finding and the summary of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..errors import Finding
    from . import Run

_COLORS = {"error": "31", "warning": "33", "bold": "1", "faint": "2", "good": "32"}
_WANTS = {
    "order": "the order (--order)",
    "refunds": "the earlier refunds (--refunds)",
    "path": "the path",
    "url": "the URL",
    "query": "the query",
    "headers": "the headers",
    "credentials": "credentials",
    "valid body": "a valid body",
    "valid order": "a valid order",
}


def painted(text: str, style: str, color: bool) -> str:
    """The text in a style, where colour is wanted."""
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if color else text


def printable(text: str) -> str:
    """The text with every control character escaped, so that no value forges a line, a colour or an annotation."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def headline(one: Finding, color: bool) -> str:
    """`file:line:column: severity CODE name: message`; a place outside the file's text is named by its pointer."""
    place = printable(":".join(str(part) for part in (one.file, one.line, one.column) if part is not None))
    where = "" if one.line is not None else f" ({printable(one.pointer)})" if one.pointer else ""
    severity = painted(f"{one.severity} {one.code}", one.severity, color)
    return f"{painted(place, 'bold', color)}: {severity} {one.name}: {printable(one.message)}{where}"


def summary(run: Run, color: bool) -> str:
    """What was checked, what was found, and what could not be looked at."""
    errors, warnings = run.count("error"), run.count("warning")
    style = "error" if errors else "warning" if warnings else "good"
    counts = painted(f"{_many(errors, 'error')}, {_many(warnings, 'warning')}", style, color)
    known = f", {run.suppressed} in the baseline" if run.suppressed else ""
    stale = f", {run.stale} stale there" if run.stale else ""
    text = f"Checked {_many(run.checked, 'payload')} in {_many(run.files, 'file')}: {counts}{known}{stale}."
    return " ".join(part for part in (text, not_run(run)) if part)


def not_run(run: Run) -> str:
    """What could not be looked at, in one line; nothing where everything was."""
    unjudged = sum(run.unjudged.values())
    wants = _wants(run)
    parts = [f"Not judged: {_many(unjudged, 'payload')}."] if unjudged else []
    return " ".join(parts + ([f"Not run: {wants}"] if wants else []))


def _wants(run: Run) -> str:
    codes: dict[str, set[str]] = {}
    for one in run.not_run:
        codes.setdefault(one.missing, set()).update(one.codes)
    wants = [(len(codes[missing]), words) for missing, words in _WANTS.items() if codes.get(missing)]
    if not wants:
        return ""
    first, *rest = [f"{count} {part}" for count, part in wants]
    count, part = first.split(" ", 1)
    words = [f"{count} {'rule wants' if count == '1' else 'rules want'} {part}", *rest]
    return ", ".join(words)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
