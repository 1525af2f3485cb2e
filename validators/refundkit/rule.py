"""What a rule is, and the registry of them.

A rule is one function. Its parameters say what it looks at, and so what it needs: `refund` (the request as postings),
`refunds` (the earlier ones), `ledger` (the order with all of them), and the parts as they came: `body`, `order`,
`path`, `query`, `headers`, `url`, `request`. It runs when all of them are there; a parameter with a default sharpens
the rule but does not gate it. It returns a finding, several, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import cleandoc
from typing import Any, TypeVar

import msgspec

from .errors import Severity

# What a rule can need, by the name of the missing part in `not_run`.
BODY, PATH, QUERY, HEADERS, URL, ORDER, REFUNDS = (1 << bit for bit in range(7))
PARTS = {"order": ORDER, "refunds": REFUNDS, "path": PATH, "query": QUERY, "headers": HEADERS}
PARAMETERS = {
    "refund": BODY,
    "body": BODY,
    "ledger": BODY | ORDER,
    "path": PATH,
    "query": QUERY,
    "headers": HEADERS,
    "url": URL,
    "order": ORDER,
    "refunds": REFUNDS,
    "request": 0,  # whatever parts there are, raw
    "operation": 0,
    "value": 0,  # a value that the spec refuses: the rule only words the finding
}


class Rule(msgspec.Struct, frozen=True):
    """A rule with everything the world may know of it.

    `on` holds names of operations or APIs, or traits that an API declares for its operations; empty means all. `needs`
    and `sharpens` are bits of the parts: what gates the rule, and what is told as missing besides.
    """

    code: str
    name: str
    severity: Severity
    on: tuple[str, ...]
    source: str
    run: Callable[..., Any]
    parameters: tuple[str, ...]
    needs: int
    sharpens: int
    raw: bool

    def covers(self, operation: str, traits: frozenset[str] = frozenset()) -> bool:
        """Whether the rule is about an operation, which has these traits."""
        if not self.on:
            return True
        return operation in self.on or operation.partition(".")[0] in self.on or not traits.isdisjoint(self.on)

    @property
    def doc(self) -> str:
        """The text that `refundkit rule` prints: a title, why it hurts, a Bad and a Good."""
        return cleandoc(self.run.__doc__ or "")

    @property
    def title(self) -> str:
        """The first line of its docs."""
        return self.doc.partition("\n")[0]


REGISTRY: dict[str, Rule] = {}
# What forgets something that was made from the registry, such as the plans; called when a rule is added.
FORGETS: list[Callable[[], None]] = []
F = TypeVar("F", bound=Callable[..., Any])


def rule(
    code: str,
    name: str,
    *,
    severity: Severity = "error",
    on: Iterable[str] = (),
    source: str = "",
    raw: bool = False,
    reports_missing: bool = True,
) -> Callable[[F], F]:
    """Register the function below as a rule.

    `source` names the pages or servers that say so, "" where it is our own judgement; `raw` rules read values as they
    were sent and run whatever the schema says; with `reports_missing=False` nothing is told where a part that would
    sharpen the rule is missing. Raises ValueError for an id or a name that is taken, or an unknown parameter.
    """

    def register(run: F) -> F:
        if code in REGISTRY or any(registered.name == name for registered in REGISTRY.values()):
            raise ValueError(f"rule {code} {name} is registered already")
        parameters, needs, sharpens = _read_parameters(run)
        gates, sharpeners = needs & ~BODY if raw else needs, sharpens if reports_missing else 0
        REGISTRY[code] = Rule(code, name, severity, tuple(on), source, run, parameters, gates, sharpeners, raw)
        for forget in FORGETS:
            forget()
        return run

    return register


def _read_parameters(run: Callable[..., Any]) -> tuple[tuple[str, ...], int, int]:
    """A function's parameters, and the parts that those without and with a default stand for."""
    code = run.__code__
    parameters = code.co_varnames[: code.co_argcount]
    gates = len(parameters) - len(run.__defaults__ or ())
    needs = sharpens = 0
    for position, name in enumerate(parameters):
        if name not in PARAMETERS:
            known = ", ".join(PARAMETERS)
            raise ValueError(f"rule {run.__name__}: a rule cannot ask for {name!r}, only for {known}")
        if position < gates:
            needs |= PARAMETERS[name]
        else:
            sharpens |= PARAMETERS[name]
    return parameters, needs, sharpens
