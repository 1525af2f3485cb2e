"""The audit of a history: every refund of it held against its order and the refunds before it."""
