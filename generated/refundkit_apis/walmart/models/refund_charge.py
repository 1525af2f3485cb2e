from ..structs import RefundCharge

__all__ = ["RefundCharge"]
