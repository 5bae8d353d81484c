"""The tables and the only SQL of the steward service."""

from chassis.vault import Vault
from services.steward.storage import (
    calendar,
    cases,
    ground,
    missed,
    months,
    parties,
    people,
    posts,
    records,
    retention,
)
from services.steward.storage.sealed import vault
from services.steward.storage.tables import metadata

__all__ = [
    "Vault",
    "calendar",
    "cases",
    "ground",
    "metadata",
    "missed",
    "months",
    "parties",
    "people",
    "posts",
    "records",
    "retention",
    "vault",
]
