"""Pairs of schemas of two specs -> their changes, in everything that they hold, with the roles of all who use it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from .schema_changes import (
    OTHER_WORDS,
    SchemaChange,
    collapse_branches,
    compare_keywords,
    compare_open_values,
    describe_types,
    match_branches,
    open_values,
    split_parts,
)
from .spec import SCHEMAS, Spec, escape, referenced_name

Uses = frozenset[tuple[str, str]]


class Role(NamedTuple):
    """Whether a schema is sent, whether it is read, and whether that is XML."""

    is_sent: bool = False
    is_read: bool = False
    is_xml: bool = False

    def join(self, role: Role) -> Role:
        """Return the role of a schema that has both."""
        return Role(self.is_sent or role.is_sent, self.is_read or role.is_read, self.is_xml or role.is_xml)


class SchemaPlace(NamedTuple):
    """A schema as it stands in a spec, with its pointer."""

    pointer: str
    schema: dict[str, Any]


class SchemaPair(NamedTuple):
    """The old and the new version of a schema, resolved.

    `name` is what messages call it, `uses` what code does, and `site` where the old one is referred to.
    """

    name: str
    old: SchemaPlace
    new: SchemaPlace
    uses: Uses
    site: str


class PlacedChange(NamedTuple):
    """A change of a schema, with the pair that it is a change of, and the role in which it counts."""

    pair: SchemaPair
    role: Role
    change: SchemaChange

    @property
    def message(self) -> str:
        return f"{self.pair.name}{'' if self.change.message[0] in '.,' else ' '}{self.change.message}"

    @property
    def uses(self) -> Uses:
        """The fields that the change is about, or else what the pair is used as."""
        if not self.change.field:
            return self.pair.uses
        return frozenset((model, self.change.field) for model, field in self.pair.uses if not field)


class SchemaWalk:
    """Compares pairs of schemas, each pair once; `by_old_names`: messages call a component as the old spec does.

    `renamed` holds the components that have another name in the new spec, by their old names; `count` is the number of
    pairs that were compared.
    """

    def __init__(self, old: Spec, new: Spec, *, by_old_names: bool = False) -> None:
        self.old = old
        self.new = new
        self.by_old_names = by_old_names
        self.renamed: dict[str, str] = {}
        self.pending: list[tuple[SchemaPair, Role]] = []
        self.changes: list[PlacedChange] = []
        self.count = 0

    def add(self, name: str, old: SchemaPlace, new: SchemaPlace, uses: Uses, role: Role) -> None:
        """Put two schemas on the list of those to compare, and note where a component stands in place of another."""
        models = referenced_name(old.schema), referenced_name(new.schema)
        if models[0] != models[1]:
            self._note_names(name, (old, new), models, uses)
        if models[0] and (self.by_old_names or models[1] in (models[0], self.renamed.get(models[0]))):
            name = models[0] if self.by_old_names else models[1]
        if models[0]:
            uses = self._uses_of_component(models[0])
        pair = SchemaPair(name, _resolve(self.old, old), _resolve(self.new, new), uses, old.pointer)
        self.pending.append((pair, role))

    def compare(self) -> Iterator[PlacedChange]:
        """Yield the changes of the listed pairs and of all that they hold."""
        visited: dict[tuple[str, str], tuple[SchemaPair, Role]] = {}
        while self.pending:
            pair, role = self.pending.pop(0)
            key = pair.old.pointer, pair.new.pointer
            pair, known_role = visited.get(key, (pair, None))
            if known_role is None or role.join(known_role) != known_role:
                joined = role.join(known_role) if known_role else role
                visited[key] = pair, joined
                self._add_parts(pair, joined)
        self.count = len(visited)
        yield from self.changes
        for pair, role in visited.values():
            for change in self._compare_pair(pair, role):
                yield PlacedChange(pair, role, change)

    def _note_names(
        self, name: str, places: tuple[SchemaPlace, SchemaPlace], models: tuple[str, str], uses: Uses
    ) -> None:
        """Note that a component is called otherwise, or that another one stands in its place."""
        if all(models) and models[0] not in self.new.schemas and models[1] not in self.old.schemas:
            if models[0] in self.renamed:
                return
            self.renamed[models[0]] = models[1]
            change = SchemaChange("", f"is called {models[1]} now")
            places = _resolve(self.old, places[0]), _resolve(self.new, places[1])
            name, uses = models[0], frozenset({(models[0], "")})
        else:
            names = [model or "no type of its own" for model in models]
            change = SchemaChange("$ref", f"is {names[1]}, was {names[0]}")
        self.changes.append(PlacedChange(SchemaPair(name, *places, uses, places[0].pointer), Role(), change))

    def _uses_of_component(self, model: str) -> Uses:
        """Return what code uses of a component of the old spec: its model, or the fields that are such a scalar."""
        if "properties" in self.old.schemas[model]:
            return frozenset({(model, "")})
        return frozenset(
            (owner, field)
            for owner, schema in self.old.schemas.items()
            for field, part in schema.get("properties", {}).items()
            if model in (referenced_name(part), referenced_name(part.get("items", {})))
        )

    def _compare_pair(self, pair: SchemaPair, role: Role) -> Iterator[SchemaChange]:
        old, new = pair.old.schema, pair.new.schema
        if "anyOf" not in old and "anyOf" not in new:
            yield from compare_keywords(old, new, is_xml=role.is_xml and role.is_sent)
            return
        sides = self._branches(self.old, pair.old), self._branches(self.new, pair.new)
        values = [open_values(side) for side in sides]
        if _are_open_lists(*sides):
            before, after = (collapse_branches(side) for side in sides)
            yield from (change for change in compare_keywords(before, after) if change.message != OTHER_WORDS)
            yield from compare_open_values(
                *(opened or side.get("enum", []) for opened, side in zip(values, (before, after), strict=True))
            )
            return
        _, left, right = match_branches(*sides)
        names = [[referenced_name(branch) or describe_types(branch) for branch in side] for side in sides]
        yield from (SchemaChange("anyOf", f"may be {names[0][place]} no more", narrower=True) for place in left)
        yield from (SchemaChange("anyOf", f"may be {names[1][place]} too", wider=True) for place in right)
        if not left and not right and (("anyOf" in old) != ("anyOf" in new) or names[0] != names[1]):
            yield SchemaChange("anyOf", OTHER_WORDS)

    def _add_parts(self, pair: SchemaPair, role: Role) -> None:
        """List the branches, properties and items of a pair."""
        if "anyOf" in pair.old.schema or "anyOf" in pair.new.schema:
            sides = self._branches(self.old, pair.old), self._branches(self.new, pair.new)
            for before, after in [] if _are_open_lists(*sides) else match_branches(*sides)[0]:
                places = _branch_place(pair.old, sides[0], before), _branch_place(pair.new, sides[1], after)
                self.add(pair.name, *places, pair.uses, role)
            return
        for part in split_parts(pair.old.schema, pair.new.schema):
            name = f"{pair.name}.{part.field}" if part.field else f"an entry of {pair.name}"
            fields = frozenset((model, part.field) for model, field in pair.uses if not field)
            places = (
                SchemaPlace(f"{pair.old.pointer}{part.pointer}", part.old),
                SchemaPlace(f"{pair.new.pointer}{part.pointer}", part.new),
            )
            self.add(name, *places, fields if part.field else pair.uses, role)

    def _branches(self, spec: Spec, place: SchemaPlace) -> list[dict[str, Any]]:
        """Return the branches of a schema, resolved; one without, but with several types, has a branch for each."""
        types = place.schema.get("type")
        split = [{**place.schema, "type": kind} for kind in types] if isinstance(types, list) else [place.schema]
        return [{**branch, **spec.resolve(branch)} for branch in place.schema.get("anyOf", split)]


def _are_open_lists(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
    """True if one side is an open list of values, and the other one too or a single schema."""
    values = open_values(old), open_values(new)
    return any(side is not None for side in values) and all(
        opened is not None or len(side) == 1 for opened, side in zip(values, (old, new), strict=True)
    )


def _branch_place(place: SchemaPlace, branches: list[dict[str, Any]], index: int) -> SchemaPlace:
    branch = branches[index]
    pointer = f"{place.pointer}/anyOf/{index}" if "anyOf" in place.schema else place.pointer
    return SchemaPlace(pointer, {"$ref": branch["$ref"]} if "$ref" in branch else branch)


def _resolve(spec: Spec, place: SchemaPlace) -> SchemaPlace:
    model = referenced_name(place.schema)
    pointer = f"/{SCHEMAS.removeprefix('#/')}{escape(model)}" if model else place.pointer
    return SchemaPlace(pointer, spec.resolve(place.schema))
