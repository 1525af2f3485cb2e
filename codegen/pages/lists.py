"""A page's lists of fields, and the places of the spec -> differences in the case's tally."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .case import PageCase
from .judge import SampleChecker
from .kinds import Field, Fields, LocatedValue
from .places import Node, Route, SpecPlace, Spot, find_wrapped, walk_nodes
from .report import OneSidedField, find_neighbours
from .values import compare_shown, compare_values

# The limits that a notation with a place for them would tell.
LIMITS = ("minLength", "maxLength", "minimum", "maximum")


def compare_lists(case: PageCase) -> None:
    """Compare every field that the page lists with the spec."""
    for fields in case.facts.lists:
        owners = case.owners(fields.section)
        for field in fields.fields:
            _compare_field(case, fields, field, owners)


def compare_bodies(case: PageCase) -> None:
    """Compare the JSON type of each body that the page states with the spec."""
    for body in case.facts.bodies:
        case.tally.count()
        for owner in case.owners(body.section):
            nodes = owner.successes if body.role == "response" else [owner.body] if owner.body else []
            for node in nodes:
                if node.types == {body.type} or (body.role == "response" and body.type in node.types):
                    case.tally.agree("type", body.line, node)
                    continue
                message = (
                    f"the {body.role} of {owner.name} is {body.type} on the page, {_type_names(node.types)} in the spec"
                )
                case.tally.differ("type", body.line, node.spot("type"), message, f"say `type: {body.type}`")


def _compare_field(case: PageCase, fields: Fields, field: Field, owners: Sequence[Route]) -> None:
    case.tally.count()
    places = _find_places_of_field(
        field, [place for owner in owners for place in owner.places(fields.role, fields.subject)]
    )
    if not places:
        _report_stray(case, fields, field, owners)
        return
    for place in places:
        case.mentions.listed.add(place.node.pointer)
        case.tally.agree("parameter", field.line, place.node)
        case.tally.agree("parameter", field.line, place.owner)
        if place.role in ("request", "response"):
            case.mentions.lists.setdefault(place.owner.end, (place.owner, fields.line))
    _compare_read_only(case, fields, field, places)
    _compare_required(case, field, _find_creation_places(places, owners))
    _compare_types(case, field, places)
    _compare_format(case, fields, field, places)
    _compare_limits(case, fields, field, places)
    compare_values(case, field.name, field.values, field.values[0].line if field.values else 0, places)
    if field.example:
        _compare_example(case, field.example, places)


def _report_stray(case: PageCase, fields: Fields, field: Field, owners: Sequence[Route]) -> None:
    """Report a field that the spec has elsewhere, or not at all."""
    elsewhere = _find_places_of_field(field, [place for owner in owners for place in owner.places("")])
    case.mentions.listed.update(place.node.pointer for place in elsewhere)
    if elsewhere:
        message = f"`{field.name}` stands under {fields.role} on the page, under {elsewhere[0].role} in the spec"
        case.tally.differ("parameter", field.line, elsewhere[0].node.spot(), message, f"move `{field.name}`")
        return
    node = _find_home(fields.role, owners)
    spot = node.spot("properties") if node else owners[0].part("parameters").spot()
    owner_name = owners[0].name if len(owners) == 1 else owners[0].spec.api
    message = f"the page has `{field.name}`, {owner_name} lacks it"
    required = " as required" if field.required and field.required.value is True else ""
    edit = f"add `{field.name}` to {spot.node.name}{required}"
    difference = case.tally.difference("parameter", field.line, spot, message, edit)
    neighbours = find_neighbours(field.name, [other.name for other in fields.fields])
    types = field.types.value if field.types else frozenset()
    case.tally.note_stray(
        OneSidedField(str(fields.line), field.name, node or owners[0].node, difference, types, neighbours)
    )


def _compare_read_only(case: PageCase, fields: Fields, field: Field, places: list[SpecPlace]) -> None:
    """Compare whether a field is read-only: part of responses, but not of requests."""
    if not field.read_only or {"request", "response"} & {place.role for place in places} == set():
        return
    case.tally.count()
    sent = [place for place in places if place.role == "request"]
    if field.read_only.value and sent:
        message, edit = f"`{field.name}` is read-only on the page, and the spec lets it be sent", "remove it"
        _report_once(case, "read-only", field.read_only.line, [(place.node, message, edit) for place in sent])
    elif not field.read_only.value and not sent and _marks_are_whole(case, fields):
        message = f"`{field.name}` is not read-only on the page, and the spec does not let it be sent"
        edit = "add it to what is sent, or mark it x-page-differs"
        case.tally.differ("read-only", field.read_only.line, places[0].node.spot(), message, edit)


def _marks_are_whole(case: PageCase, fields: Fields) -> bool:
    """True if a list marks what only answers have: some of it is sent, and few that are not sent have no mark."""
    sent = {
        place.name
        for owner in case.owners(fields.section)
        for place in owner.places(fields.role, fields.subject)
        if place.role == "request"
    }
    names = {field.name for field in fields.fields}
    marked = {field.name for field in fields.fields if field.read_only and field.read_only.value}
    return fields.role == "any" and bool(names & sent) and len(names - sent - marked) <= len(marked - sent)


def _compare_required(case: PageCase, field: Field, places: list[SpecPlace]) -> None:
    mark = field.required
    if mark is None or not places or (field.read_only and field.read_only.value):
        return
    case.tally.count()
    page_state = {True: "required", False: "optional"}.get(mark.value, f"marked {mark.value!r}")
    reported = False
    for place in places:
        if mark.value == place.required or (reported and not place.node.marks):
            case.tally.agree("required", mark.line, place.node)
            continue
        spec_state = "required" if place.required else "optional"
        message = f"`{field.name}` is {page_state} on the page, {spec_state} in {place.owner.name}"
        edit = f"take `{field.name}` out of `required`" if place.required else f"require `{field.name}`"
        spot = Spot(place.node, place.owner.spot("required").line)
        reported |= case.tally.differ("required", mark.line, spot, message, edit)


def _compare_types(case: PageCase, field: Field, places: list[SpecPlace]) -> None:
    page_types = field.types
    if page_types is None:
        return
    case.tally.count()
    page_text = _type_names(page_types.value)
    differing = []
    for place in places:
        spec_types = place.node.types
        if place.role == "credential" or not spec_types or _takes_types(place, page_types.value):
            case.tally.agree("type", page_types.line, place.node)
        else:
            message = f"`{field.name}` is {page_text} on the page, {_type_names(spec_types)} in the spec"
            edit = (
                "say it with a `pattern`" if place.role in ("path", "query", "header") else f"say `type: {page_text}`"
            )
            differing.append((place.node, message, edit))
    _report_once(case, "type", page_types.line, differing, "type")


def _takes_types(place: SpecPlace, page_types: frozenset[str]) -> bool:
    """True if the spec has the types of the page; in an answer it may take more, in a URL a pattern says it."""
    node, in_url = place.node, place.role in ("path", "query", "header")
    if place.role == "response":
        return page_types <= node.types | ({"integer"} if "number" in node.types else set())
    return node.types == page_types or (in_url and bool({"pattern", "enum"} & node.keywords.keys()))


def _compare_format(case: PageCase, fields: Fields, field: Field, places: list[SpecPlace]) -> None:
    page_format = field.format.value if field.format else None
    case.tally.count(1 if page_format else 0)
    line = field.format.line if field.format else field.line
    edit = f"say `format: {page_format}` and a pattern for it" if page_format else "take `format` out"
    differing = []
    for place in places:
        spec_format = place.node.keywords.get("format")
        if page_format == spec_format or (place.role == "response" and spec_format is None):
            case.tally.agree("format", line, place.node)
        elif page_format or (fields.exact and place.node.paged):
            on_page, in_spec = _describe_keyword("format", page_format), _describe_keyword("format", spec_format)
            message = f"`{field.name}` has {on_page} on the page, {in_spec} in the spec"
            differing.append((place.node, message, edit))
    _report_once(case, "format", line, differing, "format")


def _compare_limits(case: PageCase, fields: Fields, field: Field, places: list[SpecPlace]) -> None:
    """Compare the limits of a field; those of the spec alone only if the notation would state them."""
    limits: dict[str, Any] = {limit.value[0]: limit.value[1] for limit in field.limits}
    line = field.limits[0].line if field.limits else field.line
    case.tally.count(len(limits))
    for keyword in dict.fromkeys([*limits, *(LIMITS if fields.exact else ())]):
        page_limit = limits.get(keyword)
        edit = f"take `{keyword}` out" if page_limit is None else f"say `{keyword}: {page_limit}`"
        differing = []
        for place in places:
            spec_limit = place.node.keywords.get(keyword)
            if page_limit == spec_limit or (place.role == "response" and _is_wider(keyword, spec_limit, page_limit)):
                case.tally.agree("limit", line, place.node)
            elif page_limit is not None or (place.node.paged and spec_limit not in (0, 1)):
                on_page, in_spec = _describe_keyword(keyword, page_limit), _describe_keyword(keyword, spec_limit)
                message = f"`{field.name}` has {on_page} on the page, {in_spec} in the spec"
                differing.append((place.node, message, edit))
        _report_once(case, "limit", line, differing, keyword)


def _is_wider(keyword: str, spec_limit: Any, page_limit: Any) -> bool:
    """True if a limit of the spec takes all that the page's limit takes."""
    if spec_limit is None or page_limit is None:
        return spec_limit is None
    return bool(spec_limit <= page_limit if keyword.lower().find("min") >= 0 else spec_limit >= page_limit)


def _report_once(
    case: PageCase, kind: str, line: int, differing: Iterable[tuple[Node, str, str]], keyword: str = ""
) -> bool:
    """Report one difference for a fact that several places contradict; every marked place is noted."""
    reported = False
    for node, message, edit in differing:
        if node.marks or not reported:
            reported |= case.tally.differ(kind, line, node.spot(keyword), message, edit)
    return reported


def _compare_example(case: PageCase, example: LocatedValue, places: list[SpecPlace]) -> None:
    for place in places:
        if isinstance(example.value, dict | list):
            case.tally.count()
            SampleChecker(example, case.tally, case.mentions, loose=True).check(place.node, example.value)
        else:
            compare_shown(case, place, str(example.value), example.line)


def _find_places_of_field(field: Field, places: list[SpecPlace]) -> list[SpecPlace]:
    """Return the places with a field's name; headers are compared without case."""
    matches = []
    for place in places:
        has_name = place.name == field.name
        if place.role in ("header", "credential"):
            has_name = place.name.casefold() == field.name.casefold()
        if has_name and (not field.scheme or place.node.keywords.get("scheme") == field.scheme):
            matches.append(place)
    return matches


def _find_creation_places(places: list[SpecPlace], owners: Sequence[Route]) -> list[SpecPlace]:
    """Return the places that a mark `required` applies to: request fields, those of a POST if there is one."""
    created_bodies = {owner.body.end for owner in owners if owner.body and owner.operation.method == "POST"}
    bodies = [owner.body for owner in owners if owner.body and owner.body.end in created_bodies]
    nested_pointers = {node.end for body in bodies for _, node in walk_nodes(body)}
    sent = [place for place in places if place.role == "request"]
    created = [place for place in sent if place.owner.end in created_bodies | nested_pointers]
    return (created or sent) + [place for place in places if place.role not in ("request", "response")]


def _find_home(role: str, owners: Sequence[Route]) -> Node | None:
    """Return the object that a new field of a role belongs in; None for a parameter."""
    bodies = [find_wrapped(owner.body) or owner.body for owner in owners if owner.body and role in ("request", "any")]
    successes = [node for owner in owners for node in owner.successes if role in ("response", "any")]
    return next(iter(bodies + [find_wrapped(node) or node for node in successes]), None)


def _type_names(types: Iterable[str]) -> str:
    return " or ".join(sorted(types, key=lambda name: (name == "null", name)))


def _describe_keyword(word: str, value: Any) -> str:
    return f"no {word}" if value is None else f"{word} {value}"
