"""Rules of the identity service."""
