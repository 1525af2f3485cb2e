"""Code that the folders of several APIs share: credentials and the test server."""
