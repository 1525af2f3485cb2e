from ..structs import Tax

__all__ = ["Tax"]
