from msgspec import UNSET, UnsetType

__all__ = ["UNSET", "UnsetType"]
