from ..structs import RefundTaxMoney

__all__ = ["RefundTaxMoney"]
