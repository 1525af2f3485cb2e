from ..structs import Order

__all__ = ["Order"]
