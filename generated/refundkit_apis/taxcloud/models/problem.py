from ..structs import Problem

__all__ = ["Problem"]
