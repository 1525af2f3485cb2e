from ..structs import MiscDetails

__all__ = ["MiscDetails"]
