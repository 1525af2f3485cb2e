"""The rules of the older API stand with those of the current one, which replaces it."""

from ..walmart import rules  # noqa: F401 - registers them
