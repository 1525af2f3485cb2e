from ..structs import RefundMoney

__all__ = ["RefundMoney"]
