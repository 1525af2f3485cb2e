"""Typed clients and models, generated from specs/: do not edit."""
