from ..structs import RefundLine

__all__ = ["RefundLine"]
