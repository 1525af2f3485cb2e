"""Rules of the user's own: files of Python that a configuration names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import msgspec

from . import apis, operations
from .errors import ConfigError, Finding, RuleError, Severity
from .ledger import UnreadableError
from .rule import REGISTRY, Rule
from .text import suggest_name

LEVELS: tuple[Severity, ...] = ("error", "warning", "off")
_CODE = re.compile("RF9[0-9]{2}")
_NAME = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
# The file of a user's rule, by the rule's id.
_FILES: dict[str, str] = {}


def load_rules(names: tuple[str, ...], folder: str) -> None:
    """Run files of rules, each once in this process. Raises ConfigError with the file and the line."""
    for file in _resolve_files(names, folder):
        _load_file(file)


def is_foreign(rule: Rule, names: tuple[str, ...], folder: str) -> bool:
    """Whether a rule is of a user's file that is none of these."""
    return rule.code in _FILES and _FILES[rule.code] not in _resolve_files(names, folder)


def _resolve_files(names: tuple[str, ...], folder: str) -> tuple[str, ...]:
    return tuple(os.path.realpath(Path(folder, name)) for name in names)


@cache
def _load_file(file: str) -> None:
    """Run a file of rules; if anything in it is wrong, none of its rules stays registered."""
    import sys

    from . import rules

    rules.load_all()
    before = set(REGISTRY)
    module = ModuleType(f"refundkit_rules_{Path(file).stem}")
    module.__file__ = file
    # typing.get_type_hints() looks a class's module up here.
    sys.modules[module.__name__] = module
    try:
        code = compile(Path(file).read_bytes(), file, "exec")
        exec(code, module.__dict__)  # noqa: S102 - the file is the user's own, as an import of it would be
        added = [rule for name, rule in REGISTRY.items() if name not in before]
        for rule in added:
            _verify_rule(rule, file)
    except BaseException as error:
        for name in REGISTRY.keys() - before:
            del REGISTRY[name]
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, ConfigError):
            raise ConfigError(_describe_failure(error, file)) from error
        raise
    for rule in added:
        _FILES[rule.code] = file
        REGISTRY[rule.code] = msgspec.structs.replace(rule, run=_guard_rule(rule, file))


def _describe_failure(error: BaseException, file: str) -> str:
    """Return where in a file of rules an error arose, and its message."""
    if isinstance(error, OSError) and error.filename == file:
        return f"rules: {file}: {error.strerror}"
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{file}:{error.lineno}: {error.msg}"
    line = _find_line(error.__traceback__, file)
    return f"{file}{f':{line}' if line else ''}: {type(error).__name__}: {error}"


def _find_line(trace: TracebackType | None, file: str) -> int | None:
    """Find the innermost line of the file that a traceback goes through."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _verify_rule(rule: Rule, file: str) -> None:
    """Raise ConfigError for a user's rule that could never run, or that looks like one of ours."""
    place = f"{file}:{rule.run.__code__.co_firstlineno}"
    if not _CODE.fullmatch(rule.code):
        raise ConfigError(f"{place}: rule {rule.code!r}: rules of your own have ids from RF900 to RF999")
    if not _NAME.fullmatch(rule.name):
        raise ConfigError(f"{place}: rule {rule.code}: name it in small letters and digits with '-', not {rule.name!r}")
    if rule.severity not in LEVELS:
        raise ConfigError(f"{place}: rule {rule.code}: severity {rule.severity!r} is none of error, warning and off")
    traits = {trait for name in operations.names() for trait in apis.traits(name)}
    targets = (*operations.APIS, *operations.names(), *sorted(traits))
    for name in rule.on:
        if name not in targets:
            nearest = operations.suggest(name) if "." in name else suggest_name(name, targets)
            raise ConfigError(f"{place}: rule {rule.code}: unknown operation {name!r}{nearest}")
    if not rule.parameters or "value" in rule.parameters:
        raise ConfigError(f"{place}: rule {rule.code} would never run: let it ask for refund, ledger, body, order, …")
    if not rule.title:
        raise ConfigError(f"{place}: rule {rule.code} has no docstring: its first line is the title in every output")


def _guard_rule(rule: Rule, file: str) -> Callable[..., tuple[Finding, ...]]:
    """Wrap a rule so that whatever goes wrong in it is a RuleError with its place."""
    run, title = rule.run, f"rule {rule.code} {rule.name}"

    @wraps(run)
    def run_guarded(*arguments: Any) -> tuple[Finding, ...]:
        try:
            result = run(*arguments)
            findings = () if result is None else (result,) if isinstance(result, Finding) else tuple(result)
        except UnreadableError:  # the order is odd where the rule looks: it does not run
            raise
        except (Exception, SystemExit) as error:  # a rule must not end the run as if all were well
            # Without the error's words: they may quote a payload.
            line = _find_line(error.__traceback__, file)
            raise RuleError(f"{title} raised {type(error).__name__} at {file}:{line}") from error
        if not all(isinstance(finding, Finding) for finding in findings):
            place = f"{file}:{run.__code__.co_firstlineno}"
            raise RuleError(f"{title} at {place} gives something else than findings: see refundkit.finding()")
        return findings

    return run_guarded
