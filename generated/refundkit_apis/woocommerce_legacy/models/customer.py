from ..structs import Customer

__all__ = ["Customer"]
