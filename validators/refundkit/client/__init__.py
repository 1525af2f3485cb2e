"""A call that never pays twice: the guard, retries, what is known of a request whose answer was lost."""
