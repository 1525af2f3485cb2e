"""WooCommerce's legacy REST API."""
