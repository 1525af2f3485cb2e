from ..structs import ErrorList

__all__ = ["ErrorList"]
