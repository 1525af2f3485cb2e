from ..structs import GatewayError

__all__ = ["GatewayError"]
