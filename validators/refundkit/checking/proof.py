"""Proves a request fine without looking for faults: one scan of each document, and a few comparisons.

The proof is optional and separate. It knows the schemas, and what an API's screen.py says of the rules; whatever is
unusual it does not know, and then the lane in check.py is walked. It is off where this scanner was not compiled, where
the environment has REFUNDKIT_PROOF=0, and for a plan with a rule that no screen names or that has changed since.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from .. import apis, operations
from ..errors import Finding
from ..operations import Operation, Parameter
from ..parameters import parameters_by_key, refusing_keyword, schema_findings
from ..request import Request
from ..rule import BODY, HEADERS, ORDER, PARTS, PATH, QUERY, REFUNDED_ITEMS, REFUNDS, URL, Rule
from ..rules.identity import PLACEHOLDERS
from ..screen import Context, Place, ProvenHistory, Screen, Tables


def load_scanner(source: Path) -> Any:
    """Return the scanner that was compiled of this source; None where there is none, or an old one."""
    try:
        module = import_module("refundkit._proofscan")
        return module if zlib.crc32(source.read_bytes()) == module.SOURCE else None
    except (ImportError, OSError, AttributeError):
        return None


scanner = load_scanner(Path(__file__).parents[1] / "proofscan.py")

# So many requests of a plan are checked without the proof, whose tables cost as much as hundreds of checks.
_WARM_UP = 64
_NOTHING_BESIDE = Request()
_NO_HISTORY = ProvenHistory(ignores_told=False)
# These rules are called, not restated: they read nothing else.
_ENVELOPE = frozenset({"operation", "request", "path", "query", "headers", "url"})
# A value of an id in a header, and a URL that hides nothing; what the rules say of others is asked.
_PLAIN_ID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLAIN_URL = re.compile("https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]*)*")
# So many different sets of headers are remembered; they hold credentials, and are never shown.
_MOST_HEADERS = 64
# Restated for body and path; called where there is more.
_SAMPLES = "RF504"
_RESTATED = frozenset({"RF501", _SAMPLES, "RF505"})
_MODEL = "RF005"
# Rules of a user's own begin so.
_FOREIGN = "RF9"


def is_on() -> bool:
    """Return whether requests can be proven fine in this process."""
    return scanner is not None and os.environ.get("REFUNDKIT_PROOF") != "0"


def describe_state() -> str:
    """Say whether requests can be proven fine in this process, for `refundkit --version`."""
    if scanner is None:
        return "without the fast proof: no C compiler built it when this was installed"
    return "with the fast proof" if is_on() else "the fast proof is switched off by REFUNDKIT_PROOF=0"


class Proof:
    """Proves requests of one plan fine: those of one operation under the rules that run for it."""

    __slots__ = ("_operation", "_prover", "_rules", "_waiting")

    def __init__(self, operation: Operation, rules: tuple[Rule, ...]) -> None:
        self._operation, self._rules = operation, rules
        self._prover: _Prover | None = None
        self._waiting = _WARM_UP if is_on() else -1

    def prepare(self) -> bool:
        """Make the tables now; return whether there is a proof for these rules."""
        self._prover = _make_prover(self._operation, self._rules) if is_on() else None
        self._waiting = -1
        return self._prover is not None

    def parts_if_fine(self, request: Request, require: Iterable[str] = (), history: ProvenHistory | None = None) -> int:
        """Return the bits of the parts that the lane finds in a request and nothing wrong with; 0 for "don't know".

        A history, of an audit, wants the order.
        """
        try:
            if self._prover is not None:
                return self._prover.parts_if_fine(request, require, history)
            if self._waiting > 0:
                self._waiting -= 1
                if not self._waiting:
                    self.prepare()
        except Exception:  # noqa: S110 - whatever happened proves nothing
            pass
        return 0

    def body_alone(self) -> Callable[[bytes], bool] | None:
        """Return what proves a request of a body alone fine; None where that is not all that is to be looked at."""
        return None if self._prover is None or self._prover.called_for(BODY) else self._prover.make_body_check()


class _Prover(msgspec.Struct, frozen=True):
    """The programs of an operation's documents, and the rules that are called as they are."""

    operation: Operation
    screen: Screen
    body: Any
    order: Any
    refunds: Any
    path: tuple[tuple[str, Parameter], ...]
    called: tuple[Rule, ...]
    called_by_parts: dict[int, tuple[Rule, ...]]
    varying: dict[str, Parameter] | None
    silent_headers: set[tuple[object, ...]]

    def parts_if_fine(self, request: Request, require: Iterable[str] = (), history: ProvenHistory | None = None) -> int:
        if request.body is None or request.is_translated:
            return 0
        body = scanner.scan(self.body, request.body)
        if body is None or not self.screen.fits(request, body):
            return 0
        parts = BODY
        if request.path is not None:
            if not self._is_plain_path(request.path):
                return 0
            parts |= PATH
        if request.order is not None:
            parts |= self._context_if_fine(request, body, history or _NO_HISTORY)
            if not parts & ORDER:
                return 0
        elif request.refunds is not None or history is not None:
            return 0
        if request.headers is not None or request.query is not None or request.url is not None:
            parts |= (request.headers is not None) * HEADERS | (request.query is not None) * QUERY
            parts |= (request.url is not None) * URL
        if self.called_for(parts) and not self._is_silent(request, parts):
            return 0
        for name in require:
            if not parts & PARTS[name]:
                return 0
        if history is not None:
            history.last = body
        return parts

    def make_body_check(self) -> Callable[[bytes], bool]:
        """Return what does the same as `parts_if_fine` for a body alone, with no step in between."""
        scan, program, fits = scanner.scan, self.body, self.screen.fits

        def proves_body(body: bytes) -> bool:
            try:
                tables = scan(program, body)
                return tables is not None and fits(_NOTHING_BESIDE, tables)
            except Exception:  # whatever happened proves nothing
                return False

        return proves_body

    def _is_plain_path(self, path: Mapping[str, str]) -> bool:
        """Return whether the path holds just its parameters, and RF504, RF505 and the schemas accept them."""
        if len(path) != len(self.path):
            return False
        for name, parameter in self.path:
            value = path.get(name)
            if value is None or value in PLACEHOLDERS or " " in value or name in value:
                return False
            if refusing_keyword(parameter, value) is not None:
                return False
        return True

    def _context_if_fine(self, request: Request, body: Tables, history: ProvenHistory) -> int:
        """Return the parts that order and earlier refunds are, 0 where the refund does not surely fit them."""
        scan, refunds = scanner.scan, None
        order = None if self.order is None else scan(self.order, request.order)
        if request.refunds is not None:
            refunds = None if self.refunds is None else scan(self.refunds, request.refunds)
            if refunds is None:
                return 0
        if order is None:
            return 0
        parts = self.screen.fits_order(request, body, Context(order, refunds, history))
        return parts | REFUNDS | REFUNDED_ITEMS if parts and history.ignores_told else parts

    def called_for(self, parts: int) -> tuple[Rule, ...]:
        """Return the rules that are called for a request with these parts."""
        called = self.called_by_parts.get(parts)
        if called is None:
            has_more = parts & (HEADERS | QUERY | URL)
            called = tuple(
                rule for rule in self.called if not rule.needs & ~parts and (has_more or rule.code != _SAMPLES)
            )
            self.called_by_parts[parts] = called
        return called

    def _is_silent(self, request: Request, parts: int) -> bool:
        """Return whether the schemas of the parameters, and the rules that are called, find nothing."""
        headers = self._common_headers(request)
        if headers is None or headers not in self.silent_headers:
            if not self._calls_are_silent(request, parts):
                return False
            if headers is not None:
                if len(self.silent_headers) >= _MOST_HEADERS:
                    self.silent_headers.clear()
                self.silent_headers.add(headers)
        return True

    def _common_headers(self, request: Request) -> tuple[object, ...] | None:
        """Return all that the rules on headers can see; None where they can see more.

        Most requests differ only in ids that the screen names, of which nothing but the form is read, and go to an
        https URL, of which nothing is.
        """
        if self.varying is None or request.headers is None or request.query:
            return None
        if request.url is not None and not _PLAIN_URL.fullmatch(request.url):
            return None
        seen: list[object] = [request.url is None, request.query is None]
        for item in request.headers.items():
            name, value = item
            parameter = self.varying.get(name.lower())
            if parameter is None:
                seen.append(item)
            elif _PLAIN_ID.fullmatch(value) is None or value in PLACEHOLDERS:
                return None
            elif refusing_keyword(parameter, value) is None:
                seen.append(name)
            else:
                return None
        return tuple(seen)

    def _calls_are_silent(self, request: Request, parts: int) -> bool:
        if any(True for _ in schema_findings(self.operation, request)):
            return False
        values: dict[str, Any] = {"operation": self.operation, "request": request, "url": request.url}
        values |= {"path": request.path, "query": request.query, "headers": request.headers}
        for rule in self.called_for(parts):
            result = rule.run(*[values[name] for name in rule.parameters])
            if isinstance(result, Finding) or (result is not None and any(True for _ in result)):
                return False
        return True


def _make_prover(operation: Operation, rules: tuple[Rule, ...]) -> _Prover | None:
    """Return the prover of an operation; None where there is no screen, or it does not cover the rules."""
    screen = find_screen(operation)
    if screen is None or not covers(screen, operation, rules):
        return None
    called = tuple(rule for rule in rules if _is_called(rule) or rule.code == _SAMPLES)
    headers = dict(parameters_by_key(operation, "header"))
    varying = None
    if screen.varying_headers is not None and not any(rule.code.startswith(_FOREIGN) for rule in called):
        varying = {name: headers[name] for name in screen.varying_headers}
    path = parameters_by_key(operation, "path")
    return _Prover(operation, screen, *_programs(operation), path, called, {}, varying, set())


def find_screen(operation: Operation) -> Screen | None:
    """Return the screen that the folder of the API declares for an operation."""
    module = apis.find_module(operation.api, "screen")
    screens: dict[str, Screen] = getattr(module, "SCREENS", {})
    return screens.get(operation.name.partition(".")[2])


def current_digests(operation: Operation, rules: Iterable[Rule]) -> dict[str, str]:
    """Return the digests of the order's model and of the rules that are restated, not called, as they are now.

    Where headers are remembered the rules on them are as good as restated, but for those of a user's own.
    """
    from .digests import digest_of

    screen = find_screen(operation)
    remembers = screen is not None and screen.varying_headers is not None
    restated = [rule for rule in rules if not _is_called(rule) or (remembers and not rule.code.startswith(_FOREIGN))]
    model = {_MODEL: digest_of(type(apis.order_model(operation.name)))}
    return model | {rule.code: digest_of(rule.run) for rule in sorted(restated, key=lambda rule: rule.code)}


def covers(screen: Screen, operation: Operation, rules: Iterable[Rule]) -> bool:
    """Return whether the screen was read beside each of the rules, and the order's model, as they are."""
    digests = current_digests(operation, rules)
    return all(digest and screen.rules.get(code) == digest for code, digest in digests.items())


def _is_called(rule: Rule) -> bool:
    """Return whether the proof calls a rule: it reads only the envelope, and is not one of three that are restated."""
    return rule.code not in _RESTATED and _ENVELOPE.issuperset(rule.parameters)


@cache
def _programs(operation: Operation) -> tuple[Any, Any, Any]:
    """Return the programs of the body, the order and the earlier refunds; None for one that the screen leaves out."""
    from .tables import describe

    def make(schema: dict[str, Any] | None, places: Mapping[str, Place] | None, *, is_body: bool = False) -> Any:
        if schema is None or places is None:
            return None
        return scanner.compile_program(*describe(schema, places, is_body=is_body))

    screen, source = find_screen(operation), operations.order_source(operation)
    if screen is None:
        raise LookupError(operation.name)
    order = None if source is None else source.schema(operations.success(source))
    refunds = operations.refunds_schema(operation)
    return make(operation.schema(), screen.body, is_body=True), make(order, screen.order), make(refunds, screen.refunds)
