from ..structs import Item

__all__ = ["Item"]
