"""The words of a page about one field -> its types, format, limits and values."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..lint import BOUNDS
from ..spec import snake
from .kinds import PageValue

TYPES = {
    **dict.fromkeys(("string", "strings", "str", "text", "enum"), "string"),
    **dict.fromkeys(("integer", "integers", "int", "int32", "int64", "long"), "integer"),
    **dict.fromkeys(("number", "numbers", "decimal", "float", "double"), "number"),
    **dict.fromkeys(("boolean", "booleans", "bool"), "boolean"),
    **dict.fromkeys(("array", "list", "arrays"), "array"),
    **dict.fromkeys(("object", "objects", "map", "dict", "hash"), "object"),
    **dict.fromkeys(("null", "none", "nil"), "null"),
}
FORMATS = {"datetime": "date-time", **{name: name for name in ("date-time", "date", "uuid", "uri", "email")}}
MODEL = re.compile(r"[A-Z][a-z]+\w*\Z")

# Words that state limits: each group is the number of one keyword, and a single group that of all of them.
NUMBER = r"(-?[\d.]*\d)(?![\d.]| ?(?:char|item))"
LIMITS = (
    (r"(\d+)\s*(?:-|to)\s*(\d+) characters", ("minLength", "maxLength")),
    (r"(?:(?<![<>])=|exactly)\s*(\d+) characters", ("minLength", "maxLength")),
    (r"(?:>=|at least|min(?:imum)?(?: of)?:?)\s*(\d+) characters", ("minLength",)),
    (r"(\d+) characters or more", ("minLength",)),
    (r"(?:<=|up to|at most|max(?:imum)?(?: of)?:?|no more than)\s*(\d+) characters", ("maxLength",)),
    (r"(\d+) characters (?:or fewer|or less|at most|max)", ("maxLength",)),
    (r"(?:>=|at least)\s*(\d+) items", ("minItems",)),
    (r"(?:<=|up to|at most)\s*(\d+) items", ("maxItems",)),
    (r"\bbetween (-?[\d.]*\d) and (-?[\d.]*\d)", ("minimum", "maximum")),
    (rf"(?:>=|\bminimum(?: of)?:?|\bat least)\s*{NUMBER}", ("minimum",)),
    (rf"(?:<=|\bmaximum(?: of)?:?|\bat most)\s*{NUMBER}", ("maximum",)),
    (rf">\s*{NUMBER}", ("exclusiveMinimum",)),
    (rf"<\s*{NUMBER}", ("exclusiveMaximum",)),
)
VALUES = re.compile(
    r"\b(?:one of|(?:allowed|possible|supported|accepted|valid) (?:values(?: are)?|\w+(?: are)?(?=:))|options"
    r"|enum(?=:))\b:?\s*([^.\n]+)",
    re.IGNORECASE,
)
TOKEN = re.compile(r"[\w.\-]+\Z")


def words(text: str) -> frozenset[str]:
    """Return the words of a title or a name, in the singular, for comparison."""
    parts = re.findall(r"[a-z0-9]+", snake(text).lower())
    return frozenset(part[:-1] if len(part) > 3 and part.endswith("s") else part for part in parts)


def read_types(text: str, line: int) -> tuple[PageValue | None, PageValue | None]:
    """Read the JSON types that a text names (its words if they name none), and a format; a model has no known type."""
    types, form = set(), None
    parts = [part for part in re.split(r"\s+or\s+|\s*\|\s*|,\s*", text.strip()) if part != "undefined"]
    for part in parts:
        match = re.match(r"(?:(list|array|map)\b.*|([\w-]+)\s*(\[\])?\s*(?:[(<]([\w-]+)[)>])?)\Z", part, re.IGNORECASE)
        name = (match[1] or ("array" if match[3] else match[2])).lower() if match else part.lower()
        form = FORMATS.get((match[4].lower() if match and match[4] else "") or name, form)
        types.add("string" if name in FORMATS else TYPES.get(name, "" if MODEL.match(part) else part.lower()))
    if types & {"", "any"}:
        return None, None
    return PageValue(frozenset(types), line), PageValue(form, line) if form else None


def read_limits(text: str, line: int, is_number: bool) -> Iterator[PageValue]:
    """Read the limits that a text states; bounds only for numbers, since a text may mention other numbers."""
    limits: dict[str, PageValue] = {}
    for pattern, keywords in LIMITS:
        match = re.search(pattern, text, re.IGNORECASE)
        for place, keyword in enumerate(keywords if match else (), 1):
            if match and (is_number or keyword not in BOUNDS):
                value = float(match[min(place, match.re.groups)])
                limits.setdefault(keyword, PageValue((keyword, int(value) if value.is_integer() else value), line))
    return iter(limits.values())


def read_inline_values(text: str, line: int) -> Iterator[PageValue]:
    """Yield the values of a text such as `One of A, B or C`."""
    match = VALUES.search(text)
    parts = re.split(r",\s*(?:or\s+|and\s+)?|\s+or\s+|\s+and\s+", match[1].strip()) if match else []
    values = [part.strip("`'\"* ") for part in parts]
    if len(values) > 1 and all(TOKEN.match(value) for value in values):
        yield from (PageValue(value, line) for value in values)
