"""What one person of a district proposes and another one decides: budgets and consent notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fivered.chassis.records import Row
from fivered.chassis.refusal import NotFound, RoleDenied, StateConflict
from fivered.services.credit.actions import ledger
from fivered.services.credit.errors import SameAsProposer, TextTooShort

if TYPE_CHECKING:
    from fivered.chassis.bus import Tx

LEAST_REASON = 5


def district_of(tx: Tx) -> str:
    """Return the caller's district.

    Raises:
        RoleDenied: The caller acts for a part of it.
    """
    if len(tx.actor.scope) != len(ledger.DISTRICT_DEFAULT):
        raise RoleDenied(role=tx.actor.role, area=tx.actor.scope)
    return tx.actor.scope


def proposed(tx: Tx, kind: str, thing_id: str, row: Row | None) -> Row:
    """Return what the caller may decide.

    Args:
        tx: The transaction.
        kind: What it is, as a refusal names it.
        thing_id: Its id.
        row: The row of that id, locked, or None.

    Raises:
        RoleDenied: The caller acts for a part of the district.
        NotFound: There is no such thing in the caller's district.
        StateConflict: It is decided.
        SameAsProposer: The caller proposed it.
    """
    district = district_of(tx)
    if row is None or row.area != district:
        raise NotFound(kind=kind, id=thing_id)
    tx.check_version(row.version)
    if row.state != "PROPOSED":
        raise StateConflict(state=row.state)
    if row.proposed_by == tx.actor.id:
        raise SameAsProposer
    return row


def decision(tx: Tx, state: str, reason: str | None = None) -> dict[str, object]:
    """Return the columns of what the caller decides.

    Raises:
        TextTooShort: A reason is given that says nothing.
    """
    if reason is not None and len(reason := reason.strip()) < LEAST_REASON:
        raise TextTooShort(field="reason", least=LEAST_REASON)
    return {"state": state, "decided_by": tx.actor.id, "decided_at": tx.now, "reason": reason}
