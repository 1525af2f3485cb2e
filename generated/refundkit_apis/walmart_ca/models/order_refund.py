from ..structs import OrderRefund

__all__ = ["OrderRefund"]
