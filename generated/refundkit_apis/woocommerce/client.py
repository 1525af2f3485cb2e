from .._runtime.client import Client, Request, Response, send, send_async

__all__ = ["Client", "Request", "Response", "send", "send_async"]
