from ..structs import TaxLine

__all__ = ["TaxLine"]
