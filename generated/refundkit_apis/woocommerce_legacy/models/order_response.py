from ..structs import OrderResponse

__all__ = ["OrderResponse"]
