from ..structs import RefundTax

__all__ = ["RefundTax"]
