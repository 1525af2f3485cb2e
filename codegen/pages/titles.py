"""The titles of a page's sections -> where the fields below them belong, and of what they are fields."""

from __future__ import annotations

import re

from .blocks import Page, Section
from .fields import words

# The role of a section's fields by its title: that of the first pattern found in it. A title with other words has none.
ROLES = (
    (r"response headers?", "none"),
    (r"\brequest param", "parameters"),
    (r"\bpath\b", "path"),
    (r"\bquery\b", "query"),
    (r"\bheaders?\b", "header"),
    (r"\b(authentication|authorization|security|credentials)\b", "credential"),
    (r"\b(errors?|status(es)?)\b", "status"),
    (r"\b(responses?|returns|results?|output|answers?)\b", "response"),
    (r"\b(requests?|body|payload)\b", "request"),
    (r"\b(param(?:eter)?s?|arguments?|options)\b", "parameters"),
    (r"\b(properties|attributes|fields)\b", "any"),
)
ROLE_WORD = re.compile(
    r"(?:path|query|headers?|authentication|authorization|security|credentials|errors?|status(?:es)?|responses?|returns"
    r"|results?|output|answers?|requests?|body|payload|param(?:eter)?s?|arguments?|options|properties|attributes|fields"
    r"|and|codes?|http|json|application|url|uri|schema|object|samples?|examples?|required|optional|success(?:ful)?|the"
    r"|[0-9]+)\Z"
)
LIST_TITLE = re.compile(r".*\b(param(?:eter)?s|arguments|properties|attributes|fields)\Z", re.IGNORECASE)
SUBJECT = re.compile(r"(?:.* [-\u2013\u2014/] )?(.+) (?:properties|attributes|fields)\Z", re.IGNORECASE)


def role_of(page: Page, index: int) -> str:
    """Return the role that the section's title, or else the nearest title above it, gives to its content."""
    return next((role for section in page.above(index) if (role := _role_of_title(section.title))), "")


def subject_of(section: Section) -> frozenset[str]:
    """Return the words of a title such as `Order - Line Items Properties` that name the object: line, item."""
    match = SUBJECT.match(section.title)
    return words(match[1]) if match else frozenset()


def _role_of_title(title: str) -> str:
    has_only_role_words = all(ROLE_WORD.match(word) for word in re.findall(r"\w+", title.lower()))
    list_title = LIST_TITLE.match(title.rstrip(": "))
    role_text = title if has_only_role_words else list_title[1] if list_title else ""
    return next((role for pattern, role in ROLES if re.search(pattern, role_text, re.IGNORECASE)), "")
