from ..structs import Charges

__all__ = ["Charges"]
