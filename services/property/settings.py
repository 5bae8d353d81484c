"""What the property service reads from its environment: nothing of its own."""

from __future__ import annotations

from fivered.chassis.settings import NoSettings as Settings

__all__ = ["Settings"]
