from ..structs import MiscAttributes

__all__ = ["MiscAttributes"]
