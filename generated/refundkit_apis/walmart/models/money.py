from ..structs import Money

__all__ = ["Money"]
