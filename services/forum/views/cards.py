"""What every answer stands on: whose eyes see, and what they see."""

from __future__ import annotations

from dataclasses import dataclass

from fivered.chassis.bus import Tx
from fivered.chassis.records import Row
from fivered.chassis.refusal import RoleDenied
from fivered.services.forum import replies, rules

# Who acts for an area sees persons of it; everybody else sees numbers.
STAFF_ROLES = frozenset(
    {
        *("R_GRID", "R_CADRE", "R_SECRETARY", "R_STREET", "R_STREET_LEAD"),
        *("R_DISTRICT", "R_DISTRICT_LEAD", "R_AUDITOR"),
    }
)


def sees_inside(tx: Tx, area: str) -> bool:
    """Tell whether the caller sees persons: who acts for an area sees those of that area."""
    return tx.actor.role in STAFF_ROLES and tx.actor.covers(area)


def district(tx: Tx) -> str:
    """Return the code of the caller's district."""
    return tx.actor.scope[:6]


def is_near(tx: Tx, area: str) -> bool:
    """Tell whether the caller is of the district: its wall is for its people."""
    return area.startswith(district(tx))


def may_read(tx: Tx, row: Row) -> bool:
    """Tell whether the caller reads a topic's words; what is hidden only staff and who wrote it."""
    own = tx.actor.id in {row.proposer, row.entered_by}
    return own or sees_inside(tx, row.area) or (row.hidden_at is None and is_near(tx, row.area))


def title_of(tx: Tx, row: Row) -> str:
    """Return a topic's title as the caller may see it."""
    shown = row.hidden_at is None or sees_inside(tx, row.area)
    return str(row.title) if shown else rules.HIDDEN


@dataclass(frozen=True, slots=True)
class Whose:
    """Of which area, or else of which person, a list is."""

    scope: str | None
    person_id: str | None


def whose_rows(tx: Tx, scope: str | None, *, mine: bool = False) -> Whose:
    """Return of which area, or else of which person, a list is.

    Raises:
        RoleDenied: The area lies outside the caller's, or the caller acts for none.
    """
    staff = tx.actor.role in STAFF_ROLES and not mine
    if scope is not None:
        if not staff:
            raise RoleDenied(role=tx.actor.role)
        tx.require_scope(scope)
    if staff:
        return Whose(scope or tx.actor.scope, None)
    return Whose(None, tx.actor.id)


def tally_card(tally: Row | None) -> replies.Tally | None:
    """Return the totals of a closed vote. Before the close there are none: no early results."""
    if tally is None or tally.closed_at is None:
        return None
    return replies.Tally.of(tally)
