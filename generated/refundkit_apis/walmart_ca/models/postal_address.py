from ..structs import PostalAddress

__all__ = ["PostalAddress"]
