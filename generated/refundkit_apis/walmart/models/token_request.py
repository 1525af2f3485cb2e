from ..structs import TokenRequest

__all__ = ["TokenRequest"]
