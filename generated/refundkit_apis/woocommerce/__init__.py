"""A client library for accessing WooCommerce REST API, order refunds"""
