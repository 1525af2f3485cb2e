"""The decorator that makes a function a rule, and the registry of rules.

A rule's parameters name what it reads: `refund` (the request as postings), `refunds` (the earlier ones), `ledger` (the
order with all of them), and the parts as they were sent: `body`, `order`, `path`, `query`, `headers`, `url`, `request`.
It runs if all of them are present; a parameter with a default makes the rule more precise but is not required. It
returns a finding, several, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import cleandoc
from typing import Any, TypeVar

import msgspec

from .errors import Severity, UsageError

# The parts of a request as bits, and the names by which `not_run` lists them. An order may tell only the totals of its
# refunds: then REFUNDS is set, and REFUNDED_ITEMS is not.
BODY, PATH, QUERY, HEADERS, URL, ORDER, REFUNDS, REFUNDED_ITEMS = (1 << bit for bit in range(8))
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
    "refunded_items": REFUNDED_ITEMS,
    "request": 0,  # whatever parts there are, raw
    "operation": 0,
    "value": 0,  # a value that the spec refuses: the rule only words the finding
}


class Rule(msgspec.Struct, frozen=True):
    """A registered rule.

    `on` holds names of operations or APIs, or traits that an API declares for its operations; empty means all. `needs`
    are the bits of the parts that the rule requires, `sharpens` those that it is less precise without. One that is
    `strict_to_send` is a warning to a linter and an error to whoever sends.
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
    strict_to_send: bool

    def covers(self, operation: str, traits: frozenset[str] = frozenset()) -> bool:
        """Return whether the rule applies to an operation with these traits."""
        if not self.on:
            return True
        return operation in self.on or operation.partition(".")[0] in self.on or not traits.isdisjoint(self.on)

    @property
    def doc(self) -> str:
        """The text that `refundkit rule` prints: a title, the harm, a bad and a good example."""
        return cleandoc(self.run.__doc__ or "")

    @property
    def title(self) -> str:
        """The first line of `doc`."""
        return self.doc.partition("\n")[0]


REGISTRY: dict[str, Rule] = {}
# Functions that clear a cache made from the registry, such as that of plans; called when a rule is added.
CACHE_CLEARERS: list[Callable[[], None]] = []
F = TypeVar("F", bound=Callable[..., Any])


def rule(  # noqa: PLR0913 - what a rule says of itself, each by its name
    code: str,
    name: str,
    *,
    severity: Severity = "error",
    on: Iterable[str] = (),
    source: str = "",
    raw: bool = False,
    reports_missing: bool = True,
    strict_to_send: bool = False,
) -> Callable[[F], F]:
    """Register the decorated function as a rule.

    `source` names the pages, published schemas or servers that show that it is right, "" if it is a judgement; `raw`
    rules read values as they were sent and run whatever the schema says; with `reports_missing=False` the report does
    not list the rule if a part that would sharpen it is missing; the findings of a `strict_to_send` rule are errors to
    the guard and the ready client, whatever `select` and `ignore` say. Raises ValueError for an id or a name that is
    taken, or an unknown parameter.
    """

    def register(run: F) -> F:
        if code in REGISTRY or any(registered.name == name for registered in REGISTRY.values()):
            raise UsageError(f"rule {code} {name} is registered already")
        parameters, needs, sharpens = _read_parameters(run)
        gates, sharpeners = needs & ~BODY if raw else needs, sharpens if reports_missing else 0
        REGISTRY[code] = Rule(
            code, name, severity, tuple(on), source, run, parameters, gates, sharpeners, raw, strict_to_send
        )
        for clear_cache in CACHE_CLEARERS:
            clear_cache()
        return run

    return register


def _read_parameters(run: Callable[..., Any]) -> tuple[tuple[str, ...], int, int]:
    """Return a function's parameters, and the bits of the parts of those without and with a default."""
    code = run.__code__
    parameters = code.co_varnames[: code.co_argcount]
    gates = len(parameters) - len(run.__defaults__ or ())
    needs = sharpens = 0
    for position, name in enumerate(parameters):
        if name not in PARAMETERS:
            allowed = ", ".join(PARAMETERS)
            raise UsageError(f"rule {run.__name__}: a rule cannot ask for {name!r}, only for {allowed}")
        if position < gates:
            needs |= PARAMETERS[name]
        else:
            sharpens |= PARAMETERS[name]
    return parameters, needs, sharpens
