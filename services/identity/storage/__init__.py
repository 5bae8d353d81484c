"""Tables and the only SQL of the identity service."""

from fivered.services.identity.storage.tables import chassis, metadata

__all__ = ["chassis", "metadata"]
