from ..structs import RefundLines

__all__ = ["RefundLines"]
