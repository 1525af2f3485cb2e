"""The credentials of the legacy API, which are those of the current one."""

from ..woocommerce.auth import WooCommerceBasic, WooCommerceOAuth
from ..woocommerce.auth import woocommerce as woocommerce_legacy

__all__ = ["WooCommerceBasic", "WooCommerceOAuth", "woocommerce_legacy"]
