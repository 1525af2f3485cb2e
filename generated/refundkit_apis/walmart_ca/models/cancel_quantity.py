from ..structs import CancelQuantity

__all__ = ["CancelQuantity"]
