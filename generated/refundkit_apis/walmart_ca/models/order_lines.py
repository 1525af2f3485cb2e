from ..structs import OrderLines

__all__ = ["OrderLines"]
