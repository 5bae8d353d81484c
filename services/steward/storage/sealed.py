"""How names, numbers and texts of people are stored: sealed, and comparable by digest."""

from __future__ import annotations

import functools

from fivered.chassis.vault import Keys, Vault


@functools.cache
def vault(keys: Keys) -> Vault:
    """Return the vault of this service's keys."""
    return Vault("steward", keys)
