"""Path, query and header values against the schemas of their parameters, each refusal under its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

from .errors import Finding, finding
from .operations import Operation, Parameter, by_lower_name
from .request import Request
from .text import suggest_name

Place: TypeAlias = Literal["path", "query", "header"]
# What a parameter's schema can refuse a value by, and the rule of it where the spec names none.
_KEYWORD_RULES = {"minLength": "RF106", "enum": "RF104", "pattern": "RF107"}


def refused_values(operation: Operation, place: Place, values: Mapping[str, str], code: str) -> Iterator[Finding]:
    """Find the values that the schemas refuse under one rule; an RF1xx rule where the spec names none."""
    judged = _judged(operation, place, code)
    named = by_lower_name(values) if judged and place == "header" else values
    for key, parameter in judged:
        value = named.get(key)
        keyword = None if value is None else _refusing_keyword(parameter, value)
        if keyword is not None and _rule_of(parameter, keyword) == code:
            yield finding(f"{place}:{parameter.name}", *_words(parameter, keyword, value or ""))


def schema_findings(operation: Operation, request: Request) -> Iterator[tuple[str, Finding]]:
    """Find what the schemas of the parameters refuse without naming a rule of its own."""
    values = {"path": request.path, "query": request.query, "header": request.headers}
    for place, code in _unnamed(operation):
        for each in refused_values(operation, place, values[place] or {}, code):
            yield code, each


@cache
def named_parameters(operation: Operation, place: Place) -> tuple[tuple[str, Parameter], ...]:
    """The parameters of a place, each behind its name as it is looked for: that of a header in lower case."""
    return tuple(
        (parameter.name.lower() if place == "header" else parameter.name, parameter)
        for parameter in operation.parameters(place)
    )


@cache
def _judged(operation: Operation, place: Place, code: str) -> tuple[tuple[str, Parameter], ...]:
    """As named_parameters, only those whose schema can refuse a value under the rule."""
    return tuple(
        (key, parameter)
        for key, parameter in named_parameters(operation, place)
        if any(keyword in parameter.schema and _rule_of(parameter, keyword) == code for keyword in _KEYWORD_RULES)
    )


@cache
def _unnamed(operation: Operation) -> tuple[tuple[Place, str], ...]:
    """The places and RF1xx rules under which the schemas of the parameters can refuse a value."""
    places: tuple[Place, ...] = ("path", "query", "header")
    codes = sorted(set(_KEYWORD_RULES.values()))
    return tuple((place, code) for place in places for code in codes if _judged(operation, place, code))


def _refusing_keyword(parameter: Parameter, value: str) -> str | None:
    """The keyword of the parameter's schema that refuses the value."""
    schema = parameter.schema
    if len(value) < schema.get("minLength", 0):
        return "minLength"
    if "enum" in schema and value not in schema["enum"]:
        return "enum"
    if "pattern" in schema and not _compiled(schema["pattern"]).search(value):
        return "pattern"
    return None


def _rule_of(parameter: Parameter, keyword: str) -> str:
    rule: str = parameter.schema.get("x-rule", {}).get(keyword, _KEYWORD_RULES[keyword])
    return rule


def _words(parameter: Parameter, keyword: str, value: str) -> tuple[str, str]:
    """A message and an advice."""
    name, limit = parameter.name, parameter.schema[keyword]
    if not value:
        return f"{name} is empty", ""
    if keyword == "enum":
        near = suggest_name(value, limit).lstrip("; ")
        return f"{name} is {value!r}", near or f"allowed are {', '.join(limit)}"
    if keyword == "minLength":
        return f"{name} has {len(value)} characters, fewer than {limit}", ""
    return f"{name} is {value!r}, which is not of the form {limit}", ""


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
