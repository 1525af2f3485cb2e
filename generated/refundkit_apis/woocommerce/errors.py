from .._runtime.errors import DecodeError, RefundError, StatusError, TimedOut, TransportError

__all__ = ["DecodeError", "RefundError", "StatusError", "TimedOut", "TransportError"]
