"""What a rule is, what it finds, and the registry of them.

A rule is one function. Its parameters say what it is about and so what it needs: `charge`, `line` and `item` call it
once for each of the body's; `body`, `ledger`, `path`, `query`, `headers`, `url`, `refunds`, the plurals, once. It runs
when all of them are there; a parameter with a default sharpens the rule but does not gate it. It returns a finding,
several, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import cleandoc
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

Severity: TypeAlias = Literal["error", "warning", "off"]

# What a rule can need, by the name of the missing part in `not_run`.
BODY, PATH, QUERY, HEADERS, URL, ORDER, REFUNDS = (1 << bit for bit in range(7))
PARTS = {"order": ORDER, "refunds": REFUNDS, "path": PATH, "query": QUERY, "headers": HEADERS}
NEEDS = {
    "charge": BODY,
    "line": BODY,
    "item": BODY,
    "charges": BODY,
    "lines": BODY,
    "items": BODY,
    "body": BODY,
    "ledger": BODY | ORDER,
    "path": PATH,
    "query": QUERY,
    "headers": HEADERS,
    "url": URL,
    "order": ORDER,
    "refunds": REFUNDS,
    "given": 0,  # whatever parts there are, raw
    "operation": 0,
    "value": 0,  # a value that the spec refuses: the rule only words the finding
}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, where it is, and what to do.

    `pointer` is an RFC 6901 pointer into the body, or a pointer or name behind `path:`, `query:`, `header:`, `order:`,
    `refunds:` or `request:`. `line` and `column` are 1-based and None where the text is not at hand.
    """

    code: str = ""
    name: str = ""
    severity: Severity = "error"
    message: str
    operation: str = ""
    file: str | None = None
    record: int = 1
    line: int | None = None
    column: int | None = None
    pointer: str
    source: str = ""
    help: str = ""

    def __str__(self) -> str:
        return f"{self.severity} {self.code} {self.name}: {self.message} ({self.pointer or '/'})"


def finding(pointer: str, message: str, help: str = "") -> Finding:  # noqa: A002 - the field's name
    """A finding of the rule that calls this; the checker adds the rule's id, severity and the place in the text."""
    return Finding(pointer=pointer, message=message, help=help)


class Rule(msgspec.Struct, frozen=True):
    """A rule with everything the world may know of it. `on` holds operation names or API names."""

    code: str
    name: str
    severity: Severity
    on: tuple[str, ...]
    source: str
    run: Callable[..., Any]
    asks: tuple[str, ...]
    needs: int
    sharpens: int
    raw: bool

    def covers(self, operation: str) -> bool:
        """Whether the rule is about this operation."""
        return not self.on or operation in self.on or operation.partition(".")[0] in self.on

    @property
    def doc(self) -> str:
        """The text that `refundkit rule` prints: a title, why it hurts, a Bad and a Good."""
        return cleandoc(self.run.__doc__ or "")

    @property
    def title(self) -> str:
        return self.doc.partition("\n")[0]


REGISTRY: dict[str, Rule] = {}
F = TypeVar("F", bound=Callable[..., Any])


def rule(
    code: str,
    name: str,
    *,
    severity: Severity = "error",
    on: Iterable[str] = (),
    source: str = "",
    raw: bool = False,
    forgoes: bool = False,
) -> Callable[[F], F]:
    """Register the function below as a rule.

    `source` names the pages or servers that say so, "" where it is our own judgement; `raw` rules read values as they
    were sent and run whatever the schema says; a rule that `forgoes` what would sharpen it loses nothing worth telling
    when that is missing. Raises ValueError for an id or a name that is taken.
    """

    def register(run: F) -> F:
        if code in REGISTRY or any(known.name == name for known in REGISTRY.values()):
            raise ValueError(f"rule {code} {name} is registered already")
        asks, needs, sharpens = _asks(run)
        gates, sharpeners = needs & ~BODY if raw else needs, 0 if forgoes else sharpens
        REGISTRY[code] = Rule(code, name, severity, tuple(on), source, run, asks, gates, sharpeners, raw)
        return run

    return register


def _asks(run: Callable[..., Any]) -> tuple[tuple[str, ...], int, int]:
    code = run.__code__
    asks = code.co_varnames[: code.co_argcount]
    gates = len(asks) - len(run.__defaults__ or ())
    needs = sharpens = 0
    for position, name in enumerate(asks):
        if name not in NEEDS:
            raise ValueError(f"rule {run.__name__}: a rule cannot ask for {name!r}, only for {', '.join(NEEDS)}")
        if position < gates:
            needs |= NEEDS[name]
        else:
            sharpens |= NEEDS[name]
    return asks, needs, sharpens
