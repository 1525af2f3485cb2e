from ..structs import ShippingInfo

__all__ = ["ShippingInfo"]
