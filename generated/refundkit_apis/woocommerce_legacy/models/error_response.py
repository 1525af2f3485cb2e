from ..structs import ErrorResponse

__all__ = ["ErrorResponse"]
