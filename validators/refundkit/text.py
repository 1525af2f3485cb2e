"""Text of messages: masked numbers, suggestions, formatted values; and JSON pointers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import AnyStr

import msgspec

BOM = "\ufeff"
"""The byte order mark as a character."""

# Longer names are slow to compare, and no person mistypes them.
_LONGEST_NAME = 80
_BOM_BYTES = BOM.encode()
# A longer word of a message, such as an amount of a million digits, is cut; and so is a longer message.
_LONG_WORD = re.compile(r"\S{200,}")
_LONGEST_MESSAGE = 2_000
# 14 to 19 digits with a card network's first digits; the check digit decides. Decimals are no card: one does not begin
# after a digit or a point, but for that of an abbreviation. Both patterns look back from their first character, so that
# the search goes from one such character to the next.
_CARD = re.compile(
    r"[2-6](?:(?<![0-9.].)|(?<=[A-Za-z]\..))(?:(?<=[46])|(?<=5)[1-5]|(?<=2)[2-7]|(?<=3)[0-9])"
    r"(?:[ -]?[0-9]){12,18}(?![0-9])"
)
_IBAN = re.compile(r"[A-Z](?<![A-Z0-9].)[A-Z][0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Z0-9])")


def without_bom(text: AnyStr) -> AnyStr:
    """Remove the byte order mark of a text or of its UTF-8 bytes."""
    return text.removeprefix(_BOM_BYTES) if isinstance(text, bytes) else text.removeprefix(BOM)


# Masking.


def mask_numbers(text: str) -> str:
    """Mask card numbers and IBANs except for the last four characters."""
    return _IBAN.sub(_mask_iban, _CARD.sub(_mask_card, text))


def _mask_card(match: re.Match[str]) -> str:
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    doubled = [digit if index % 2 else sum(divmod(2 * digit, 10)) for index, digit in enumerate(digits[-2::-1])]
    is_luhn = (sum(doubled) + digits[-1]) % 10 == 0
    return _mask_start(match[0]) if is_luhn and 14 <= len(digits) <= 19 else match[0]


def _mask_iban(match: re.Match[str]) -> str:
    plain = match[0].replace(" ", "")
    number = "".join(str(int(character, 36)) for character in plain[4:] + plain[:4])
    return _mask_start(match[0]) if int(number) % 97 == 1 else match[0]


def _mask_start(text: str) -> str:
    return "*" * (len(text) - 4) + text[-4:]


# Messages.


def suggest_name(wrong: str, names: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` with the nearest name, or ""."""
    return "" if len(wrong) > _LONGEST_NAME else _suggest_nearest(wrong, tuple(names))


# Cached: a mistyped name is often in every payload, and a search among many names is slow.
@lru_cache(maxsize=1024)
def _suggest_nearest(wrong: str, names: tuple[str, ...]) -> str:
    from difflib import get_close_matches

    nearest = get_close_matches(wrong, names, n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def quote_text(text: str) -> str:
    """Format text of a document for a message: in quotes, short, printable."""
    short = text if len(text) <= 40 else text[:39] + "…"
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in short) + '"'


def format_value(value: object) -> str:
    """Format a value for a message: short, masked, as JSON writes it."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    # Mask first: a card number that is cut in half would not be recognized.
    text = mask_numbers(msgspec.json.encode(value).decode() if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else f"{text[:57]}..."


def shorten(text: str) -> str:
    """Mask a message, and cut what is long in it."""
    # Mask first: a card number that is cut in half would not be recognized.
    short = _LONG_WORD.sub(lambda match: f"{match[0][:57]}...", mask_numbers(text))
    return short if len(short) <= _LONGEST_MESSAGE else f"{short[: _LONGEST_MESSAGE - 3]}..."


# JSON pointers (RFC 6901).


def escape_token(key: str) -> str:
    """Escape a key or an index as a token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def pointer_of(path: Iterable[str]) -> str:
    """Return the JSON pointer of a path of keys and indexes."""
    return "".join(["/" + escape_token(token) for token in path])


def path_of(pointer: str) -> list[str] | None:
    """Return the keys and indexes of a JSON pointer; None if the text is no pointer."""
    if not pointer:
        return []
    if pointer[0] != "/":
        return None
    path = pointer[1:].split("/")
    return [token.replace("~1", "/").replace("~0", "~") for token in path] if "~" in pointer else path


def make_printable(text: str) -> str:
    """Escape every control character, so that no value forges a line, a colour or an annotation."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def count_nouns(count: int, noun: str) -> str:
    """Return a number and its noun, such as 1 error or 2 errors."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
