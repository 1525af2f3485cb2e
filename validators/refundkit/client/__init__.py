"""Calls that never pay twice: the guard, retries and unknown outcomes."""
