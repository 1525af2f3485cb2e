from ..structs import Exemption

__all__ = ["Exemption"]
