"""What stands in annotations and constructors: the models of each API, the ready clients, and names.

    from refundkit import models

    def give_back(shop: models.WoocommerceClient, refund: models.woocommerce.RefundCreateRequest) -> None: ...

`models.walmart` and its like hold the models of one API. WalmartClient, AsyncWalmartClient and so on are what `with`
and `async with` give of a connection. Currency and RefundReason are Walmart's; OperationName names any operation.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast, get_args

from refundkit_apis.names import OperationName

from .errors import UsageError
from .operations import APIS
from .text import suggest_name

if TYPE_CHECKING:
    from refundkit_apis.taxcloud import models as taxcloud
    from refundkit_apis.taxcloud.ready import AsyncTaxcloudClient, TaxcloudClient
    from refundkit_apis.walmart import models as walmart
    from refundkit_apis.walmart.models import Currency, RefundReason
    from refundkit_apis.walmart.ready import AsyncWalmartClient, WalmartClient
    from refundkit_apis.walmart_ca import models as walmart_ca
    from refundkit_apis.walmart_ca.ready import AsyncWalmartCaClient, WalmartCaClient
    from refundkit_apis.woocommerce import models as woocommerce
    from refundkit_apis.woocommerce.ready import AsyncWoocommerceClient, WoocommerceClient
    from refundkit_apis.woocommerce_legacy import models as woocommerce_legacy
    from refundkit_apis.woocommerce_legacy.ready import AsyncWoocommerceLegacyClient, WoocommerceLegacyClient

__all__ = [
    "AsyncTaxcloudClient",
    "AsyncWalmartCaClient",
    "AsyncWalmartClient",
    "AsyncWoocommerceClient",
    "AsyncWoocommerceLegacyClient",
    "Currency",
    "OperationName",
    "RefundReason",
    "TaxcloudClient",
    "WalmartCaClient",
    "WalmartClient",
    "WoocommerceClient",
    "WoocommerceLegacyClient",
    "as_currency",
    "as_operation_name",
    "as_refund_reason",
    "taxcloud",
    "walmart",
    "walmart_ca",
    "woocommerce",
    "woocommerce_legacy",
]


def as_currency(text: str) -> Currency:
    """Return a text as the currency code that it is, for a type checker. Raises ValueError for any other."""
    return cast("Currency", _find_word(text, "Currency", "a currency code"))


def as_refund_reason(text: str) -> RefundReason:
    """Return a text as the reason of a Walmart refund that it is. Raises ValueError for an undocumented one."""
    return _find_word(text, "RefundReason", "a documented refund reason")


def as_operation_name(text: str) -> OperationName:
    """Return a text as the name of an operation that it is, for a type checker. Raises ValueError for any other."""
    from . import operations

    return operations.get(text).name


def _find_word(text: str, alias: str, description: str) -> str:
    models = import_module("refundkit_apis.walmart.models")
    words: Any = get_args(getattr(models, alias))
    words = [word for each in words for word in (get_args(each) or [each]) if isinstance(word, str)]
    if text not in words:
        raise UsageError(f"{text!r} is not {description}{suggest_name(str(text), words)}")
    return text


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:
    _CLIENTS = {
        f"{kind}{''.join(map(str.capitalize, api.split('_')))}Client": api for api in APIS for kind in ("", "Async")
    }

    def __getattr__(name: str) -> Any:
        """Import an API's models, or its clients, when they are first asked for."""
        if name in APIS:
            return import_module(f"refundkit_apis.{name}.models")
        if name in _CLIENTS:
            return getattr(import_module(f"refundkit_apis.{_CLIENTS[name]}.ready"), name)
        if name in ("Currency", "RefundReason"):
            return getattr(import_module("refundkit_apis.walmart.models"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{suggest_name(name, __all__)}")
