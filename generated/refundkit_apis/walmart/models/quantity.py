from ..structs import Quantity

__all__ = ["Quantity"]
