from ..structs import LineItem

__all__ = ["LineItem"]
