from ..structs import Charge

__all__ = ["Charge"]
