"""WooCommerce's REST API, wc/v3."""
