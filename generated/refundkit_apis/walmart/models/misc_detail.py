from ..structs import MiscDetail

__all__ = ["MiscDetail"]
