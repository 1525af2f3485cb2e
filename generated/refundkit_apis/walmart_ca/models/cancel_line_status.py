from ..structs import CancelLineStatus

__all__ = ["CancelLineStatus"]
