from ..structs import ShippingLine

__all__ = ["ShippingLine"]
