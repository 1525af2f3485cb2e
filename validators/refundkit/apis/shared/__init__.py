"""What the folders of several APIs share beyond the thin layer: credentials, the test server, the ready client."""
