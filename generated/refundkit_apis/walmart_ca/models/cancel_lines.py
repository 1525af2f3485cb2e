from ..structs import CancelLines

__all__ = ["CancelLines"]
