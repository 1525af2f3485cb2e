"""A client library for accessing TaxCloud API"""
