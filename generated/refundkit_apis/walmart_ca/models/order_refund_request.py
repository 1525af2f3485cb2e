from ..structs import OrderRefundRequest

__all__ = ["OrderRefundRequest"]
