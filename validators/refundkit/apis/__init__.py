"""The APIs, one folder each: the protocol of a folder, and the functions that load its modules.

To add an API, write `specs/<api>.yaml` and run `python -m codegen generate`. It can then be checked and called, and its
test server answers with the examples of the spec. Its folder holds what the spec cannot say; every file is optional:

    ledger.py    MODEL, an instance of ledger.OrderModel: turns orders, earlier refunds and requests into a ledger;
                 OTHER_MODELS, those of operations with another context, which their traits name
    rules.py     the rules of this API alone; importing the module registers them
    auth.py      the credentials of the API, each a subclass of httpx.Auth
    screen.py    SCREENS, by an operation's short name: which requests the proof takes as fine (see refundkit/screen.py)
    server.py    the test server: the functions that ServerModule in shared/serving.py describes
    orders.json  the orders that the test server starts with, each a response of the operation that reads an order
    outcome.py   is_paid and find_contradiction, which client/outcome.py describes
    wire.py      spellings(request) yields each (method, url) that a server may take a request for

An API that replaces another of the same vendor holds what both share, and the older one imports it. Only auth.py,
connect.py and testing/ of the package name APIs, so that type checkers know the public functions.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from ..ledger import OrderModel


@cache
def find_module(api: str, name: str) -> ModuleType | None:
    """Import a module of an API's folder, such as `find_module("taxcloud", "rules")`; None if there is none."""
    folder = f"{__name__}.{api}"
    if find_spec(folder) is None or find_spec(f"{folder}.{name}") is None:
        return None
    return import_module(f"{folder}.{name}")


def order_models(api: str) -> tuple[OrderModel, ...]:
    """Return the API's order models, the most common first; the default one if its folder has no ledger.py."""
    ledger = find_module(api, "ledger")
    return (_DEFAULT,) if ledger is None else (ledger.MODEL, *getattr(ledger, "OTHER_MODELS", ()))


def order_model(name: str) -> OrderModel:
    """Return the order model of an API, or of one of its operations by its full name."""
    api, _, operation = name.partition(".")
    models = order_models(api)
    return next((model for model in models if operation in model.traits), models[0])


def traits(operation: str) -> frozenset[str]:
    """Return the traits of an operation that shared rules select by: `charges`, `lines`, `pieces` and so on."""
    return order_model(operation).traits.get(operation.partition(".")[2], frozenset())


_DEFAULT = OrderModel()
