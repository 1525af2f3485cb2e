"""The operations of this API, a module each."""
