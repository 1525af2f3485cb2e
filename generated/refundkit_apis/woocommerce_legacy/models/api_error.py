from ..structs import ApiError

__all__ = ["ApiError"]
