from ..structs import RefundUpdateRequest

__all__ = ["RefundUpdateRequest"]
