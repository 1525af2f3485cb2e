from ..structs import Refund

__all__ = ["Refund"]
