"""The guard under an httpx client of your own: a refund is checked before it leaves."""

from .client.guard import AsyncGuardTransport, GuardTransport

__all__ = ["AsyncGuardTransport", "GuardTransport"]
