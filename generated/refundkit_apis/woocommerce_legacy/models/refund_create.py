from ..structs import RefundCreate

__all__ = ["RefundCreate"]
