"""Which rules run, where, and how loudly; the user's own rules; where the configuration is found."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, wraps
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

import msgspec

from . import apis, operations
from .errors import ConfigError, Finding, RuleError, Severity
from .ledger import UnreadableError
from .rule import REGISTRY, Rule
from .text import suggest_name

NAMES = ("refundkit.toml", "pyproject.toml")
_LEVELS: tuple[Severity, ...] = ("error", "warning", "off")
_OWN_CODE = re.compile("RF9[0-9]{2}")
_OWN_NAME = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
# The file that a rule of the user's own came from, by the rule's id.
_ORIGINS: dict[str, str] = {}


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a team decides: which rules run, and how severe each is.

    `select` and `ignore` hold ids, names or prefixes of ids (`RF2`); nothing selected means every rule that is not off
    by default. `severity` is pairs of an id or name and error, warning or off; a later pair wins. `files` is pairs of a
    pattern and the operation that such files are for, the first that matches counts; `per_file_ignores` is pairs of a
    pattern and more to ignore there; `exclude` is patterns of files that are not checked. Those three are about files,
    so `check()` has no use for them. `rules` names Python files with rules of your own; they are run, once a process.
    Patterns and files are relative to `folder`. What is wrong or unknown raises ConfigError.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    order: str | None = None
    refunds: str | None = None
    folder: str = ""

    def __post_init__(self) -> None:
        from . import rules

        load_rules(self)
        ignored = [name for _, names in self.per_file_ignores for name in names]
        if self.select or self.ignore or self.severity or ignored:
            rules.load_all()
        for name in (*self.select, *self.ignore, *ignored):
            if not any(_means(name, rule) for rule in REGISTRY.values()):
                raise ConfigError(f"unknown rule {name!r}{_nearest(name)}")
        for name, level in self.severity:
            if not any(_is(name, rule) for rule in REGISTRY.values()):
                raise ConfigError(f"unknown rule {name!r}{_nearest(name)}")
            if level not in _LEVELS:
                raise ConfigError(f"severity {level!r} of {name} is none of error, warning and off")
        for _, operation in self.files:
            if operations.find(operation) is None:
                raise ConfigError(
                    f"files: unknown operation {operation!r}{suggest_name(operation, operations.names())}"
                )
        for pattern in (*self.exclude, *(name for name, _ in (*self.files, *self.per_file_ignores))):
            _pattern(pattern)

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """The configuration of a file: `[tool.refundkit]` of a pyproject.toml, or all of a refundkit.toml.

        Raises ConfigError when the file cannot be read or says something unknown.
        """
        file = Path(path)
        return _parsed(_table(file) or {}, file)


def discover(start: Path) -> Config:
    """The nearest configuration upwards of a folder; the empty one where there is none. Raises ConfigError."""
    for folder in (start, *start.parents):
        for name in NAMES:
            file = folder / name
            if file.is_file():
                table = _table(file)
                if table is not None:
                    return _parsed(table, file)
    return Config()


# Which rules run.


def effective(config: Config, rule: Rule) -> Severity:
    """The severity of a rule under a configuration; "off" when it does not run."""
    level = rule.severity
    if rule.code in _ORIGINS and _ORIGINS[rule.code] not in _rule_files(config.rules, config.folder):
        return "off"
    if config.select:
        if not any(_means(name, rule) for name in config.select):
            return "off"
        if level == "off" and any(_is(name, rule) for name in config.select):
            level = "warning"
    if any(_means(name, rule) for name in config.ignore):
        return "off"
    for name, chosen in config.severity:
        if _is(name, rule):
            level = chosen
    return level


def _is(name: str, rule: Rule) -> bool:
    return name in (rule.code, rule.name)


def _means(name: str, rule: Rule) -> bool:
    return _is(name, rule) or (name.startswith("RF") and rule.code.startswith(name))


def _nearest(name: str) -> str:
    known = [part for rule in REGISTRY.values() for part in (rule.code, rule.name)]
    return suggest_name(name, known)


# Which files: patterns as in a .gitignore.


def excluded(config: Config, file: str) -> bool:
    """Whether `exclude` has a pattern for the file or folder, however it was named; never for standard input."""
    return bool(config.exclude) and file != "-" and any(_matches(config, pattern, file) for pattern in config.exclude)


def operation_of(config: Config, file: str) -> str | None:
    """The operation that `files` names for the file, by the first pattern that matches."""
    return next((name for pattern, name in config.files if _matches(config, pattern, file)), None)


def for_file(config: Config, file: str) -> Config:
    """The configuration with what `per-file-ignores` says of the file among `ignore`."""
    more = tuple(
        name for pattern, names in config.per_file_ignores if _matches(config, pattern, file) for name in names
    )
    return _ignoring(config, more) if more else config


@lru_cache(maxsize=512)
def _ignoring(config: Config, more: tuple[str, ...]) -> Config:
    return msgspec.structs.replace(config, ignore=(*config.ignore, *more))


def _matches(config: Config, pattern: str, file: str) -> bool:
    name = os.path.relpath(file, config.folder or ".").replace(os.sep, "/")
    return _pattern(pattern).match(name) is not None


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """A pattern as a .gitignore has it, for a path with forward slashes. Raises ConfigError.

    Without a slash it is a name at any depth, otherwise a path below the configuration's folder; what names a folder
    stands for all that is in it. `*` and `?` end at a slash, `**` between slashes is any number of folders.
    """
    parts = glob.removeprefix("./").rstrip("/").split("/")
    if not any(parts) or glob.startswith("!") or ".." in parts:
        raise ConfigError(f"{glob!r} is no pattern: write names and paths as in a .gitignore, with no '!' and no '..'")
    if parts[0] == "":
        parts = parts[1:]
    elif len(parts) == 1:
        parts = ["**", *parts]
    inside = r"/.+" if glob.endswith("/") else r"(?:/.*)?"
    text = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += ".+" if last else "(?:[^/]+/)*"
        else:
            text += _one_name(part) + ("" if last else "/")
    try:
        return re.compile(text + inside + r"\Z", re.DOTALL)
    except re.error:
        raise ConfigError(f"{glob!r} is no pattern: a range in its brackets ends before it begins") from None


def _one_name(glob: str) -> str:
    """The regular expression of a name between slashes."""
    text = ""
    for piece in re.findall(r"\[!?\]?[^]]*\]|\*+|.", glob, re.DOTALL):
        if piece[0] == "*":
            text += "[^/]*"
        elif piece == "?":
            text += "[^/]"
        elif piece[0] == "[" and len(piece) > 1:
            inner = piece[1:-1].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            text += f"(?!/)[{'^' + inner[1:] if inner.startswith('!') else inner}]"
        else:
            text += re.escape(piece)
    return text


# Rules of the user's own.


def load_rules(config: Config) -> None:
    """Run the files that `rules` names, each once in this process. Raises ConfigError with the file and the line.

    Making, copying or unpickling a Config has done this already.
    """
    for file in _rule_files(config.rules, config.folder):
        _load(file)


def _rule_files(names: tuple[str, ...], folder: str) -> tuple[str, ...]:
    return tuple(os.path.realpath(Path(folder, name)) for name in names)


@cache
def _load(file: str) -> None:
    """Run a file of rules; what it has registered is taken back where one thing in it is wrong."""
    import sys

    from . import rules

    rules.load_all()
    before = set(REGISTRY)
    module = ModuleType(f"refundkit_rules_{Path(file).stem}")
    module.__file__ = file
    # Whoever asks for a class's annotations finds its module here.
    sys.modules[module.__name__] = module
    try:
        code = compile(Path(file).read_bytes(), file, "exec")
        exec(code, module.__dict__)  # noqa: S102 - the file is the user's own, as an import of it would be
        own = [rule for name, rule in REGISTRY.items() if name not in before]
        for rule in own:
            _judge(rule, file)
    except BaseException as error:
        for name in REGISTRY.keys() - before:
            del REGISTRY[name]
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, ConfigError):
            raise ConfigError(_failure(error, file)) from error
        raise
    for rule in own:
        _ORIGINS[rule.code] = file
        REGISTRY[rule.code] = msgspec.structs.replace(rule, run=_guarded(rule, file))


def _failure(error: BaseException, file: str) -> str:
    """Where in a file of rules an error arose, and what it says."""
    if isinstance(error, OSError) and error.filename == file:
        return f"rules: {file}: {error.strerror}"
    if isinstance(error, SyntaxError) and error.filename == file:
        return f"{file}:{error.lineno}: {error.msg}"
    line = _line(error.__traceback__, file)
    return f"{file}{f':{line}' if line else ''}: {type(error).__name__}: {error}"


def _line(trace: TracebackType | None, file: str) -> int | None:
    """The innermost line of the file that a traceback goes through."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _judge(rule: Rule, file: str) -> None:
    """Raises ConfigError for a rule of the user's own that could never run or be told from ours."""
    place = f"{file}:{rule.run.__code__.co_firstlineno}"
    if not _OWN_CODE.fullmatch(rule.code):
        raise ConfigError(f"{place}: rule {rule.code!r}: rules of your own have ids from RF900 to RF999")
    if not _OWN_NAME.fullmatch(rule.name):
        raise ConfigError(f"{place}: rule {rule.code}: name it in small letters and digits with '-', not {rule.name!r}")
    if rule.severity not in _LEVELS:
        raise ConfigError(f"{place}: rule {rule.code}: severity {rule.severity!r} is none of error, warning and off")
    traits = {trait for name in operations.names() for trait in apis.traits(name)}
    known = (*operations.APIS, *operations.names(), *sorted(traits))
    for name in rule.on:
        if name not in known:
            raise ConfigError(f"{place}: rule {rule.code}: unknown operation {name!r}{suggest_name(name, known)}")
    if not rule.parameters or "value" in rule.parameters:
        raise ConfigError(f"{place}: rule {rule.code} would never run: let it ask for refund, ledger, body, order, …")
    if not rule.title:
        raise ConfigError(f"{place}: rule {rule.code} has no docstring: its first line is the title in every output")


def _guarded(rule: Rule, file: str) -> Callable[..., tuple[Finding, ...]]:
    """The rule, with whatever goes wrong in it told as its own failure."""
    run, own = rule.run, f"rule {rule.code} {rule.name}"

    @wraps(run)
    def guarded(*arguments: Any) -> tuple[Finding, ...]:
        try:
            found = run(*arguments)
            findings = () if found is None else (found,) if isinstance(found, Finding) else tuple(found)
        except UnreadableError:  # the order is odd where the rule looks: it does not run
            raise
        except (Exception, SystemExit) as error:  # a rule must not end the run as if all were well
            # Not its words: they may quote a payload.
            line = _line(error.__traceback__, file)
            raise RuleError(f"{own} raised {type(error).__name__} at {file}:{line}") from error
        if not all(isinstance(one, Finding) for one in findings):
            place = f"{file}:{run.__code__.co_firstlineno}"
            raise RuleError(f"{own} at {place} gives something else than findings: see refundkit.finding()")
        return findings

    return guarded


# The file.


def _table(file: Path) -> dict[str, Any] | None:
    """The configuration in a file; None where a pyproject.toml has none."""
    import tomllib

    try:
        document: Any = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error
    if file.name == "pyproject.toml":
        for name in ("tool", "refundkit"):
            document = document.get(name)
            if document is None:
                return None
            if not isinstance(document, dict):
                raise ConfigError(f"{file}: {name} must be a table")
    table: dict[str, Any] = document
    return table


def _parsed(table: dict[str, Any], file: Path) -> Config:
    known = {field.replace("_", "-") for field in Config.__struct_fields__} - {"folder"}
    for key in sorted(table.keys() - known):
        raise ConfigError(f"{file}: unknown key {key!r}{suggest_name(key, sorted(known))}")
    try:
        return Config(
            select=_texts(table, "select"),
            ignore=_texts(table, "ignore"),
            severity=_pairs(table, "severity"),
            files=_pairs(table, "files"),
            per_file_ignores=_lists(table, "per-file-ignores"),
            exclude=_texts(table, "exclude"),
            rules=_texts(table, "rules"),
            order=_text(table, "order"),
            refunds=_text(table, "refunds"),
            folder=str(file.parent),
        )
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from error


def _texts(table: dict[str, Any], key: str) -> tuple[str, ...]:
    given = table.get(key, [])
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ConfigError(f"{key} must be a list of texts")
    return tuple(given)


def _pairs(table: dict[str, Any], key: str) -> tuple[tuple[str, Any], ...]:
    given = table.get(key, {})
    if not isinstance(given, dict) or not all(isinstance(one, str) for one in given.values()):
        raise ConfigError(f"{key} must be a table of texts")
    return tuple(given.items())


def _lists(table: dict[str, Any], key: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    given = table.get(key, {})
    if not isinstance(given, dict):
        raise ConfigError(f"{key} must be a table of lists of texts")
    if not all(isinstance(one, list) for one in given.values()):
        raise ConfigError(f"{key} must be a table of lists of texts")
    return tuple((pattern, _texts(given, pattern)) for pattern in given)


def _text(table: dict[str, Any], key: str) -> str | None:
    given: Iterable[str] | None = table.get(key)
    if given is not None and not isinstance(given, str):
        raise ConfigError(f"{key} must be a text")
    return given
