from ..structs import FeeLine

__all__ = ["FeeLine"]
