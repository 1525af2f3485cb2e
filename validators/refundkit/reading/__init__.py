"""Reads bytes to a Document: its exact value, its problems (RF001, RF002, RF004), and the place of each part.

This reading is slow and exact. It runs for documents that a typed decode refused or could not prove right, and for
those with a finding. Import from the modules: each format has its own imports, and a start needs none of them.
"""
