"""The answers of the older API prove what those of the current one do."""

from ..walmart.outcome import find_contradiction, is_refusal

__all__ = ["find_contradiction", "is_refusal"]
