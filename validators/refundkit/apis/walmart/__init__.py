"""Walmart's Marketplace API, US and Canada."""
