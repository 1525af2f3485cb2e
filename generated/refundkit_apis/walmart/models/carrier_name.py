from ..structs import CarrierName

__all__ = ["CarrierName"]
