from ..structs import RefundItem

__all__ = ["RefundItem"]
