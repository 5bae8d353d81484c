"""The tables and the only SQL of the steward service."""

from fivered.chassis.person_keys import vault_of as vault
from fivered.chassis.vault import Vault
from fivered.services.steward.storage import (
    calendar,
    cases,
    codes,
    corrections,
    desk,
    erasures,
    finding,
    ground,
    incidents,
    missed,
    months,
    opened,
    parties,
    people,
    personal,
    places,
    posts,
    records,
    retention,
    rota,
)
from fivered.services.steward.storage.tables import metadata

__all__ = [
    "Vault",
    "calendar",
    "cases",
    "codes",
    "corrections",
    "desk",
    "erasures",
    "finding",
    "ground",
    "incidents",
    "metadata",
    "missed",
    "months",
    "opened",
    "parties",
    "people",
    "personal",
    "places",
    "posts",
    "records",
    "retention",
    "rota",
    "vault",
]
