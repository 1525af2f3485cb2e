"""Which rules run, and how loudly; where the configuration is found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from .operations import suggestion
from .rule import REGISTRY, Rule, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

NAMES = ("refundkit.toml", "pyproject.toml")
_LEVELS: tuple[Severity, ...] = ("error", "warning", "off")


class ConfigError(Exception):
    """A configuration that cannot be used; the message says where and what to write instead."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What a team decides: which rules run, and how severe each is.

    `select` and `ignore` hold ids, names or prefixes of ids (`RF2`); nothing selected means every rule that is not off
    by default. `severity` is pairs of an id or name and error, warning or off; a later pair wins. `files` is pairs of a
    glob and the operation that such files are for. Unknown names raise ConfigError.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: tuple[tuple[str, Severity], ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    order: str | None = None
    refunds: str | None = None
    folder: str = ""

    def __post_init__(self) -> None:
        from . import rules

        if self.select or self.ignore or self.severity:
            rules.load_all()
        for name in (*self.select, *self.ignore):
            if not any(_means(name, rule) for rule in REGISTRY.values()):
                raise ConfigError(f"unknown rule {name!r}{_nearest(name)}")
        for name, level in self.severity:
            if not any(_is(name, rule) for rule in REGISTRY.values()):
                raise ConfigError(f"unknown rule {name!r}{_nearest(name)}")
            if level not in _LEVELS:
                raise ConfigError(f"severity {level!r} of {name} is none of error, warning and off")

    @classmethod
    def load(cls, path: str | Path) -> Config:
        """The configuration of a file: `[tool.refundkit]` of a pyproject.toml, or all of a refundkit.toml.

        Raises ConfigError when the file cannot be read or says something unknown.
        """
        file = Path(path)
        return _parsed(_table(file), file)


def discover(start: Path) -> Config:
    """The nearest configuration upwards of a folder; the empty one where there is none. Raises ConfigError."""
    for folder in (start, *start.parents):
        for name in NAMES:
            file = folder / name
            if file.is_file():
                table = _table(file)
                if table or name == "refundkit.toml":
                    return _parsed(table, file)
    return Config()


def effective(config: Config, rule: Rule) -> Severity:
    """The severity of a rule under a configuration; "off" when it does not run."""
    level = rule.severity
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
    return suggestion(name, known)


def _table(file: Path) -> dict[str, Any]:
    import tomllib

    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: {error}") from error
    if file.name == "pyproject.toml":
        document = document.get("tool", {}).get("refundkit", {})
    return document


def _parsed(table: dict[str, Any], file: Path) -> Config:
    known = {"select", "ignore", "severity", "files", "order", "refunds"}
    for key in table.keys() - known:
        raise ConfigError(f"{file}: unknown key {key!r}{suggestion(key, sorted(known))}")
    try:
        return Config(
            select=_texts(table, "select"),
            ignore=_texts(table, "ignore"),
            severity=_pairs(table, "severity"),
            files=_pairs(table, "files"),
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


def _text(table: dict[str, Any], key: str) -> str | None:
    given: Iterable[str] | None = table.get(key)
    if given is not None and not isinstance(given, str):
        raise ConfigError(f"{key} must be a text")
    return given
