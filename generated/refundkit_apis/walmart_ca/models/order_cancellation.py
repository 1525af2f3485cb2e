from ..structs import OrderCancellation

__all__ = ["OrderCancellation"]
