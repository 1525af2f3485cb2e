"""Lists of parameters and attributes, in tables or in runs of words, against the places of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .case import Case
from .fields import Field, Fields
from .judge import Judge
from .places import Node, Place, Route, Spot, within, wrapped
from .report import Loose
from .samples import Literal
from .values import compare_shown, compare_values

# The limits that a notation with a place for them would tell.
LIMITS = ("minLength", "maxLength", "minimum", "maximum")


def compare_lists(case: Case) -> None:
    """Hold every field that the page lists against the spec."""
    for fields in case.facts.lists:
        owners = case.owners(fields.section)
        for field in fields.fields:
            _field(case, fields, field, owners)


def compare_bodies(case: Case) -> None:
    """Whether a whole body is an object or a list."""
    for body in case.facts.bodies:
        case.tally.count()
        for owner in case.owners(body.section):
            nodes = owner.successes if body.role == "response" else [owner.body] if owner.body else []
            for node in nodes:
                if node.types == {body.type}:
                    case.tally.agree(body.line, node)
                    continue
                message = (
                    f"the {body.role} of {owner.name} is {body.type} on the page, {_either(node.types)} in the spec"
                )
                case.tally.differ("type", body.line, node.spot("type"), message, f"say `type: {body.type}`")


def _field(case: Case, fields: Fields, field: Field, owners: Sequence[Route]) -> None:
    case.tally.count()
    places = _named(field, [place for one in owners for place in one.places(fields.role, fields.subject)])
    if not places:
        _stray(case, fields, field, owners)
        return
    for place in places:
        case.seen.listed.add(place.node.pointer)
        case.tally.agree(field.line, place.node)
        if place.role in ("request", "response"):
            case.seen.lists.setdefault(place.owner.end, (place.owner, fields.line))
    _read_only(case, fields, field, places)
    _required(case, field, _created(places, owners))
    _types(case, field, places)
    _format(case, fields, field, places)
    _limits(case, fields, field, places)
    compare_values(
        case, field.name, field.values, field.values[0].line if field.values else 0, [place.node for place in places]
    )
    if field.example:
        _example(case, field.example, places)


def _stray(case: Case, fields: Fields, field: Field, owners: Sequence[Route]) -> None:
    """A field that is not where the page has it: elsewhere in the spec, or nowhere."""
    elsewhere = _named(field, [place for one in owners for place in one.places("")])
    case.seen.listed.update(place.node.pointer for place in elsewhere)
    if elsewhere:
        message = f"`{field.name}` stands under {fields.role} on the page, under {elsewhere[0].role} in the spec"
        case.tally.differ("parameter", field.line, elsewhere[0].node.spot(), message, f"move `{field.name}`")
        return
    node = _home(fields.role, owners)
    spot = node.spot("properties") if node else owners[0].part("parameters").spot()
    whose = owners[0].name if len(owners) == 1 else owners[0].spec.api
    message = f"the page has `{field.name}`, {whose} lacks it"
    required = " as required" if field.required and field.required.value is True else ""
    edit = f"add `{field.name}` to {spot.node.name}{required}"
    difference = case.tally.difference("parameter", field.line, spot, message, edit)
    case.tally.stray(Loose(str(fields.line), field.name, node or owners[0].node, difference))


def _read_only(case: Case, fields: Fields, field: Field, places: list[Place]) -> None:
    """A read-only field is one that is not sent, but comes back."""
    if not field.read_only or {"request", "response"} & {place.role for place in places} == set():
        return
    case.tally.count()
    sent = [place for place in places if place.role == "request"]
    if field.read_only.value and sent:
        message, edit = f"`{field.name}` is read-only on the page, and the spec lets it be sent", "remove it"
        _once(case, "read-only", field.read_only.line, [(place.node, message, edit) for place in sent])
    elif not field.read_only.value and not sent and fields.role == "any":
        message = f"`{field.name}` is not read-only on the page, and the spec does not let it be sent"
        edit = "add it to what is sent"
        case.tally.differ("read-only", field.read_only.line, places[0].node.spot(), message, edit)


def _required(case: Case, field: Field, places: list[Place]) -> None:
    said = field.required
    if said is None or not places or (field.read_only and field.read_only.value):
        return
    case.tally.count()
    page = {True: "required", False: "optional"}.get(said.value, f"marked {said.value!r}")
    reported = False
    for place in places:
        if said.value == place.required or (reported and not place.node.marks):
            continue
        here = "required" if place.required else "optional"
        message = f"`{field.name}` is {page} on the page, {here} in {place.owner.name}"
        edit = f"take `{field.name}` out of `required`" if place.required else f"require `{field.name}`"
        spot = Spot(place.node, place.owner.spot("required").line)
        reported |= case.tally.differ("required", said.line, spot, message, edit)


def _types(case: Case, field: Field, places: list[Place]) -> None:
    said = field.types
    if said is None:
        return
    case.tally.count()
    page = _either(said.value)
    differing = [
        (
            place.node,
            f"`{field.name}` is {page} on the page, {_either(place.node.types)} in the spec",
            f"say `type: {page}`",
        )
        for place in places
        if place.role != "credential" and place.node.types not in (frozenset(), said.value)
    ]
    _once(case, "type", said.line, differing, "type")


def _format(case: Case, fields: Fields, field: Field, places: list[Place]) -> None:
    page = field.format.value if field.format else None
    case.tally.count(1 if page else 0)
    edit = f"say `format: {page}` and a pattern for it" if page else "take `format` out"
    differing = []
    for place in places:
        known = place.node.keywords.get("format")
        if page != known and (page or (fields.exact and place.node.paged)):
            message = f"`{field.name}` has {_some('format', page)} on the page, {_some('format', known)} in the spec"
            differing.append((place.node, message, edit))
    _once(case, "format", field.format.line if field.format else field.line, differing, "format")


def _limits(case: Case, fields: Fields, field: Field, places: list[Place]) -> None:
    """Limits on the page; and those of the spec alone, where the page would tell and they are not trivial."""
    limits: dict[str, Any] = {said.value[0]: said.value[1] for said in field.limits}
    line = field.limits[0].line if field.limits else field.line
    case.tally.count(len(limits))
    for keyword in dict.fromkeys([*limits, *(LIMITS if fields.exact else ())]):
        page = limits.get(keyword)
        edit = f"take `{keyword}` out" if page is None else f"say `{keyword}: {page}`"
        differing = []
        for place in places:
            known = place.node.keywords.get(keyword)
            if page != known and (page is not None or (place.node.paged and known not in (0, 1))):
                message = f"`{field.name}` has {_some(keyword, page)} on the page, {_some(keyword, known)} in the spec"
                differing.append((place.node, message, edit))
        _once(case, "limit", line, differing, keyword)


def _once(case: Case, kind: str, line: int, differing: Iterable[tuple[Node, str, str]], keyword: str = "") -> bool:
    """One difference of a fact that several places contradict; every marked place is noted."""
    reported = False
    for node, message, edit in differing:
        if node.marks or not reported:
            reported |= case.tally.differ(kind, line, node.spot(keyword), message, edit)
    return reported


def _example(case: Case, example: Literal, places: list[Place]) -> None:
    for place in places:
        if isinstance(example.value, dict | list):
            case.tally.count()
            Judge(example, case.tally, case.seen, loose=True).hold(place.node, example.value)
        else:
            compare_shown(case, place, str(example.value), example.line)


def _named(field: Field, places: list[Place]) -> list[Place]:
    """The places that bear a field's name; a header's is compared without case."""
    found = []
    for place in places:
        same = place.name == field.name
        if place.role in ("header", "credential"):
            same = place.name.casefold() == field.name.casefold()
        if same and (not field.scheme or place.node.keywords.get("scheme") == field.scheme):
            found.append(place)
    return found


def _created(places: list[Place], owners: Sequence[Route]) -> list[Place]:
    """The places that a mark of required speaks of: what is sent, and to create something where there is a choice."""
    creating = {one.body.end for one in owners if one.body and one.operation.method == "POST"}
    inner = {node.end for one in owners if one.body and one.body.end in creating for _, node in within(one.body)}
    sent = [place for place in places if place.role == "request"]
    created = [place for place in sent if place.owner.end in creating | inner]
    return (created or sent) + [place for place in places if place.role not in ("request", "response")]


def _home(role: str, owners: Sequence[Route]) -> Node | None:
    """The object that a new field of a role would be written in; none for a parameter."""
    bodies = [wrapped(one.body) or one.body for one in owners if one.body and role in ("request", "any")]
    answers = [wrapped(node) or node for one in owners for node in one.successes if role in ("response", "any")]
    return next(iter(bodies + answers), None)


def _either(types: Iterable[str]) -> str:
    return " or ".join(sorted(types, key=lambda name: (name == "null", name)))


def _some(word: str, value: Any) -> str:
    return f"no {word}" if value is None else f"{word} {value}"
