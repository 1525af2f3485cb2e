from ..structs import RefundCharges

__all__ = ["RefundCharges"]
