"""A service for the chassis's own tests: a counter that may be told to fail."""
