"""Options of `refundkit check` -> the settings of its run, for all files and for one."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from .. import operations
from ..config import Config, config_for_file, find_operation, is_excluded
from ..errors import UsageError
from ..lint.paths import STDIN, expand_paths
from ..lint.record import Settings
from ..operations import Operation
from ..rule import PARTS
from ..text import suggest_name
from .arguments import read_config, resolve_path, split_list, split_pair

# The characters that the name of a header may have (RFC 9110).
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FILE_OPTIONS = ("order", "refunds", "config", "output_file", "baseline", "write_baseline", "stdin_filename")
_REQUEST_OPTIONS = ("order", "refunds", "require_context", "batch", "path", "query", "header", "fix", "diff")


def read_settings(options: argparse.Namespace) -> Settings:
    """Read the settings from the options and the configuration. Raises UsageError and ConfigError."""
    for name in _FILE_OPTIONS:
        if getattr(options, name) == "":  # as a variable of the shell is that was never set
            raise UsageError(f"{_flag_of(name)}: it is empty; say which, or leave the flag out")
    config = read_config(options)
    operation = None
    if options.operation is not None:
        try:
            operation = operations.get(options.operation)
        except ValueError as error:
            raise UsageError(f"--as: {error} (`refundkit operations` lists them)") from None
    if options.response is not None:
        _verify_response(options, operation)
    _fill_options(options, config)
    return Settings(
        config=config,
        operation=operation,
        forced=operation is not None,
        response=options.response,
        path=_read_pairs(options.path, "--path"),
        query=_read_pairs(options.query, "--query"),
        headers=_read_headers(options.header),
        require=_read_required_parts(options),
        digests=bool(options.baseline or options.write_baseline),
    )


def _fill_options(options: argparse.Namespace, config: Config) -> None:
    """Fill what no flag says from the configuration."""
    options.output_format = options.output_format or config.output_format
    if options.require_context is None and options.response is None and config.require_context:
        options.require_context = ",".join(config.require_context)
    if config.baseline is not None and options.baseline is options.write_baseline is None:
        options.baseline = resolve_path(config.baseline, config)


def _flag_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _verify_response(options: argparse.Namespace, operation: Operation | None) -> None:
    """Raise UsageError for flags that mean nothing beside --response, and for an unknown status."""
    if operation is None:
        raise UsageError("--response needs --as: which operation answered?")
    for name in _REQUEST_OPTIONS:
        if getattr(options, name):
            raise UsageError(f"{_flag_of(name)} is about requests, and --response checks answers")
    if options.response not in operation.described.responses:
        statuses = ", ".join(operation.described.responses)
        raise UsageError(f"--response {options.response}: {operation.name} answers with {statuses}")


def _read_required_parts(options: argparse.Namespace) -> tuple[str, ...]:
    """Read the parts of --require-context; a path behind it is put among the paths."""
    value = options.require_context
    if value is None:
        return ()
    parts = split_list([value])
    if not parts:
        raise UsageError(f"--require-context: it is empty; known are {', '.join(PARTS)}")
    unknown = next((part for part in parts if part not in PARTS), None)
    if unknown is None:
        return tuple(parts)
    from glob import has_magic

    if value == "-" or Path(value).exists() or has_magic(value):
        options.paths.insert(0, value)
        return ("order", "refunds")
    nearest = suggest_name(unknown, PARTS) or f"; known are {', '.join(PARTS)}, and there is no such file"
    raise UsageError(f"--require-context: unknown part {unknown!r}{nearest}")


def _read_pairs(values: list[str], flag: str) -> dict[str, str] | None:
    pairs: dict[str, str] = {}
    for name, text in (split_pair(value, flag) for value in values):
        if name in pairs:
            raise UsageError(f"{flag}: {name} is given twice")
        pairs[name] = text
    return pairs or None


def _read_headers(values: list[str]) -> dict[str, str] | None:
    names = [split_pair(value, "--header")[0] for value in values]
    if not all(map(_HEADER.fullmatch, names)):
        raise UsageError("--header: write NAME=VALUE, with no colon or space in the name")
    if len({name.lower() for name in names}) < len(set(names)):
        raise UsageError("--header: a name is given twice; case makes no other name")
    return _read_pairs(values, "--header")


def list_files(options: argparse.Namespace, settings: Settings) -> list[str]:
    """List the files that the paths of the arguments stand for, without what is excluded. Raises UsageError."""
    paths = options.paths or [STDIN] * (options.stdin_filename is not None)
    if not paths:
        raise UsageError("nothing to check: name files, folders or patterns, or - for standard input")
    if options.stdin_filename is not None and STDIN not in paths:
        raise UsageError("--stdin-filename is about standard input, and - is not among the paths")
    configs = (settings.config, Config(exclude=tuple(options.exclude)))
    return [
        file
        for file in expand_paths(paths)
        if not is_report(options, file)
        and not any(is_excluded(config, name_of_file(options, file)) for config in configs)
    ]


def name_of_file(options: argparse.Namespace, file: str) -> str:
    """Return the name of a file, for standard input that of --stdin-filename."""
    return options.stdin_filename or file if file == STDIN else file


def is_report(options: argparse.Namespace, file: str) -> bool:
    """Whether a file is this run's report or baseline and no payload; a hook names those as well."""
    reports = [name for name in (options.output_file, options.baseline, options.write_baseline) if name is not None]
    return bool(reports) and os.path.realpath(file) in map(os.path.realpath, reports)


def settings_for_file(settings: Settings, file: str) -> Settings:
    """Return the settings with the configuration's ignores and operation for a file; --as wins."""
    config = config_for_file(settings.config, file)
    name = None if settings.forced else find_operation(config, file)
    if name is None and config is settings.config:
        return settings
    operation = settings.operation if name is None else operations.get(name)
    return msgspec.structs.replace(settings, config=config, operation=operation)


def schema_chooser(settings: Settings) -> Callable[[str], dict[str, Any] | None]:
    """Return a function that chooses the schema to read an XML document by, from its root element."""

    def choose_schema(root: str) -> dict[str, Any] | None:
        operation = settings.operation or _find_xml_operation(root)
        if operation is None:
            return None
        if settings.response is not None:
            return operation.schema(settings.response)
        return operation.schema() if operation.described.body is not None else None

    return choose_schema


def _find_xml_operation(root: str) -> Operation | None:
    from ..lint.document import find_candidates

    return next((operation for operation in find_candidates({root: None}) if operations.takes_xml(operation)), None)
