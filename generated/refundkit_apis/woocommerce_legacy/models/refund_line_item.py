from ..structs import RefundLineItem

__all__ = ["RefundLineItem"]
