"""Checks path, query and header values against the schemas of their parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Literal, TypeAlias

from .errors import Finding, finding
from .operations import Operation, Parameter, by_lower_name
from .request import Request
from .text import suggest_name

ParameterPlace: TypeAlias = Literal["path", "query", "header"]
# The keywords of a parameter's schema that are checked, with the rule that reports them if the spec names none.
_KEYWORD_RULES = {"minLength": "RF106", "enum": "RF104", "pattern": "RF107"}


def refused_values(
    operation: Operation, place: ParameterPlace, values: Mapping[str, str], code: str
) -> Iterator[Finding]:
    """Find the values that the schemas refuse under one rule."""
    parameters = _parameters_of_rule(operation, place, code)
    by_key = by_lower_name(values) if parameters and place == "header" else values
    for key, parameter in parameters:
        value = by_key.get(key)
        keyword = None if value is None else refusing_keyword(parameter, value)
        if keyword is not None and _rule_code(parameter, keyword) == code:
            yield finding(f"{place}:{parameter.name}", *_describe_refusal(parameter, keyword, value or ""))


def schema_findings(operation: Operation, request: Request) -> Iterator[tuple[str, Finding]]:
    """Find the values that the schemas refuse under the general RF1xx rules."""
    values = {"path": request.path, "query": request.query, "header": request.headers}
    for place, code in _schema_rules(operation):
        for refusal in refused_values(operation, place, values[place] or {}, code):
            yield code, refusal


@cache
def parameters_by_key(operation: Operation, place: ParameterPlace) -> tuple[tuple[str, Parameter], ...]:
    """Return the parameters of a place with their keys: the name, in lower case for a header."""
    return tuple(
        (parameter.name.lower() if place == "header" else parameter.name, parameter)
        for parameter in operation.parameters(place)
    )


@cache
def _parameters_of_rule(operation: Operation, place: ParameterPlace, code: str) -> tuple[tuple[str, Parameter], ...]:
    """Return the parameters whose schema can refuse a value under the rule, with their keys."""
    return tuple(
        (key, parameter)
        for key, parameter in parameters_by_key(operation, place)
        if any(keyword in parameter.schema and _rule_code(parameter, keyword) == code for keyword in _KEYWORD_RULES)
    )


@cache
def _schema_rules(operation: Operation) -> tuple[tuple[ParameterPlace, str], ...]:
    """Return the places and general rules under which the schemas can refuse a value."""
    places: tuple[ParameterPlace, ...] = ("path", "query", "header")
    codes = sorted(set(_KEYWORD_RULES.values()))
    return tuple((place, code) for place in places for code in codes if _parameters_of_rule(operation, place, code))


def refusing_keyword(parameter: Parameter, value: str) -> str | None:
    """Return the keyword of the parameter's schema that refuses the value, None if none does."""
    schema = parameter.schema
    if len(value) < schema.get("minLength", 0):
        return "minLength"
    if "enum" in schema and value not in schema["enum"]:
        return "enum"
    if "pattern" in schema and not _compile(schema["pattern"]).search(value):
        return "pattern"
    return None


def _rule_code(parameter: Parameter, keyword: str) -> str:
    rule: str = parameter.schema.get("x-rule", {}).get(keyword, _KEYWORD_RULES[keyword])
    return rule


def _describe_refusal(parameter: Parameter, keyword: str, value: str) -> tuple[str, str]:
    """Return the message and the help for a refused value."""
    name, limit = parameter.name, parameter.schema[keyword]
    if not value:
        return f"{name} is empty", ""
    if keyword == "enum":
        nearest = suggest_name(value, limit).lstrip("; ")
        return f"{name} is {value!r}", nearest or f"allowed are {', '.join(limit)}"
    if keyword == "minLength":
        return f"{name} has {len(value)} characters, fewer than {limit}", ""
    return f"{name} is {value!r}, which is not of the form {limit}", ""


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
