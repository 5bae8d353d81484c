"""Whose matter is whose: the members of a household, now and when something was done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from fivered.chassis.bus import Tx
from fivered.services.steward import storage
from fivered.services.steward.actions import changes
from fivered.services.steward.errors import SelfConfirm


def own(tx: Tx, person_id: str) -> set[str]:
    """Return a person with the members of the household: whose matter is one's own."""
    return storage.people.kin(tx.conn, [person_id])[person_id]


def is_own(tx: Tx, *persons: str | None) -> bool:
    """Tell whether the matter of one of these persons is the caller's own."""
    return bool(own(tx, tx.actor.id) & set(persons))


def require_not_own(tx: Tx, *persons: str, field: str = "") -> None:
    """Refuse who would decide in a matter of their own household.

    Args:
        tx: The transaction.
        persons: Whose matter it is.
        field: Where they were named.

    Raises:
        SelfConfirm: The caller would.
    """
    if is_own(tx, *persons):
        raise SelfConfirm(field=field)


def tied(tx: Tx, person_id: str, others: Collection[str], since: datetime) -> bool:
    """Tell whether a person is one of the others or lives with one of them, or did at an instant.

    Both count: nobody joins a household after the deed, and nobody leaves it, to be a stranger.
    """
    if own(tx, person_id) & set(others):
        return True
    home = _home_at(tx, person_id, since)
    return home is not None and any(home == _home_at(tx, other, since) for other in others)


def _home_at(tx: Tx, person_id: str, at: datetime) -> str | None:
    """Return the household in which a person was registered at an instant."""
    row = storage.people.person(tx.conn, person_id)
    if row is None or row.created_at > at:
        return None
    home: str | None = row.household_id
    for change in storage.people.changes_since(tx.conn, person_id, at):
        if "household_id" in change.fields:
            home = changes.before(tx, change).get("household_id")
    return home
