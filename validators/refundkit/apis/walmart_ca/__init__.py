"""Walmart's older Canadian orders API."""
