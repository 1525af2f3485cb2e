"""A client library for accessing WooCommerce legacy REST API, order refunds"""
