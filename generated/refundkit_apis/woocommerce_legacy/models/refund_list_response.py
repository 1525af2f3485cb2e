from ..structs import RefundListResponse

__all__ = ["RefundListResponse"]
