"""Which rules run, where, and how loudly; where the configuration is found."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from . import operations
from .errors import FAILING, ConfigError, FailOn, Severity, UsageError
from .patterns import compile_pattern
from .rule import PARTS, REGISTRY, Rule
from .text import suggest_name
from .user_rules import LEVELS, is_foreign, load_rules

FORMATS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit")
"""The output formats of the command."""
_FILE_NAMES = ("refundkit.toml", "pyproject.toml")
_TEXTS = (tuple[str, ...], "a list of texts")
_PAIRS = (dict[str, str], "a table of texts")
_LISTS = (dict[str, tuple[str, ...]], "a table of lists of texts")
_TEXT = (str, "a text")
# The keys of a configuration file: the type of each, for msgspec.convert, and the words for it.
_KEYS: dict[str, tuple[Any, str]] = {
    "select": _TEXTS,
    "ignore": _TEXTS,
    "severity": _PAIRS,
    "files": _PAIRS,
    "per-file-ignores": _LISTS,
    "exclude": _TEXTS,
    "rules": _TEXTS,
    "order": _TEXT,
    "refunds": _TEXT,
    "fail-on": (FailOn, "error, warning or never"),
    "output-format": _TEXT,
    "require-context": _TEXTS,
    "baseline": _TEXT,
}


class Config(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """What a team decides: which rules run, and how severe each is.

    `select` and `ignore` hold ids, names or prefixes of ids (`RF2`); nothing selected means every rule that is not off
    by default. `severity` is error, warning or off by id or name; a later one wins. `files` is the operation that files
    are for by their pattern, the first that matches counts; `per_file_ignores` is more to ignore by the pattern;
    `exclude` is patterns of files that are not checked. Those three are about files, so `check()` has no use for them.
    `rules` names Python files with rules of your own; they are run, once a process. `fail_on` says which findings make
    a report not ok: errors, warnings too, or none ("never"). `output_format`, `require_context` and `baseline` are the
    command's flags of these names. Patterns and files are relative to `folder`. Lists, tuples and dicts are taken
    alike, and stored as tuples. What is wrong or unknown raises ConfigError, which names all of it.
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
    fail_on: FailOn = "error"
    output_format: str | None = None
    require_context: tuple[str, ...] = ()
    baseline: str | None = None
    folder: str = ""

    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913 - one for each key of the file
            self,
            *,
            select: Sequence[str] = (),
            ignore: Sequence[str] = (),
            severity: Mapping[str, Severity] | Sequence[tuple[str, Severity]] = (),
            files: Mapping[str, str] | Sequence[tuple[str, str]] = (),
            per_file_ignores: Mapping[str, Sequence[str]] | Sequence[tuple[str, Sequence[str]]] = (),
            exclude: Sequence[str] = (),
            rules: Sequence[str] = (),
            order: str | None = None,
            refunds: str | None = None,
            fail_on: FailOn = "error",
            output_format: str | None = None,
            require_context: Sequence[str] = (),
            baseline: str | None = None,
            folder: str = "",
        ) -> None: ...

    def __post_init__(self) -> None:
        """Run the files of `rules`, then raise ConfigError for all that is wrong."""
        for name in _FIELDS:
            msgspec.structs.force_setattr(self, name, _freeze(name, getattr(self, name)))
        load_rules(self.rules, self.folder)
        problems = [*_find_rule_problems(self), *_find_file_problems(self)]
        if problems:
            raise ConfigError("\n".join(problems))

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """The configuration of a file: `[tool.refundkit]` of a pyproject.toml, or all of a refundkit.toml.

        Raises ConfigError when the file cannot be read or says something unknown.
        """
        if not isinstance(path, str | Path):
            raise ConfigError(f"path is {path!r}: give the path of a pyproject.toml or a refundkit.toml")
        file = Path(path)
        return _convert_table(_read_table(file) or {}, file)


_LISTED = ("select", "ignore", "exclude", "rules", "require_context")
_NAMES, _TABLE = tuple[str, ...], tuple[tuple[str, str], ...]
# The fields that a caller gives: the type of each, and what to give instead of anything else.
_FIELDS: dict[str, tuple[Any, str]] = {
    **dict.fromkeys(
        ("select", "ignore", "exclude", "rules", "require_context"), (_NAMES, 'a list of texts, such as ["RF214"]')
    ),
    "severity": (_TABLE, 'a dict of texts, such as {"RF214": "error"}'),
    "files": (_TABLE, 'a dict of texts, such as {"sent/*.json": "walmart.refund_order_lines"}'),
    "per_file_ignores": (tuple[tuple[str, tuple[str, ...]], ...], 'a dict of lists, such as {"old/*.json": ["RF2"]}'),
    **dict.fromkeys(("order", "refunds", "output_format", "baseline"), (str | None, "a text")),
    "folder": (str, "a text"),
}


def _freeze(name: str, value: Any) -> Any:
    """Return the value of a field with tuples for its lists and dicts. Raises ConfigError for one of another type."""
    kind, words = _FIELDS[name]
    try:
        return msgspec.convert(list(value.items()) if isinstance(value, Mapping) else value, kind)
    except msgspec.ValidationError:
        raise ConfigError(f"{name} is {value!r}: give {words}") from None


def discover_config(start: Path) -> Config:
    """Find the nearest configuration upwards of a folder, or return the empty one. Raises ConfigError."""
    for folder in (start, *start.parents):
        for name in _FILE_NAMES:
            file = folder / name
            if file.is_file():
                table = _read_table(file)
                if table is not None:
                    return _convert_table(table, file)
    return Config()


def _find_rule_problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the names of rules and their severities."""
    ignored = [*config.ignore, *(name for _, names in config.per_file_ignores for name in names)]
    if config.select or ignored or config.severity:
        from . import rules

        rules.load_all()
    for name in (*config.select, *ignored):
        if not any(_is_covered(rule, name) for rule in REGISTRY.values()):
            yield f"unknown rule {name!r}{suggest_rule(name)}"
    for name, level in config.severity:
        if not any(has_name(rule, name) for rule in REGISTRY.values()):
            yield f"unknown rule {name!r}{suggest_rule(name)}"
        if level not in LEVELS:
            yield f"severity {level!r} of {name} is none of error, warning and off"


def _find_file_problems(config: Config) -> Iterator[str]:
    """Yield what is wrong with the patterns of files and the operations for them."""
    if config.fail_on not in FAILING:
        yield f"fail_on is {config.fail_on!r}, which is none of error, warning and never"
    if config.output_format is not None and config.output_format not in FORMATS:
        yield f"output_format is {config.output_format!r}, which is none of {', '.join(FORMATS)}"
    for part in config.require_context:
        if part not in PARTS:
            yield f"require_context: unknown part {part!r}{suggest_name(part, PARTS)} (known are {', '.join(PARTS)})"
    for _, operation in config.files:
        if operations.find(operation) is None:
            yield f"files: unknown operation {operation!r}{operations.suggest(operation)}"
    for pattern in (*config.exclude, *(name for name, _ in (*config.files, *config.per_file_ignores))):
        try:
            compile_pattern(pattern)
        except ConfigError as error:
            yield str(error)


# Which rules run.


def find_severity(config: Config, rule: Rule, *, sends: bool = False) -> Severity:
    """Find the severity of a rule under a configuration; "off" when it does not run.

    To whoever sends, a rule that is strict to send is an error, unless `severity` names it.
    """
    severity = rule.severity
    if is_foreign(rule, config.rules, config.folder):
        return "off"
    if sends and rule.strict_to_send:
        levels = [level for name, level in config.severity if has_name(rule, name)]
        return "warning" if levels and levels[-1] != "error" else "error"
    if config.select:
        if not any(_is_covered(rule, name) for name in config.select):
            return "off"
        if severity == "off" and any(has_name(rule, name) for name in config.select):
            severity = "warning"
    if any(_is_covered(rule, name) for name in config.ignore):
        return "off"
    for name, level in config.severity:
        if has_name(rule, name):
            severity = level
    return severity


def has_name(rule: Rule, name: str) -> bool:
    """Whether this is the rule's id or name, case aside."""
    return name.upper() == rule.code or name.lower() == rule.name


def _is_covered(rule: Rule, name: str) -> bool:
    """Tell whether an id, a name or a prefix of ids (RF2) is about the rule."""
    prefix = name.upper()
    return has_name(rule, name) or (prefix.startswith("RF") and rule.code.startswith(prefix))


def suggest_rule(name: str) -> str:
    """Return `; did you mean 'x'?` with the id or name of the nearest rule, or ""."""
    known = [text for rule in REGISTRY.values() for text in (rule.code, rule.name)]
    return suggest_name(name.upper(), known) or suggest_name(name.lower(), known)


def choose_fail_on(config: Config, fail_on: FailOn | None) -> FailOn:
    """Return what makes a report not ok: the argument, or else the configuration's. Raises ValueError."""
    if fail_on is not None and fail_on not in FAILING:
        raise UsageError(
            f"fail_on is {fail_on!r}{suggest_name(str(fail_on), FAILING)} (known are {', '.join(FAILING)})"
        )
    return fail_on or config.fail_on


# Which files.


def is_excluded(config: Config, file: str) -> bool:
    """Whether `exclude` has a pattern for the file or folder, however it was named; never for standard input."""
    return bool(config.exclude) and file != "-" and any(_is_match(config, pattern, file) for pattern in config.exclude)


def find_operation(config: Config, file: str) -> str | None:
    """Find the operation that `files` names for the file, by the first pattern that matches."""
    return next((name for pattern, name in config.files if _is_match(config, pattern, file)), None)


def config_for_file(config: Config, file: str) -> Config:
    """Return the configuration with the file's `per-file-ignores` added to `ignore`."""
    added = tuple(
        name for pattern, names in config.per_file_ignores if _is_match(config, pattern, file) for name in names
    )
    return _add_ignored(config, added) if added else config


@lru_cache(maxsize=512)
def _add_ignored(config: Config, added: tuple[str, ...]) -> Config:
    return msgspec.structs.replace(config, ignore=(*config.ignore, *added))


def _is_match(config: Config, pattern: str, file: str) -> bool:
    name = os.path.relpath(file, config.folder or ".").replace(os.sep, "/")
    return compile_pattern(pattern).matches(name)


# The configuration's file.


def _read_table(file: Path) -> dict[str, Any] | None:
    """Read the configuration of a file; None where a pyproject.toml has none."""
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


def _convert_table(table: dict[str, Any], file: Path) -> Config:
    """Convert the table of a file. Raises ConfigError, which names every problem with its file.

    Key by key: msgspec stops at the first problem of a whole table, and knows no nearest name of an unknown key.
    """
    values: dict[str, Any] = {}
    problems = []
    for key, value in table.items():
        if key not in _KEYS:
            problems.append(f"unknown key {key!r}{suggest_name(key, sorted(_KEYS))}")
            continue
        kind, words = _KEYS[key]
        try:
            converted = msgspec.convert(value, kind)
        except msgspec.ValidationError:
            problems.append(f"{key} must be {words}")
        else:
            values[key.replace("-", "_")] = tuple(converted.items()) if isinstance(converted, dict) else converted
    try:
        config = Config(**values, folder=str(file.parent))
    except ConfigError as error:
        problems += str(error).splitlines()
    if problems:
        raise ConfigError("\n".join(f"{file}: {problem}" for problem in problems))
    return config
