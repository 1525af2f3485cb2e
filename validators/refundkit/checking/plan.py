"""Selects the rules that run for an operation under a configuration, and says what each needs."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from .. import apis, operations, rules
from ..config import Config, find_severity
from ..errors import VALID_BODY, VALID_ORDER, FailOn, NotRun, Report, Severity
from ..ledger import OrderModel
from ..operations import Operation
from ..request import Request
from ..rule import BODY, CACHE_CLEARERS, ORDER, PARTS, REFUNDED_ITEMS, REGISTRY, URL, Rule
from .proof import Proof

# A bit beside those of the parts: an order was given, but not the one of this refund.
INVALID_ORDER = 1 << 16

_PART_BITS = {**PARTS, "url": URL}

rules.load_documents()


class Stage(msgspec.Struct, frozen=True):
    """The rules that can run with a combination of parts, and those that cannot."""

    running: tuple[Rule, ...]
    not_run: tuple[NotRun, ...]


class Plan(msgspec.Struct, frozen=True):
    """The rules of one operation under one configuration; `stages` caches a Stage by the bits of its parts.

    `proof` proves requests fine without them; they all have one of the `clean_reports`.
    """

    operation: Operation
    severities: dict[str, Severity]
    rules: tuple[Rule, ...]
    model: OrderModel
    stages: dict[int, Stage]
    proof: Proof
    clean_reports: dict[tuple[int, FailOn], Report]

    def stage(self, parts: int) -> Stage:
        """Return which rules run if a request has just these parts, and which do not."""
        stage = self.stages.get(parts)
        if stage is None:
            running = tuple(rule for rule in self.rules if not rule.needs & ~parts)
            stage = self.stages[parts] = Stage(running, self._not_run(parts))
        return stage

    def _not_run(self, parts: int) -> tuple[NotRun, ...]:
        """Return the rules that lack a part, grouped by the part."""
        missing: dict[str, list[str]] = {}
        for rule in self.rules:
            for part, bit in (*PARTS.items(), ("refunds", REFUNDED_ITEMS), (VALID_BODY, BODY)):
                if (rule.needs | rule.sharpens) & bit & ~parts:
                    name = VALID_ORDER if bit == ORDER and parts & INVALID_ORDER else part
                    missing.setdefault(name, []).append(rule.code)
        if self.operation.described.body is not None and not parts & BODY:
            missing.setdefault(VALID_BODY, [])
        order = (*PARTS, VALID_BODY, VALID_ORDER)
        return tuple(NotRun(codes=tuple(sorted(missing[part])), missing=part) for part in order if part in missing)


@lru_cache(maxsize=512)
def make_plan(name: str, config: Config, *, sends: bool = False) -> Plan:
    """Return the rules that apply to an operation, by the configuration's select, ignore and severities.

    `sends`: the request is about to be sent, so that rules that are strict to send are errors.
    """
    operation = operations.get(name)
    rules.load(operation.api)
    severities: dict[str, Severity] = {
        rule.code: level for rule in REGISTRY.values() if (level := find_severity(config, rule, sends=sends)) != "off"
    }
    traits = apis.traits(name)
    running = tuple(
        rule
        for rule in REGISTRY.values()
        if rule.code in severities and rule.covers(name, traits) and rule.parameters and "value" not in rule.parameters
        if operation.described.body is not None or not rule.needs & BODY
    )
    return Plan(operation, severities, running, apis.order_model(name), {}, Proof(operation, running), {})


# Otherwise a rule that is added after the first check would never run.
CACHE_CLEARERS.append(make_plan.cache_clear)


def parts_of(request: Request) -> int:
    """Return the bits of the parts that a request has; reading the body sets its bit."""
    return sum(bit for name, bit in _PART_BITS.items() if getattr(request, name) is not None)
