"""How names, numbers and texts of people are stored: sealed, and comparable by digest."""

from __future__ import annotations

from typing import cast

from fivered.chassis.bus import Tx
from fivered.chassis.person_keys import vault_in
from fivered.chassis.vault import Vault


def vault(tx: Tx) -> Vault:
    """Return the vault of this service, with the keys of persons."""
    return cast("Vault", vault_in(tx))
