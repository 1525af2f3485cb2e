from ..structs import Refunds

__all__ = ["Refunds"]
