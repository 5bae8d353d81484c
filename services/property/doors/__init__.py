"""Commands and queries, one file per matter; `doors` of each are rows of the way in."""

from fivered.services.property.doors import details, handovers, registers

__all__ = ["details", "handovers", "registers"]
