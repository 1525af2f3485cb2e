from ..structs import LineRefund

__all__ = ["LineRefund"]
