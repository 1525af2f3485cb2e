from ..structs import MiscAttribute

__all__ = ["MiscAttribute"]
