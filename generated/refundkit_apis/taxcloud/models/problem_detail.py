from ..structs import ProblemDetail

__all__ = ["ProblemDetail"]
