"""Sample calls and JSON samples: in blocks of code, and in plain text, where code is not marked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from . import samples
from .addresses import join_text
from .blocks import Block, Page
from .kinds import Fact, Sample, SampleCall, SectionCall, UnreadableSample

SHELL = {"shell", "bash", "sh", "console", "curl", "zsh", "shell-session"}
PYTHON = {"python", "py", "python3"}
# Languages whose samples are not read: the same calls stand beside them in one that is.
UNREAD_LANGUAGES = {
    *("javascript", "js", "jsx", "typescript", "ts", "node", "php", "ruby", "rb", "java", "kotlin", "swift", "go"),
    *("csharp", "cs", "c", "cpp", "rust", "perl", "r", "xml", "html", "css", "yaml", "http", "graphql", "powershell"),
}
SAMPLE_ROLES = (
    (r"\berrors?\b", "error"),
    (r"\b(responses?|returns?|answers?)\b", "response"),
    (r"\b(requests?|body|payload)\b", "request"),
)


def read_code(page: Page, index: int, role: str) -> Iterator[Fact]:
    """Yield the calls and samples of a section, and a note for each sample that cannot be read."""
    section = page.sections[index]
    if page.plain:
        text = join_text(section, {"text", "item"})
        statements = (call for call in samples.statements(text, section.line) if not call.unreadable)
        calls = [*samples.commands(text, section.line), *statements]
        yield from _keep_calls(index, calls)
        if role in ("request", "response") and not calls:
            yield from _read_sample(index, role, text, section.line)
        return
    for number, block in enumerate(section.blocks):
        language = _find_language(block) if block.kind == "code" else ""
        if language in SHELL:
            yield from _keep_calls(index, samples.commands(block.text, block.line))
        elif language in PYTHON:
            yield from _keep_calls(index, samples.statements(block.text, block.line))
        elif language == "json":
            sample_role = _role_of_sample(section.blocks[:number], role)
            yield from _read_sample(index, sample_role, block.text, block.line)


def _keep_calls(index: int, calls: Iterable[SampleCall]) -> Iterator[Fact]:
    for call in calls:
        if call.url or call.arguments:
            yield SectionCall(index, call)
        if call.unreadable:
            yield UnreadableSample(index, call.unreadable.line, call.unreadable.value)


def _read_sample(index: int, role: str, text: str, line: int) -> Iterator[Fact]:
    try:
        value = samples.leading(text, line)
    except samples.SampleError as error:
        yield UnreadableSample(index, error.line, str(error))
    else:
        if value and not (isinstance(value.value, dict) and "openapi" in value.value):  # that is no sample of a body
            yield Sample(index, role, value)


def _find_language(block: Block) -> str:
    """Return the language of a block of code, guessed if it names no known one."""
    if block.language in SHELL | PYTHON | UNREAD_LANGUAGES | {"json"}:
        return block.language
    if samples.CURL.search(block.text):
        return "shell"
    if block.text.lstrip()[:1] in ("{", "["):
        return "json"
    return "python" if re.search(r"^\s*(?:import|from) \w+|\brequests\.", block.text, re.MULTILINE) else ""


def _role_of_sample(before: tuple[Block, ...], role: str) -> str:
    """Return whether a sample is request, response or error, by the words above it, else by the section's title."""
    above = next((block.text for block in reversed(before) if block.kind != "code"), "").rpartition("\n")[2]
    role_of_title = {"status": "error"}.get(role, role if role in ("request", "response") else "")
    return next((name for words, name in SAMPLE_ROLES if re.search(words, above, re.IGNORECASE)), role_of_title)
