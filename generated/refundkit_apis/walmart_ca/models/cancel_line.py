from ..structs import CancelLine

__all__ = ["CancelLine"]
