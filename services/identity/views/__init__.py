"""Views of the identity service."""
