from ..structs import DeletedResponse

__all__ = ["DeletedResponse"]
