"""A client library for accessing Walmart Marketplace API"""
