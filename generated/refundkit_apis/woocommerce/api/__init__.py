"""The operations of this API, one module for each."""
