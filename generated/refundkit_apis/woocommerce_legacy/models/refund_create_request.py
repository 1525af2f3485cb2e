from ..structs import RefundCreateRequest

__all__ = ["RefundCreateRequest"]
