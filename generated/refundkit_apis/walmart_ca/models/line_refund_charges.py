from ..structs import LineRefundCharges

__all__ = ["LineRefundCharges"]
