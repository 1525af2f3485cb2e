from ..structs import RefundedItem

__all__ = ["RefundedItem"]
