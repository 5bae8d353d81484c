"""Actions of the identity service."""
