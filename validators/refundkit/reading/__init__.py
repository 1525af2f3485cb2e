"""Bytes to an exact value, with what is wrong with them (RF001, RF002, RF004) and where everything stands.

This is the slow and exact reading. It runs for documents that a typed decode refused or doubted, or that have a
finding. Import from the modules: each format costs its own imports, and a start needs none of them.
"""
