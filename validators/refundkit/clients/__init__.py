"""What `with refundkit.connect.…` gives: a class for each API, sync and async, and the connection they stand on."""
