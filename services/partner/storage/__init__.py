"""Tables and the only SQL of the partner service."""

from fivered.services.partner.storage.tables import chassis, metadata

__all__ = ["chassis", "metadata"]
