"""A client library for accessing Walmart Canada orders API"""
