"""The runtime of the generated packages: numbers, codec, client, errors."""
