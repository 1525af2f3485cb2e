from ..structs import CouponLine

__all__ = ["CouponLine"]
