from ..structs import OrderLineStatus

__all__ = ["OrderLineStatus"]
