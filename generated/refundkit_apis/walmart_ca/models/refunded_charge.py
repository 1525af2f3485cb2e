from ..structs import RefundedCharge

__all__ = ["RefundedCharge"]
