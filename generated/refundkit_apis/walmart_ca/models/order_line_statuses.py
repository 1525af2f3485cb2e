from ..structs import OrderLineStatuses

__all__ = ["OrderLineStatuses"]
