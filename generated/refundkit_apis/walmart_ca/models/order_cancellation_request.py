from ..structs import OrderCancellationRequest

__all__ = ["OrderCancellationRequest"]
