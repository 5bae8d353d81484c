"""Tables and the only SQL of the partner service."""

from services.partner.storage.tables import chassis, metadata

__all__ = ["chassis", "metadata"]
