from ..structs import OrderLine

__all__ = ["OrderLine"]
