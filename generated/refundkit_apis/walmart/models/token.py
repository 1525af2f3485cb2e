from ..structs import Token

__all__ = ["Token"]
