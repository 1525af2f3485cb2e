from ..structs import TrackingInfo

__all__ = ["TrackingInfo"]
