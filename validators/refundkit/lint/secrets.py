"""Masking of credentials in the lines of a file that are shown."""

from __future__ import annotations

import re
from functools import cache

from ..text import mask_numbers

CREDENTIALS = frozenset(
    "authorization proxy-authorization cookie x-api-key wm_sec.access_token wm_sec.auth_signature wm_consumer.id"
    " consumer_key consumer_secret oauth_consumer_key oauth_token oauth_signature".split()
)
"""Names of headers and query keys whose values are secrets, in lower case."""


def mask_secrets(text: str) -> str:
    """Mask card numbers, IBANs and the values of credentials; the length stays."""
    user, credential = _credential_patterns()
    masked = mask_numbers(text)
    if "://" in masked:
        masked = user.sub(_mask_group, masked)
    lower = masked.lower()
    # The search is slow, and most lines name no credential.
    return credential.sub(_mask_group, masked) if any(name in lower for name in CREDENTIALS) else masked


@cache
def _credential_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of a URL's user and of a named credential; made on first use."""
    names = "|".join(map(re.escape, sorted(CREDENTIALS)))
    # The name with its value as JSON, YAML and a URL write it, also in a text that cannot be read.
    value = r"""(?:"((?:[^"\\]|\\.)*)|'([^']*)|([^&,}\]"'\r\n]+))"""
    credential = rf"""(?:{names})[ \t]*["']?[ \t]*[:=][ \t]*\[?[ \t]*{value}"""
    return re.compile(r"""(?<=://)([^/@\s"']+)(?=@)"""), re.compile(credential, re.IGNORECASE)


def _mask_group(match: re.Match[str]) -> str:
    """Mask the group that matched; the text around it stays."""
    start, end = (position - match.start() for position in match.span(match.lastindex or 0))
    return f"{match[0][:start]}{'*' * (end - start)}{match[0][end:]}"
