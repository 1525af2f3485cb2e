from ..structs import RefundUpdate

__all__ = ["RefundUpdate"]
