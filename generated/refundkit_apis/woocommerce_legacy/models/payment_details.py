from ..structs import PaymentDetails

__all__ = ["PaymentDetails"]
