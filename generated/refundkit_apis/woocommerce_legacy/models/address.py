from ..structs import Address

__all__ = ["Address"]
