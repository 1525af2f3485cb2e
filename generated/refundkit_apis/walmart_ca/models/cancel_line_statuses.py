from ..structs import CancelLineStatuses

__all__ = ["CancelLineStatuses"]
