from ..structs import RefundResponse

__all__ = ["RefundResponse"]
