from ..structs import Currency

__all__ = ["Currency"]
