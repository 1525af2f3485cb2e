from ..structs import LineRefundCharge

__all__ = ["LineRefundCharge"]
