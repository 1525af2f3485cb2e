"""The operations of one tag, one module for each."""
