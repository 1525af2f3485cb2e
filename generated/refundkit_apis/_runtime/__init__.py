"""What the generated packages share: exact numbers, the codec, the client and its errors."""
